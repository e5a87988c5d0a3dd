"""Defects that the fingerprint names before any statistics: planted in the code, really trained."""

import pytest
import torch
from test_defects import FEW, TEN, judge, only, train

import ae.training.batches
import ae.training.noise
import ae.training.optimizers
import ae.training.plan
import ae.training.stack
import ae.training.stack_training
import ae.training.trained_run
import ae.training.trainer
from ae.gate.calibration import from_record
from ae.training.batches import Batches
from ae.training.noise import NoiseSource
from ae.training.trainer import Training

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.nightly]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    torch.set_num_threads(1)
    return from_record(train(tmp_path_factory.mktemp("clean"), TEN))


def optimiser(**changes):
    """The optimiser's settings are others than the spec's."""

    def defect(patch):
        true = ae.training.optimizers.build
        patch.setattr(
            ae.training.optimizers,
            "build",
            lambda settings, parameters: true(settings.model_copy(update=changes), parameters),
        )

    return defect


def narrower_layer(patch):
    true = ae.training.plan._arguments

    def narrow(kind, cell, shape):
        found = true(kind, cell, shape)
        hidden = found["hidden"]
        return found | {"hidden": [hidden[0] - 1] if isinstance(hidden, list) else hidden - 1}

    patch.setattr(ae.training.plan, "_arguments", narrow)


def shared(module, purpose):
    """All seeds take this purpose's generator of seed 0."""

    def defect(patch):
        true = module.generator

        def generator(seed, wanted, device="cpu"):
            return true(0 if wanted.startswith(purpose) else seed, wanted, device)

        patch.setattr(module, "generator", generator)

    return defect


def changed_weights(change):
    def defect(patch):
        true = ae.training.stack.seeded

        def seeded(build, seed):
            model = true(build, seed)
            with torch.no_grad():
                change(model, seed)
            return model

        patch.setattr(ae.training.stack, "seeded", seeded)

    return defect


def shared_weights(patch):
    true = ae.training.stack.seeded
    patch.setattr(ae.training.stack, "seeded", lambda build, _: true(build, 0))


def halved(model, _):
    for parameter in model.parameters():
        parameter.mul_(0.5)


def less_corruption(model, _):
    for name, buffer in model.named_buffers():
        if "corruption" in name:
            buffer.fill_(0.4)


def last_batch_lost(patch):
    true = Batches.per_epoch
    patch.setattr(Batches, "per_epoch", lambda self, stage: max(1, true(self, stage) - 1))


def smaller_batches(patch):
    true = Batches.index
    patch.setattr(Batches, "index", lambda self, stage, step: true(self, stage, step)[:, :-1])


def an_epoch_less(patch):
    true = Training.steps_of

    def steps(self, stage):
        return max(1, true(self, stage) - self.batches.per_epoch(stage))

    patch.setattr(Training, "steps_of", steps)


def half_of_the_data(patch):
    true = Batches._ordered
    patch.setattr(Batches, "_ordered", lambda self, stage: true(self, stage) // 2)


def pixels(change):
    def defect(patch):
        true = ae.training.stack_training.Source

        def source(examples, batch, *rest):
            def changed(index):
                found = batch(index)
                return found._replace(x=change(found.x))

            return true(examples, changed, *rest)

        patch.setattr(ae.training.stack_training, "Source", source)

    return defect


def noise(change):
    def defect(patch):
        class Changed(NoiseSource):
            def draw(self, draws, batch):
                return {name: change(x) for name, x in super().draw(draws, batch).items()}

        patch.setattr(ae.training.trainer, "NoiseSource", Changed)

    return defect


def noise_drawn_once(patch):
    class Once(NoiseSource):
        kept = None

        def draw(self, draws, batch):
            self.kept = self.kept or {n: x.clone() for n, x in super().draw(draws, batch).items()}
            return self.kept

    patch.setattr(ae.training.trainer, "NoiseSource", Once)


def frozen(patch):
    true = ae.training.optimizers.trains
    patch.setattr(
        ae.training.optimizers, "trains", lambda step, name: "bias" not in name and true(step, name)
    )


def alike(x):
    """Nine tenths of every seed's noise is the first one's."""
    return 0.9 * x[:1] + 0.1 * x


DEFECTS = {
    "narrower layer": (narrower_layer, "/shape"),
    "weight decay": (optimiser(weight_decay=0.01), "/weight_decay last"),
    "betas": (optimiser(betas=(0.9, 0.99)), "/betas 2 last"),
    "epsilon": (optimiser(eps=1e-6), "/eps first"),
    "learning rate": (optimiser(lr=0.0031), "/lr last"),
    "another optimiser": (optimiser(name="AdamW"), "/class"),
    "biases frozen": (frozen, "/numbers"),
    "noise shared by the seeds": (shared(ae.training.noise, "noise"), "/digest"),
    "order shared by the seeds": (shared(ae.training.batches, "order"), "/digest"),
    "weights shared by the seeds": (shared_weights, "parameters/digest"),
    "evaluation's draws shared": (shared(ae.training.trained_run, "evaluate"), "evaluation/digest"),
    "first weights halved": (changed_weights(halved), "/first/deviation"),
    "less corruption": (changed_weights(less_corruption), "buffer corruption"),
    "last batch lost": (last_batch_lost, "/steps"),
    "smaller batches": (smaller_batches, "/batch/shape"),
    "an epoch less": (an_epoch_less, "/steps"),
    "half of the data": (half_of_the_data, "/distinct"),
    "pixels to 255": (pixels(lambda x: 255 * x), "/batch/mean"),
    "pixels inverted": (pixels(lambda x: 1 - x), "/batch/mean"),
    "noise of half the width": (noise(lambda x: 0.5 * x), "/deviation"),
    "noise nine tenths alike": (noise(alike), "/correlation"),
    "noise drawn once": (noise_drawn_once, "/anew"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_what_is_applied_unlike_is_named(name, baseline, tmp_path, monkeypatch):
    defect, key = DEFECTS[name]
    with monkeypatch.context() as patch:
        defect(patch)
        record = train(tmp_path, FEW)
    rows = [row for row in judge(record, baseline).of("worse") if row.kind == "structure"]
    print(f"{name}: {'; '.join(f'{row.name} {row.note}' for row in rows[:3])}")
    assert [row for row in rows if key in row.what]


def test_other_seeds_and_fewer_of_them_apply_the_same(baseline, tmp_path):
    record = train(tmp_path, tuple(range(12)))
    for first in range(0, 12, 3):
        rows = judge(only(record, tuple(range(first, first + 3))), baseline).rows
        assert not [row for row in rows if row.kind == "structure"]
