"""What is noted of a training is what it did: against its files, its spec, and plain arithmetic."""

import pytest
import torch
from project import make

import ae.training.stack_training
from ae.library import Library
from ae.records import record as records
from ae.running.happening import Recorded
from ae.running.paper import Paper
from ae.running.settings import Settings
from ae.running.state import Request
from ae.running.suite import Suite
from ae.training.members import Members
from ae.training.noted import moments

pytestmark = pytest.mark.usefixtures("one_thread")
SEEDS = (0, 1, 2)


def trained(project, folder):
    """Record and members of the tiny spec, trained in this process."""
    library = Library.at(project).with_results(folder)
    settings = Settings(library=library, tier="quick", seeds=SEEDS, exact=True)
    request = Request(project / "benchmarks" / "tiny2020-dae.toml", settings)
    (found,) = [h for h in Suite([request], lambda: False, jobs=0).run() if isinstance(h, Recorded)]
    paper = Paper(request.path, settings)
    members = list(Members(paper.folder).all())
    return records.read(found.record), members, paper


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    torch.set_num_threads(1)
    project = make(tmp_path_factory.mktemp("applied"))
    return (*trained(project, project / "one"), project)


def of(record, run):
    return {k: v[0] if len(v) == 1 else v for k, v in record.run(run).applied.items()}


def test_examples_steps_and_the_optimiser_are_those_of_the_spec(made):
    record, _, paper, _ = made
    cell = next(c for c in paper.listed if c.name == "plain")
    (name,) = cell.train.use
    stage, data = cell.train.stages[name], paper.split(cell, "train")
    found = of(record, "plain")
    assert found[f"{name}/examples"] == len(data.x)
    assert found[f"{name}/steps"] == record.run("plain").steps
    assert found[f"{name}/given"] == record.run("plain").steps * stage.batch
    assert found[f"{name}/distinct"] == len(data.x) // stage.batch * stage.batch
    assert found[f"{name}/class"] == stage.optimizer.name
    assert found[f"{name}/group 0/lr first"] == stage.optimizer.lr
    assert found["parameters/count"] == record.run("plain").parameters


def test_first_weights_are_those_that_the_seed_gives(made):
    record, _, paper, _ = made
    member = next(m for m in paper.members if (m.run, m.seed) == ("plain", 1))
    from ae.training.stack import seeded

    found = of(record, "plain")
    for name, parameter in seeded(member.build, 1).named_parameters():
        shape = "x".join(map(str, parameter.shape))
        assert found[f"parameter {name}/shape"] == shape
        key = f"parameter {name}/first/deviation"
        own = found[key][1] if isinstance(found[key], list) else found[key]
        assert own == pytest.approx(parameter.detach().std(correction=0).item(), rel=1e-5, abs=1e-9)


def test_the_noise_of_two_seeds_has_nothing_in_common(made):
    record, *_ = made
    found = of(record, "noisy")
    names = [key for key in found if key.endswith("/correlation")]
    assert names
    for key in names:
        assert max(found[key] if isinstance(found[key], list) else [found[key]]) < 0.1
        assert len(set(found[key.replace("correlation", "digest")])) == len(SEEDS)


def test_the_ends_are_the_last_points_of_the_curves(made):
    record, members, *_ = made
    for run in record.runs:
        for curve in run.curves:
            last = [row[-1] for row in curve.values]
            assert run.ends[f"{curve.stage}/{curve.part}"] == last
    assert all(member.applied for member in members)


def test_weights_and_keys_are_the_same_unwatched(made, tmp_path, monkeypatch):
    _, members, _, project = made

    class Blind:
        def __init__(self, *_):
            pass

        def close(self):
            pass

        def see(self, _):
            pass

        def of(self, _):
            return {}

    monkeypatch.setattr(ae.training.stack_training, "Applied", Blind)
    record, others, _ = trained(project, tmp_path)
    assert [run.applied for run in record.runs] == [{}] * len(record.runs)
    assert len(members) == len(others)
    for one, two in zip(members, others, strict=True):
        assert one.key == two.key
        pairs = one.tensors("cpu"), two.tensors("cpu")
        assert all(torch.equal(pairs[0][name], pairs[1][name]) for name in pairs[0])


def test_no_key_depends_on_what_is_noted():
    from ae.machine.code import code_of
    from ae.training.key import TRAINER

    assert not [name for name in code_of(*TRAINER) if "applied" in name or "members" in name]


@pytest.mark.parametrize("size", [1, 5, (1 << 16) + 3, 200_000])
def test_moments_are_those_of_double_precision_though_taken_in_pieces(size):
    flat = 1000 + torch.randn(size, generator=torch.Generator().manual_seed(0))
    mean, deviation = moments(flat)
    assert mean == pytest.approx(float(flat.double().mean()), rel=1e-12)
    assert deviation == pytest.approx(float(flat.double().std(correction=0)), rel=1e-9, abs=1e-9)
