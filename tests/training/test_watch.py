"""What is watched while a stage trains: against a plain loop, alone and among others, interrupted."""

import json
import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from zoo import FEATURES, stage

from ae.errors import UserError
from ae.models.base import Autoencoder, Batch, Draw, Objective
from ae.models.denoising import DAE
from ae.spec import Train
from ae.training.batches import Source
from ae.training.cuda_graph import obstacle
from ae.training.held_out import evaluate
from ae.training.stack import Stack, generator
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

EVERY, EPOCHS = 3, 12  # an epoch of 96 images in batches of 32 has three steps


def data(examples=96, seed=9):
    x = torch.rand(examples, FEATURES, generator=torch.Generator().manual_seed(seed))
    y = torch.randint(3, (examples,), generator=torch.Generator().manual_seed(8))
    return Source(examples, lambda index: Batch(x[index], y[index]))


def watch(**keys):
    table = {"split": "valid", "examples": "all", "every": EVERY, "by": "objective"}
    return {"valid": {**table, **keys}}


def keep(patience=None, part="loss", better="lower"):
    patience = {} if patience is None else {"patience": patience}
    return {"watch": "valid", "part": part, "better": better, **patience}


def dae():
    return DAE(FEATURES, hidden=11, corruption=0.25)


class Restless(Autoencoder):
    """A linear autoencoder without noise, whose steps are too long to settle."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(FEATURES, FEATURES)
        self.draws = {}

    def objective(self, batch, noise):
        return Objective(((self.layer(batch.x) - batch.x) ** 2).sum(-1), {})


def adam(rate):
    return {"class": "Adam", "lr": rate}


def trained(build, seeds, **keys):
    """The stack, its progress, and the watched values (evaluation, member)."""
    protocol = stage(epochs=EPOCHS, **keys)
    stack = Stack([build] * len(seeds), seeds)
    held_out = {"valid": data(40, seed=7)}
    progress = list(Training(stack, [protocol], data(), held_out=held_out).run())
    values = [p.points["valid/loss"] for p in progress if "valid/loss" in p.points]
    return stack, progress, torch.stack(values)


def plain(seed, patience, rate):
    """Early stopping as anybody would write it: the values until it stops, the best weights."""
    torch.manual_seed(0)
    model = Restless()
    stack = Stack([Restless], [seed])
    model.load_state_dict({k: v[0].clone() for k, v in stack.tensors().items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    order, valid = generator(seed, "order"), data(40, seed=7).batch(torch.arange(40))
    best, waited, values, kept = math.inf, 0, [], {}
    for _ in range(EPOCHS):
        for index in torch.randperm(96, generator=order).split(32):
            optimizer.zero_grad()
            model.objective(data().batch(index), {}).loss.mean().backward()
            optimizer.step()
        values.append(float(model.objective(valid, {}).loss.detach().mean()))
        if values[-1] < best:
            best, waited = values[-1], 0
            kept = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            waited += 1
        if patience is not None and waited > patience:
            break
    return values, kept


@pytest.mark.parametrize(("patience", "rate"), [(0, 0.1), (1, 0.2), (None, 0.2)])
def test_each_seed_stops_and_keeps_as_in_a_loop_of_its_own(patience, rate):
    seeds = [5, 7, 8]
    keys = {"optimizer": adam(rate), "watch": watch(), "keep": keep(patience)}
    stack, _, values = trained(Restless, seeds, **keys)
    expected = [plain(seed, patience, rate) for seed in seeds]
    lengths = [len(found) for found, _ in expected]
    if patience is not None:
        assert min(lengths) < EPOCHS
        assert len({*lengths}) > 1, "the seeds are to stop at different times"
        assert len(values) == max(lengths), "a stage ends when the last member has stopped"
    for member, (found, kept) in enumerate(expected):
        mine = values[:, member]
        torch.testing.assert_close(mine[: len(found)], torch.tensor(found, dtype=mine.dtype))
        assert mine[len(found) :].isnan().all()
        for key, value in kept.items():
            torch.testing.assert_close(stack.tensors()[key][member], value, rtol=1e-9, atol=1e-11)


def test_to_watch_changes_nothing():
    silent = stage(epochs=EPOCHS)
    unseen = Stack([dae, dae], [3, 1])
    list(Training(unseen, [silent], data()).run())
    seen, progress, values = trained(dae, [3, 1], watch=watch())
    for key, tensor in unseen.tensors().items():
        assert torch.equal(tensor, seen.tensors()[key])
    assert len(values) == EPOCHS
    assert all(bool(p.watched) == (p.step % EVERY == 0) for p in progress)


def test_without_patience_the_best_of_all_is_kept():
    stack, _, values = trained(Restless, [5, 6], optimizer=adam(0.2), watch=watch(), keep=keep())
    valid = data(40, seed=7)
    x = valid.batch(torch.arange(40)).x.expand(2, 40, FEATURES)
    loss = stack.call("objective", Batch(x), {}).loss.mean(-1)
    torch.testing.assert_close(loss.detach(), values.min(0).values.to(loss.dtype))
    assert (values.argmin(0) < EPOCHS - 1).any()


@pytest.mark.parametrize("model", [dae, Restless])
def test_a_seed_alone_is_that_seed_among_others_until_it_stops(model):
    keys = {"watch": watch(), "keep": keep(0), "optimizer": adam(0.1)}
    seeds = [7, 8, 11]
    stack, progress, values = trained(model, seeds, **keys)
    for member, seed in enumerate(seeds):
        own, alone, curve = trained(model, [seed], **keys)
        assert torch.equal(curve[:, 0], values[: len(curve), member])
        assert values[len(curve) :, member].isnan().all()
        for key, tensor in own.tensors().items():
            assert torch.equal(tensor[0], stack.tensors()[key][member]), key
        points = {p.step: p.points["loss"][0] for p in alone if p.parts}
        among = {p.step: p.points["loss"][member] for p in progress if p.parts}
        assert all(torch.equal(among[step], value) for step, value in points.items())
        assert all(among[step].isnan() for step in {*among} - {*points})


@pytest.mark.parametrize("optimizer", [adam(0.2), {"class": "SGD", "lr": 0.3}])
def test_an_interrupted_training_keeps_and_stops_as_one_that_was_not(optimizer):
    """SGD has no state of its own: what is kept does not hang on the optimiser's."""
    keys = {"watch": watch(), "keep": keep(1), "optimizer": optimizer}
    protocol, held_out = stage(epochs=EPOCHS, **keys), {"valid": data(40, seed=7)}

    def fresh():
        return Training(Stack([Restless] * 2, [5, 6]), [protocol], data(), held_out=held_out)

    whole = fresh()
    progress = list(whole.run())
    for cut in range(1, len(progress) + 1, 2):
        first = fresh()
        run = first.run()
        for _ in range(cut):
            next(run)
        second = fresh()
        second.load({k: v.clone() for k, v in first.state().items()})
        rest = list(second.run())
        assert [p.step for p in rest] == [p.step for p in progress[cut:]]
        for mine, theirs in zip(rest, progress[cut:], strict=True):
            assert mine.watched.keys() == theirs.watched.keys()
            assert all(torch.equal(v, theirs.watched[k]) for k, v in mine.watched.items())
        for key, tensor in whole.stack.tensors().items():
            assert torch.equal(tensor, second.stack.tensors()[key]), (cut, key)


def test_a_member_whose_evaluations_are_no_numbers_keeps_what_it_has():
    class Broken(Restless):
        def objective(self, batch, noise):
            loss = super().objective(batch, noise).loss
            bad = torch.where(self.layer.bias.sum() > 1e6, 0.0, math.nan)
            return Objective(loss, {"odd": loss * bad})

    keys = {"optimizer": adam(0.2), "watch": watch()}
    watched, _, _ = trained(Broken, [5], **keys)
    kept, _, _ = trained(Broken, [5], **keys, keep=keep(part="odd"))
    for key, tensor in watched.tensors().items():
        assert torch.equal(tensor, kept.tensors()[key])


class Conjugate(Autoencoder):
    """z is N(0, I) and x given z is N(z, I): log w is log N(x; 0, 2 I) whatever the sample."""

    def __init__(self, exact=True):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([0.5 if exact else 1.0]).sqrt())
        self.draws = {"z": Draw("normal", (FEATURES,))}

    def objective(self, batch, noise):
        return Objective((self.scale * noise["z"]).square().sum(-1), {"x": batch.x[:, 0]})

    def log_weights(self, x, noise):
        z = x / 2 + self.scale * noise["z"]
        one = torch.ones_like(x)
        q = Normal(x / 2, self.scale.expand_as(x))
        return (Normal(z, one).log_prob(x) + Normal(0 * z, one).log_prob(z) - q.log_prob(z)).sum(-1)


def seen(stack, examples="all", purpose="test", **keys):
    table = watch(examples=examples, **keys)
    _, protocol = stage(watch=table)
    return evaluate(stack, protocol.watch["valid"], data(40, seed=7), purpose)


@pytest.mark.parametrize("samples", [1, 7, 3000])
def test_log_weights_of_the_exact_posterior_are_the_evidence(samples):
    stack = Stack([Conjugate] * 2, [0, 1])
    x = data(40, seed=7).batch(torch.arange(40)).x
    evidence = Normal(0.0, math.sqrt(2)).log_prob(x).sum(-1).mean()
    found = seen(stack, by="log_weights", samples=samples)
    for member in range(2):
        torch.testing.assert_close(found["bound"][member], evidence.double())
        torch.testing.assert_close(found["nll"][member], -evidence.double())


def test_a_bound_of_many_samples_is_better_than_the_mean_and_worse_than_the_evidence():
    stack = Stack([lambda: Conjugate(exact=False)] * 2, [0, 1])
    x = data(10, seed=7)
    evidence = Normal(0.0, math.sqrt(2)).log_prob(data(40, seed=7).batch(torch.arange(10)).x)
    found = seen(stack, examples=10, by="log_weights", samples=500)
    assert x.examples == 10
    for member in range(2):
        # E log w = log p(x) - KL(q, posterior); the scale is sqrt(2) of the posterior's
        kl = FEATURES * (0.5 * 2 - 0.5 - 0.5 * math.log(2))
        exact = float(evidence.sum(-1).mean())
        assert float(found["bound"][member]) == pytest.approx(exact - kl, abs=0.3)
        assert exact - kl + 1 < -float(found["nll"][member]) < exact + 0.1


def test_draws_that_are_silent_are_zero():
    stack = Stack([Conjugate], [0])
    loud, silent = seen(stack), seen(stack, silent=["z"])
    # the mean of 40 sums of 17 squares, each half a chi-squared: 8.5 +- 0.46
    assert float(loud["loss"][0]) == pytest.approx(FEATURES / 2, abs=2.3)
    assert float(silent["loss"][0]) == 0.0


def test_an_evaluation_is_of_the_first_examples_and_its_noise_of_the_seed_alone():
    stack = Stack([Conjugate] * 3, [0, 1, 0])
    x = data(40, seed=7).batch(torch.arange(40)).x
    found = seen(stack, examples=15)
    torch.testing.assert_close(found["x"], x[:15, 0].mean().double().expand(3))
    assert found["loss"][0] == found["loss"][2] != found["loss"][1]
    assert not torch.equal(found["loss"], seen(stack, examples=15, purpose="another")["loss"])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"watch": watch(examples=41)}, r"examples: found 41; the split 'valid' has 40"),
        ({"watch": watch(silent=["y"])}, r"silent: found 'y'; expected draws of the model: "),
        (
            {"watch": watch(), "keep": keep(part="bound")},
            r"stage 'train': keep: part: found 'bound'; expected one of loss",
        ),
    ],
)
def test_what_does_not_fit_the_model_or_the_data_is_named(keys, message):
    with pytest.raises(UserError, match=message):
        trained(dae, [0], **keys)


def protocol(use, **keys):
    optimizer = {"class": "SGD", "lr": 0.1}
    table = {"objective": "objective", "modules": "all", "batch": 2, "epochs": 1}
    one = {**table, "optimizer": optimizer}
    stages = {"first": {**one, **keys}, "second": one}
    return Train.model_validate_json(json.dumps({"seeds": [0], "use": use, "stages": stages}))


@pytest.mark.parametrize(
    ("use", "keys", "message"),
    [
        (["first"], {"keep": keep()}, "keep: no watch 'valid'; there are none"),
        (["first"], {"watch": watch(samples=3)}, "samples: by 'objective' takes none"),
        (
            ["first"],
            {"watch": watch(by="log_weights")},
            "samples: by 'log_weights' takes a number of them",
        ),
        (
            ["first"],
            {"watch": watch(by="log_weights", samples=2, silent=["z"])},
            "silent: 'log_weights' takes none",
        ),
        (["first"], {"points": [3, 3]}, "points: the step 3 is given more than once"),
        (
            ["first", "second"],
            {"watch": watch(), "keep": keep(2)},
            "the stage 'first' may end early, as keep.patience says: expected it to be the last",
        ),
    ],
)
def test_a_protocol_that_contradicts_itself_is_refused(use, keys, message):
    with pytest.raises(ValueError, match=message):
        protocol(use, **keys)


def test_a_stage_that_may_end_early_can_be_the_last():
    assert protocol(["second", "first"], watch=watch(), keep=keep(2)).stages["first"].keep


def test_a_smaller_last_batch_cannot_be_recorded():
    _, one = stage(remainder="kept")
    assert obstacle(one, even=False) == "the last batch of an epoch is smaller"
    assert obstacle(one, even=True) is None
