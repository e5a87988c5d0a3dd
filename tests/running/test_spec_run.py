"""Running a spec: resume, recognition of finished work, divergence, single seeds."""

import math
import sys

import numpy as np
import pytest
import torch
from project import ON_TRAIN, interrupted, make, paper, run, trained, write

from ae.errors import Interrupted, OutsideError, UserError
from ae.running import devices
from ae.running.carry import planned
from ae.running.conclusion import Conclusion
from ae.running.devices import choose_device
from ae.running.record import _data
from ae.training.plan import stacks, together

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def project(tmp_path):
    return make(tmp_path / "project") if (tmp_path / "project").mkdir() is None else None


def keys(project, **changes):
    return {m.key for m in paper(project, **changes).members}


def folder(project, results="results"):
    return project / results / "tiny2020-dae" / "smoke"


def test_runs_that_differ_in_a_buffer_may_share_a_stack_and_others_may_not(project):
    members = paper(project).members
    runs = [[c.name for c in cells] for cells in together(members)]
    assert runs == [["plain", "noisy"], ["wide"]]
    assert [len(s.members) for s in stacks(members, lambda m: 100)] == [6, 3]
    assert [len(s.members) for s in stacks(members, lambda m: 4)] == [4, 2, 3]
    assert len({m.key for m in members}) == 9


def test_how_many_train_together_does_not_depend_on_how_many_there_are(project):
    some = paper(project, seeds=(1,))
    more = paper(project, seeds=tuple(range(30)))
    assert some._most(some.members[0]) == more._most(more.members[0]) > 1


def test_a_run_writes_a_whole_record(project):
    _, record = run(project)
    assert [r.name for r in record.runs] == ["plain", "noisy", "wide"]
    for found in record.runs:
        assert found.seeds == [0, 1, 2]
        assert found.steps == 40
        assert all(10 < v < 150 for v in found.metrics["squared_error"])
        losses = next(c for c in found.curves if c.part == "loss")
        assert losses.steps == list(range(1, 41))
        assert all(series[-1] < series[0] for series in losses.values)
        assert [m.seed for m in found.members] == found.seeds
        assert len({m.key for m in found.members}) == 3
        assert all(m.cpu_seconds > 0 for m in found.members)
        assert {m.trained["device"] for m in found.members} == {"CPU"}
    assert record.run("plain").parameters == 784 * 12 + 12 + 784
    assert [(d.split, d.examples, d.available) for d in record.data] == [
        ("train", 320, 60000),
        ("test", 100, 10000),
    ]
    (figure,) = record.figures
    arrays = np.load(folder(project) / figure.arrays, allow_pickle=False)
    assert sorted(p.name for p in folder(project).glob("members/*")) == sorted(
        f"{m.key[:40]}-cpu-2.13.0.safetensors" for r in record.runs for m in r.members
    )
    assert (folder(project) / figure.image).read_bytes()[:4] == b"\x89PNG"
    assert len(arrays.files) > 0


def test_a_measure_sees_what_was_measured_before_on_every_run(project):
    ahead = 'at = "squared_error", curve = ["wide", "plain"]'
    after = f"""{{ function = "reconstruction.squared_error", split = "test" }}
ahead = {{ function = "matched.advantage", unit = "", metric = "squared_error", {ahead} }}
"""
    write(project, squared_error=after)
    _, record = run(project)
    plain, noisy, wide = (r.metrics for r in record.runs)
    assert plain["ahead"] == wide["ahead"] == [0.0] * 3
    ends = zip(*(m["squared_error"] for m in (plain, noisy, wide)), strict=True)
    level = [x - min(max(x, min(a, b)), max(a, b)) for a, x, b in ends]
    assert noisy["ahead"] == pytest.approx(level, abs=1e-9)
    assert max(map(abs, level)) > 1


def test_a_tier_measures_by_its_own_arguments(project):
    _, before = run(project)
    path = project / "benchmarks" / "tiny2020-dae.toml"
    path.write_text(path.read_text() + '\n[tier.smoke.measure.squared_error]\nsplit = "train"\n')
    _, after = run(project)
    values = [r.run("plain").metrics["squared_error"] for r in (before, after)]
    assert values[0] != values[1]
    assert all(0.5 < one / other < 2 for one, other in zip(*values, strict=True))


def test_labels_are_hidden_in_training_and_shown_in_testing(project):
    whole = paper(project)
    before = whole.members[0]
    write(project, limit="320\nlabelled = 30")
    some = paper(project)
    member = some.members[0]
    y = some.source(member).batch(torch.arange(320)).y
    told = y >= 0
    assert torch.bincount(y[told]).tolist() == [3] * 10
    assert torch.equal(y[told], whole.source(before).y[told])
    test = some.split(member.cell, "test")
    assert torch.equal(test.y, whole.split(member.cell, "test").y)
    assert member.key != before.key
    assert [d.split for d in _data(some)] == ["train (30 labelled)", "test"]


def test_finished_work_is_recognised(project):
    _, first = run(project)
    path = folder(project) / "record.json"
    before = path.stat().st_mtime_ns
    events, second = run(project)
    assert [e.phase for e in events] == ["data", "done"]
    assert path.stat().st_mtime_ns == before
    assert second == first


def test_a_drawn_record_serves_where_no_figures_are_asked_for_and_not_the_other_way(project):
    _, bare = run(project, draw=False)
    assert bare.figures == []
    events, drawn = run(project)
    assert trained(events) == set()
    assert [f.name for f in drawn.figures] == ["filters"]
    assert [r.metrics for r in drawn.runs] == [r.metrics for r in bare.runs]
    events, kept = run(project, draw=False)
    assert [e.phase for e in events] == ["data", "done"]
    assert kept == drawn
    write(project, squared_error=ON_TRAIN)
    events, _ = run(project, draw=False)
    assert trained(events) == set()
    assert any(e.phase == "measure" for e in events)


def test_the_same_run_twice_has_the_same_digest_and_other_seeds_another(project):
    _, first = run(project)
    _, again = run(project, fresh=True)
    assert again.digest == first.digest
    _, elsewhere = run(project, results="elsewhere")
    assert elsewhere.digest == first.digest
    _, others = run(project, results="others", seeds=(3, 4, 5))
    assert others.digest != first.digest
    assert others.run("plain").seeds == [3, 4, 5]


def test_a_seed_has_the_same_value_among_other_seeds(project):
    """To rounding: a product that all members share is one of all their weights (`Stack.share`)."""
    _, three = run(project)
    _, one = run(project, results="one", seeds=(1,))
    for name in ("plain", "noisy", "wide"):
        mine, theirs = (r.run(name).metrics["squared_error"] for r in (one, three))
        assert mine[0] == pytest.approx(theirs[1], rel=1e-7)


def test_more_seeds_train_what_is_missing_alone_and_leave_the_others_as_they_are(project):
    """`--seeds 0-4` after `0-2`: two of each run are trained."""
    _, three = run(project)
    events, five = run(project, seeds=(0, 1, 2, 3, 4))
    stacks = [e for e in events if e.phase == "train" and e.detail.endswith(", trained")]
    assert len({e.detail for e in stacks}) <= 3
    for old, new in zip(three.runs, five.runs, strict=True):
        assert new.seeds == [0, 1, 2, 3, 4]
        assert new.metrics["squared_error"][:3] == old.metrics["squared_error"]
        assert new.members[:3] == old.members
        for mine, theirs in zip(new.curves, old.curves, strict=True):
            assert mine.values[:3] == theirs.values
    _, fresh = run(project, "fresh", seeds=(0, 1, 2, 3, 4))
    assert [r.metrics for r in fresh.runs] == [r.metrics for r in five.runs]
    _, again = run(project)  # the record keeps what is there
    assert again.run("plain").seeds == [0, 1, 2, 3, 4]


def test_an_exact_record_holds_what_was_asked_for_and_no_more(project):
    run(project, seeds=(0, 1, 2, 3))
    events, record = run(project, seeds=(1, 3), exact=True)
    assert trained(events) == set()
    assert record.run("wide").seeds == [1, 3]


def test_a_run_that_is_added_trains_alone(project):
    run(project)
    path = project / "benchmarks" / "tiny2020-dae.toml"
    more = '[[run]]\nname = "wider"\nlabel = "Wider"\nmodel = { hidden = 30 }\n\n[[run]]\nname = "wide"'
    path.write_text(path.read_text().replace('[[run]]\nname = "wide"', more, 1))
    events, record = run(project)
    assert trained(events) == {"wider, trained"}
    assert [r.name for r in record.runs] == ["plain", "noisy", "wider", "wide"]


def test_one_run_alone_is_trained_and_the_record_holds_what_there_is(project):
    events, record = run(project, runs=("w*",))
    assert trained(events) == {"wide, trained"}
    assert [r.name for r in record.runs] == ["wide"]
    assert record.figures == []  # its runs are not all there
    _, whole = run(project)
    assert [r.name for r in whole.runs] == ["plain", "noisy", "wide"]
    assert whole.run("wide") == record.run("wide")
    with pytest.raises(UserError, match=r"tiny2020-dae\.toml: .*'strange'"):
        paper(project, runs=("strange",))


def test_a_trial_has_a_folder_of_its_own_and_leaves_the_rest_alone(project):
    _, whole = run(project)
    _, trial = run(project, changes=("train.stages.fit.epochs=1", "model.hidden=5"))
    assert trial.run("plain").steps == 10
    assert trial.run("plain").parameters == 784 * 5 + 5 + 784
    folders = sorted(p.name for p in (project / "results" / "tiny2020-dae").iterdir())
    assert folders[0] == "smoke"
    assert folders[1].startswith("smoke+")
    events, again = run(project)
    assert [e.phase for e in events] == ["data", "done"]
    assert again == whole
    for wrong, said in (
        ("train.stages.fit.epoch=1", "epoch"),
        ("model.hidden", "KEY=VALUE"),
        ("model.hidden=[", "expected a value as in the spec$"),
        ("model.hidden=", "KEY=VALUE"),
        ("seeds=3", "data, model or train"),
    ):
        with pytest.raises(UserError, match=f"--set.*{said}"):
            paper(project, changes=(wrong,))


@pytest.mark.parametrize("after", [1, 17, 40, 41, 79])
def test_an_interrupted_run_ends_bit_for_bit_as_one_never_interrupted(project, after):
    _, whole = run(project, results="whole")
    with pytest.raises(Interrupted):
        interrupted(project, after)
    assert not (folder(project) / "record.json").exists()
    assert len(list(folder(project).glob("checkpoints/*.safetensors"))) <= 1
    _, resumed = run(project)
    assert resumed.digest == whole.digest
    for mine, theirs in zip(resumed.runs, whole.runs, strict=True):
        assert mine.curves == theirs.curves
    assert list(folder(project).glob("checkpoints/*")) == []


def test_an_interrupted_stack_goes_on_as_it_was_when_more_seeds_are_wanted(project):
    with pytest.raises(Interrupted):
        interrupted(project, 17)
    before = {p.name for p in folder(project).glob("checkpoints/*")}
    assert len(before) == 1
    more = paper(project, seeds=(0, 1, 2, 3))
    first, *_ = more.to_train()
    assert {f"{first.key}.safetensors"} == before
    assert {m.seed for m in first.members} <= {0, 1, 2}
    _, record = run(project, seeds=(0, 1, 2, 3))
    _, whole = run(project, "whole", seeds=(0, 1, 2, 3))
    assert record.digest == whole.digest


def test_checkpoints_on_the_way_change_nothing(project, monkeypatch):
    _, whole = run(project, results="whole")
    monkeypatch.setattr("ae.training.stack_training.CHECKPOINT_SECONDS", 0.0)
    _, often = run(project)
    assert often.digest == whole.digest


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": "2"},
        {"batch": "16"},
        {"hidden": "11"},
        {"limit": "300"},
        {"optimizer": '{ class = "Adam", lr = 0.02 }'},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_the_outcome_depends_on_is_in_the_key(project, change):
    before = keys(project)
    write(project, **change)
    # The run `wide` has a width of its own, so that the other's does not touch it.
    assert len(before & keys(project)) == (3 if "hidden" in change else 0)


def test_other_seeds_are_other_members_and_the_common_ones_are_the_same(project):
    assert len(keys(project) & keys(project, seeds=(0, 1, 3))) == 6


def test_other_versions_of_torch_train_again(project, monkeypatch):
    run(project)
    assert planned(paper(project)).needs == {}  # its claim has had its last look
    monkeypatch.setattr("ae.training.plan.torch.__version__", "0.0.0")
    assert len(paper(project).missing()) == 9
    (needed,) = planned(paper(project)).needs.values()
    assert len(needed) == 6  # the record's verdict rests on members that count no more
    (said,) = {w.partition(": ")[2] for w in planned(paper(project)).stacks[0].why}
    assert said == "where: trained on cpu-2.13.0, wanted on cpu-0.0.0"


def test_a_record_says_where_its_weights_were_trained(project, monkeypatch):
    run(project)
    (folder(project) / "state.json").unlink()
    monkeypatch.setattr("ae.machine.provenance.platform.python_version", lambda: "9.9.9")
    events, record = run(project)
    assert trained(events) == set()
    assert record.environment.python == "9.9.9"
    assert record.runs[0].trained["python"] != "9.9.9"
    _, more = run(project, seeds=(3,))
    assert more.runs[0].trained["python"] == "various"
    assert [m.trained["python"] == "9.9.9" for m in more.runs[0].members] == [False] * 3 + [True]


def test_a_stop_while_measuring_is_heeded(project):
    seen = []
    one = paper(project)
    for stack in one.to_train():
        list(one.train(stack, lambda: False))

    def measure():
        for event in Conclusion(paper(project), lambda: len(seen) > 1).run():
            seen.append(event.phase)

    with pytest.raises(Interrupted, match="trained members are kept"):
        measure()
    assert seen == ["measure", "measure"]
    assert not (folder(project) / "record.json").exists()
    events, _ = run(project)
    assert trained(events) == set()


def test_what_was_measured_is_not_measured_again(project, monkeypatch):
    from ae.metrics import reconstruction

    calls = []
    real = reconstruction.squared_error
    monkeypatch.setattr(
        reconstruction,
        "squared_error",
        lambda trained, **keys: calls.append(trained.seeds) or real(trained, **keys),
    )
    run(project)
    assert calls == [(0, 1, 2)] * 3
    run(project, seeds=(0, 1, 2, 3))
    assert calls[3:] == [(3,)] * 3
    write(project, squared_error=ON_TRAIN)
    run(project)
    assert calls[6:] == [(0, 1, 2, 3)] * 3


def test_a_change_of_what_is_measured_does_not_train_again(project):
    run(project)
    write(project, squared_error=ON_TRAIN)
    events, record = run(project)
    assert trained(events) == set()
    assert any(e.phase == "measure" for e in events)
    assert record.meaning.measure[0].arguments == {"split": "train"}


def test_a_change_of_protocol_trains_again_and_old_weights_go(project):
    _, first = run(project)
    write(project, epochs="2")
    why = planned(paper(project)).stacks[0].why
    assert any("protocol: stages was" in line for line in why)
    events, second = run(project)
    assert len(trained(events)) >= 2
    there = {p.stem for p in (folder(project) / "members").iterdir()}
    assert there == {f"{m.key[:40]}-cpu-2.13.0" for r in second.runs for m in r.members}
    assert not {r.stack for r in first.runs} & {r.stack for r in second.runs}


def test_seeds_that_diverge_are_said_at_once_and_the_stack_whose_all_are_gone_stops(project):
    write(project, optimizer='{ class = "SGD", lr = 1e38 }')
    events, record = run(project)
    for found in record.runs:
        assert set(found.diverged) == {0, 1, 2}
        assert "fit, by step" in found.diverged[0]
        assert all(math.isnan(v) for v in found.metrics["squared_error"])
        assert found.steps < 40
    news = [line for e in events for line in e.news]
    assert len(news) == 9
    assert news[0].startswith("run 'plain', seed 0 diverged: loss not finite in fit, by step ")


def test_damaged_weights_are_named(project):
    run(project)
    path = next(iter((folder(project) / "members").iterdir()))
    path.write_bytes(path.read_bytes()[:1000])
    (folder(project) / "record.json").unlink()
    with pytest.raises(OutsideError, match=r"safetensors: not a file of weights.*remove it"):
        run(project)


def test_a_damaged_record_is_made_again_from_the_weights(project):
    _, first = run(project)
    path = folder(project) / "record.json"
    path.write_text(path.read_text()[:500])
    events, second = run(project)
    assert trained(events) == set()
    assert second.digest == first.digest


def test_cuda_is_refused_where_there_is_none():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert choose_device("auto") == "cpu"
    with pytest.raises(OutsideError, match="sees no CUDA device"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("build", "driver", "asked"),
    [
        ("2.13.0+cpu", "libc.so.6", False),
        ("2.13.0", "libc.so.6", True),  # which is there
        ("2.13.0", "libnowhere.so.1", False),
        ("2.13.0+cu130", "libc.so.6", True),
        ("2.13.0+cu130", "libnowhere.so.1", False),
        ("2.13.0+rocm7.0", "libnowhere.so.1", True),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch is always asked")
def test_torch_is_asked_for_cuda_only_where_it_may_say_yes(monkeypatch, build, driver, asked):
    monkeypatch.setattr(devices, "version", lambda name: build)
    monkeypatch.setattr(devices, "DRIVER", driver)
    monkeypatch.setattr(devices, "_available", lambda: True)
    assert choose_device("auto") == ("cuda" if asked else "cpu")
    assert choose_device("cpu") == "cpu"


def test_cost_is_shared_out_in_proportion_to_weights_and_steps(project):
    one = paper(project, seeds=(0,))
    plain, _, wide = stacks(one.members, lambda m: 1)
    costs = [one.training(plan).work.total for plan in (plain, wide)]
    assert costs[1] / costs[0] == pytest.approx((784 * 24 + 24 + 784) / (784 * 12 + 12 + 784))
