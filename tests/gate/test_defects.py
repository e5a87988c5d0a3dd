"""Defects that are planted in the code itself: the gate goes red, and clean runs stay green.

A tiny VAE and a denoising autoencoder are really trained, ten calibration seeds of each. Run with
`-s` for what each defect moved.
"""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from project import ROOT

import ae.data.idx
import ae.maths.distributions
import ae.models.gaussian_code
import ae.training.noise
import ae.training.optimizers
import ae.training.stack
import ae.training.trainer
from ae.data.dataset import Dataset
from ae.gate.baseline import Baseline
from ae.gate.calibration import from_record
from ae.gate.regress import Outcome, Trial, regress
from ae.library import Library
from ae.records import record as records
from ae.records.record import Record
from ae.running.happening import Recorded
from ae.running.paper import Paper
from ae.running.settings import Settings
from ae.running.state import Request
from ae.running.suite import Suite

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "tiny2014-vae"
TEN = tuple(range(100, 110))
FEW = (0, 1, 2)
CLEAN = tuple(range(15))
MORE = tuple(range(15, 30))


def train(folder: Path, seeds: tuple[int, ...]) -> Record:
    settings = Settings(
        library=Library.at(ROOT).with_results(folder), tier="quick", seeds=seeds, exact=True
    )
    request = Request(ROOT / "tests" / f"{NAME}.toml", settings)
    (found,) = [h for h in Suite([request], lambda: False, jobs=0).run() if isinstance(h, Recorded)]
    record = records.read(found.record)
    shutil.rmtree(folder / NAME)
    return record


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Record:
    """Twenty-five seeds at once; each is what it would be alone."""
    torch.set_num_threads(1)
    return train(tmp_path_factory.mktemp("clean"), (*TEN, *CLEAN))


def only(record: Record, seeds: tuple[int, ...]) -> Record:
    """The record that these seeds alone would have given."""
    runs = []
    for run in record.runs:
        at = [run.seeds.index(seed) for seed in seeds]
        metrics = {name: [values[i] for i in at] for name, values in run.metrics.items()}
        ends = {name: [values[i] for i in at] for name, values in run.ends.items()}
        applied = {k: v if len(v) == 1 else [v[i] for i in at] for k, v in run.applied.items()}
        changed = {"seeds": list(seeds), "metrics": metrics, "ends": ends, "applied": applied}
        runs.append(run.model_copy(update=changed))
    return record.model_copy(update={"runs": runs})


@pytest.fixture(scope="module")
def baseline(trained: Record) -> Baseline:
    return from_record(only(trained, TEN))


def judge(record: Record, baseline: Baseline) -> Outcome:
    return regress([Trial(record, baseline, Path(f"reports/baseline/{NAME}.json"))])


@pytest.mark.parametrize("seeds", [CLEAN, pytest.param(MORE, marks=pytest.mark.nightly)])
def test_clean_runs_with_other_seeds_are_green(trained, baseline, tmp_path, seeds):
    record = trained if seeds == CLEAN else train(tmp_path, seeds)
    words = []
    for i in range(0, len(seeds), 3):
        outcome = judge(only(record, seeds[i : i + 3]), baseline)
        assert not outcome.red, outcome.of("worse")
        words += [row.word for row in outcome.rows if row.kind == "metric"]
    print({word: words.count(word) for word in sorted(set(words))})
    assert words.count("unchanged") > 0.6 * len(words)


def test_a_run_of_few_seeds_is_what_they_are_among_many(trained, tmp_path):
    alone = train(tmp_path, FEW)
    assert [r.metrics for r in alone.runs] == [r.metrics for r in only(trained, FEW).runs]


def kl_halved(patch):
    true = ae.models.gaussian_code.kl_to_standard_normal
    patch.setattr(
        ae.models.gaussian_code,
        "kl_to_standard_normal",
        lambda mean, logvar: true(mean, logvar) / 2,
    )


def constant_missing(patch):
    true = ae.maths.distributions.log_normal

    def without(z, mean, logvar):
        return true(z, mean, logvar) + 0.5 * z.shape[-1] * math.log(2 * math.pi)

    patch.setattr(ae.maths.distributions, "log_normal", without)


def noise_off(patch):
    """Nothing is masked (a uniform draw of 1), codes are means (a normal draw of 0)."""

    class Silent(ae.training.noise.NoiseSource):
        def draw(self, draws, batch):
            noise = super().draw(draws, batch)
            return {
                n: torch.full_like(x, float(draws[n].law == "uniform")) for n, x in noise.items()
            }

    patch.setattr(ae.training.trainer, "NoiseSource", Silent)


def trained_on_test_images(patch):
    patch.setattr(Paper, "source", lambda self, member: self.split(member.cell, "test"))


def learning_rate_times_three(patch):
    true = ae.training.optimizers.build
    patch.setattr(
        ae.training.optimizers,
        "build",
        lambda settings, parameters: true(
            settings.model_copy(update={"lr": 3 * settings.lr}), parameters
        ),
    )


def images_transposed_in_training(patch):
    true = Paper.source

    def source(self, member) -> Dataset:
        data = true(self, member)
        x = data.x.view(-1, *data.shape).transpose(-1, -2).reshape(data.x.shape)
        return replace(data, x=x)

    patch.setattr(Paper, "source", source)


def images_transposed_in_the_reader(patch):
    true = ae.data.idx.read_idx

    def read(path, dimensions):
        found = true(path, dimensions)
        return found.transpose(0, 2, 1).copy() if dimensions == 3 else found

    patch.setattr(ae.data.idx, "read_idx", read)


def seed_reused(patch):
    """Seed 2 starts from the weights of seed 1 and sees its batches and noise."""
    true = ae.training.stack.derive

    def derive(seed, purpose):
        trains = not purpose.startswith("evaluate/")
        return true(1 if seed == 2 and trains else seed, purpose)

    patch.setattr(ae.training.stack, "derive", derive)


DEFECTS = {
    kl_halved: "vae: kl",
    constant_missing: "vae: bound",
    noise_off: "dae: restored",
    trained_on_test_images: "vae: train_squared_error",
    learning_rate_times_three: "vae: kl",
    images_transposed_in_training: "vae: squared_error",
    images_transposed_in_the_reader: "data mnist/train",
    seed_reused: "vae: seeds",
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.__name__)
def test_a_planted_defect_is_red(defect, baseline, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        defect(patch)
        record = train(tmp_path, FEW)
    outcome = judge(record, baseline)
    moved = [
        f"{r.name} {r.note or f'{r.movement.difference / r.movement.sd:+.1f} sd'}"
        for r in outcome.of("worse")
    ]
    print(f"{defect.__name__}: {'; '.join(moved)}")
    assert outcome.red
    assert DEFECTS[defect] in [row.name for row in outcome.of("worse")]
