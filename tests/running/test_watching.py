"""What a stage watches, through a whole run: which data count, where curves and steps end."""

import math

import pytest
from project import interrupted, make, paper, run

from ae.errors import Interrupted
from ae.running.carry import planned
from ae.running.estimate import Speeds, outlook
from ae.training.members import read

pytestmark = pytest.mark.usefixtures("one_thread")
OPTIMIZER = '{ class = "SGD", lr = 0.3 }'
WATCH = 'watch.held = {{ split = "{split}", examples = 10, every = {every}, by = "objective" }}'
KEEP = 'keep = {{ watch = "held", part = "loss", better = "lower", patience = {patience} }}'


def watching(folder, split="test", every=1, patience=0):
    folder.mkdir()
    lines = (OPTIMIZER, WATCH.format(split=split, every=every), KEEP.format(patience=patience))
    return make(folder, optimizer="\n".join(lines), epochs="6")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    project = watching(tmp_path_factory.mktemp("watching") / "project")
    return project, run(project)[1]


def kept(project, results="results", **keys):
    return {(m.run, m.seed): m for m in paper(project, results, **keys).store.all()}


def test_each_seeds_curves_and_steps_end_where_it_stopped(whole):
    project, record = whole
    ends = set()
    for member in kept(project).values():
        lengths = {len(t.steps) for t in member.tracks if t.part.startswith("held/")}
        (count,) = lengths
        assert all(t.steps[-1] == member.steps == count for t in member.tracks)
        assert not any(math.isnan(v) for t in member.tracks for v in t.values)
        (loss,) = [t.values for t in member.tracks if t.part == "held/loss"]
        assert loss[-1] >= min(loss[:-1]) or count == 60
        assert loss[:-1] == sorted(loss[:-1])[::-1] or count == 60
        ends.add(count)
    assert len(ends) > 1
    for found in record.runs:
        assert found.steps == max(kept(project)[found.name, s].steps for s in found.seeds)


def test_a_seed_stops_where_it_does_without_the_others(whole):
    project, _ = whole
    run(project, "alone", seeds=(1,))
    for (name, seed), alone in kept(project, "alone").items():
        beside = kept(project)[name, seed]
        assert alone.key == beside.key
        assert alone.steps == beside.steps
        assert [t.steps for t in alone.tracks] == [t.steps for t in beside.tracks]
        for one, other in zip(alone.tracks, beside.tracks, strict=True):
            assert one.values == pytest.approx(other.values, rel=1e-4)


def test_a_run_that_is_interrupted_ends_with_the_same_curves(whole):
    project, record = whole
    with pytest.raises(Interrupted):
        interrupted(project, after=3, results="torn")
    _, torn = run(project, "torn")
    curves = [[repr(r.curves) for r in found.runs] for found in (torn, record)]  # they hold NaN
    assert curves[0] == curves[1]
    assert [r.metrics for r in torn.runs] == [r.metrics for r in record.runs]


def test_what_is_watched_is_among_what_a_member_depends_on(tmp_path, whole):
    keys = {m.key for m in paper(whole[0]).members}
    other = watching(tmp_path / "other", split="train")
    assert not keys & {m.key for m in paper(other).members}
    assert {d.split for d in paper(other).watched(paper(other).listed[0]).values()} == {"train"}


def test_a_members_file_is_read_back(whole):
    for member in kept(whole[0]).values():
        assert read(member.path) == member


def test_evaluations_are_among_what_a_run_is_thought_to_take(tmp_path):
    """10 images a step, a third of a step of 32 each: as much again by 10 / 96."""
    job = paper(watching(tmp_path / "project"))
    (plan, *_) = job.to_train()
    speeds = Speeds([], "none", 1e9)
    with_it = outlook(plan, 320, 784, speeds, watched={"test": 10000}).seconds
    every = watching(tmp_path / "rarely", every=1000)
    (rarely, *_) = paper(every).to_train()
    without = outlook(rarely, 320, 784, speeds, watched={"test": 10000}).seconds
    assert with_it == pytest.approx(without * (1 + 10 / 96), rel=1e-3)
    assert planned(job).seconds > 0
