"""Running a spec: resume, recognition of finished work, divergence, one at a time."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from project import make, write

from ae import record as records
from ae.errors import OutsideError
from ae.execute import Execution, Interrupted, choose_device
from ae.fitting import Fitting

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def project(tmp_path):
    return make(tmp_path / "project") if (tmp_path / "project").mkdir() is None else None


def execution(project, results="results", **keys):
    path = project / "benchmarks" / "tiny2020-dae.toml"
    return Execution(
        path=path, tier="smoke", root=project, results=project / results, device="cpu", **keys
    )


def run(project, **keys):
    """Events and record of a run."""
    job = execution(project, **keys)
    events = list(job.run())
    return events, records.read(job.record_path)


def trained(events):
    return {
        e.detail for e in events if e.phase == "train" and not e.detail.endswith("already trained")
    }


def test_runs_that_differ_in_a_buffer_share_a_stack_and_others_do_not(project):
    stacks = execution(project).plan()
    assert [[c.name for c in s.cells] for s in stacks] == [["plain", "noisy"], ["wide"]]
    assert [len(s.members) for s in stacks] == [6, 3]
    assert len({s.key for s in stacks}) == 2


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
    assert record.run("plain").parameters == 784 * 12 + 12 + 784
    assert [(d.split, d.examples, d.available) for d in record.data] == [
        ("train", 320, 60000),
        ("test", 100, 10000),
    ]
    (figure,) = record.figures
    folder = project / "results" / "tiny2020-dae" / "smoke"
    arrays = np.load(folder / figure.arrays, allow_pickle=False)
    assert sorted(p.name for p in folder.glob("stacks/*")) == sorted(
        f"{key}.safetensors" for key in {r.stack for r in record.runs}
    )
    assert (folder / figure.image).read_bytes()[:4] == b"\x89PNG"
    assert len(arrays.files) > 0


def test_a_measure_sees_what_was_measured_before_on_every_run(project):
    curve = '{ metric = "squared_error", at = "squared_error", curve = ["wide", "plain"] }'
    after = f"""{{ split = "test" }}

[[measure]]
name = "ahead"
function = "matched.advantage"
label = "Ahead"
unit = ""
direction = "lower"
arguments = {curve}
"""
    write(project, arguments=after)
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
    whole = execution(project)
    hiding = write(project, limit="320\nlabelled = 30")
    some = execution(project)
    assert hiding.exists()
    cell = some.cells[0]
    (stack, *_), (before, *_) = some.plan(), whole.plan()
    y = some.source(stack).batch(torch.arange(320)).y
    told = y >= 0
    assert torch.bincount(y[told]).tolist() == [3] * 10
    assert torch.equal(y[told], whole.source(before).y[told])
    test = some._split(cell, "test")
    assert torch.equal(test.y, whole._split(cell, "test").y)
    assert stack.key != before.key
    assert [d.split for d in some._data_records()] == ["train (30 labelled)", "test"]


def test_finished_work_is_recognised(project):
    _, first = run(project)
    path = project / "results" / "tiny2020-dae" / "smoke" / "record.json"
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
    write(project, arguments='{ split = "train" }')
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
    _, three = run(project)
    _, one = run(project, results="one", seeds=(1,))
    for name in ("plain", "noisy", "wide"):
        mine, theirs = (r.run(name).metrics["squared_error"] for r in (one, three))
        assert mine[0] == theirs[1]


@pytest.mark.parametrize("after", [1, 17, 40, 41, 79])
def test_an_interrupted_run_ends_bit_for_bit_as_one_never_interrupted(project, after):
    _, whole = run(project, results="whole")
    count = 0

    def stop():
        nonlocal count
        count += 1
        return count == after

    with pytest.raises(Interrupted):
        run(project, stop=stop)
    folder = project / "results" / "tiny2020-dae" / "smoke"
    assert not (folder / "record.json").exists()
    assert len(list(folder.glob("checkpoints/*.safetensors"))) == 1
    _, resumed = run(project)
    assert resumed.digest == whole.digest
    for mine, theirs in zip(resumed.runs, whole.runs, strict=True):
        assert mine.curves == theirs.curves
    assert list(folder.glob("checkpoints/*")) == []


def test_checkpoints_on_the_way_change_nothing(project, monkeypatch):
    _, whole = run(project, results="whole")
    monkeypatch.setattr("ae.fitting.CHECKPOINT_SECONDS", 0.0)
    _, often = run(project)
    assert often.digest == whole.digest


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": "2"},
        {"batch": "16"},
        {"hidden": "11"},
        {"limit": "300"},
        {"seeds": "[0, 1, 3]"},
        {"optimizer": '{ class = "Adam", lr = 0.02 }'},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_the_outcome_depends_on_is_in_the_key(project, change):
    before = {s.key for s in execution(project).plan()}
    write(project, **change)
    after = {s.key for s in execution(project).plan()}
    # The run `wide` has a width of its own, so that the other's does not touch its stack.
    assert len(before & after) == (1 if "hidden" in change else 0)


@pytest.mark.parametrize(
    "file",
    [
        "train.py",
        "seeds.py",
        "optimize.py",
        "fitting.py",
        "data/dataset.py",
        "data/access.py",
        "data/noise.py",
        "models/denoising.py",
    ],
)
def test_the_code_that_trains_is_in_the_key(project, monkeypatch, file):
    before = {s.key for s in execution(project).plan()}
    real = Path.read_text

    def changed(self, *arguments, **keywords):
        text = real(self, *arguments, **keywords)
        return text + "#" if self.as_posix().endswith(f"ae/{file}") else text

    monkeypatch.setattr(Path, "read_text", changed)
    after = {s.key for s in execution(project).plan()}
    assert before & after == set()


def test_other_versions_and_devices_train_again(project, monkeypatch):
    before = {s.key for s in execution(project).plan()}
    monkeypatch.setattr("ae.plan.torch.__version__", "0.0.0")
    assert before & {s.key for s in execution(project).plan()} == set()


def test_other_seeds_have_a_folder_of_their_own_and_leave_the_default_alone(project):
    run(project)
    run(project, seeds=(7,))
    folders = sorted(p.name for p in (project / "results" / "tiny2020-dae").iterdir())
    assert folders == ["smoke", "smoke-seeds-7"]
    events, _ = run(project)
    assert [e.phase for e in events] == ["data", "done"]


def test_a_record_says_where_its_weights_were_trained(project, monkeypatch):
    run(project)
    (project / "results" / "tiny2020-dae" / "smoke" / "state.json").unlink()
    monkeypatch.setattr("ae.fitted.platform.python_version", lambda: "9.9.9")
    events, record = run(project)
    assert trained(events) == set()
    assert record.runs[0].trained["python"] != "9.9.9"


def test_a_stop_while_measuring_is_heeded(project):
    seen = []

    def stop():
        return "measure" in seen

    def follow():
        for event in job.run():
            seen.append(event.phase)

    job = execution(project, stop=stop)
    with pytest.raises(Interrupted, match="trained stacks are kept"):
        follow()
    assert not job.record_path.exists()
    events, _ = run(project)
    assert trained(events) == set()


def test_a_change_of_what_is_measured_does_not_train_again(project):
    run(project)
    write(project, arguments='{ split = "train" }')
    events, record = run(project)
    assert trained(events) == set()
    assert any(e.phase == "measure" for e in events)
    assert record.meaning.measure[0].arguments == {"split": "train"}


def test_a_change_of_protocol_trains_again_and_old_weights_go(project):
    _, first = run(project)
    write(project, epochs="2")
    events, second = run(project)
    assert len(trained(events)) == 2
    stacks = project / "results" / "tiny2020-dae" / "smoke" / "stacks"
    assert {p.stem for p in stacks.iterdir()} == {r.stack for r in second.runs}
    assert {r.stack for r in first.runs} & {r.stack for r in second.runs} == set()


def test_seeds_that_diverge_are_recorded_and_the_rest_goes_on(project):
    write(project, optimizer='{ class = "SGD", lr = 1e38 }')
    _, record = run(project)
    for found in record.runs:
        assert set(found.diverged) == {0, 1, 2}
        assert "fit, by step" in found.diverged[0]
        assert all(math.isnan(v) for v in found.metrics["squared_error"])


def test_damaged_weights_are_named(project):
    _, record = run(project)
    folder = project / "results" / "tiny2020-dae" / "smoke"
    weights = folder / "stacks" / f"{record.runs[0].stack}.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    (folder / "record.json").unlink()
    with pytest.raises(OutsideError, match=r"safetensors: not a file of weights.*remove it"):
        run(project)


def test_a_damaged_record_is_made_again_from_the_weights(project):
    _, first = run(project)
    path = project / "results" / "tiny2020-dae" / "smoke" / "record.json"
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


def test_cost_is_shared_out_in_proportion_to_weights_and_steps(project):
    job = execution(project)
    narrow, wide = (
        Fitting(stack, job.source(stack), job.folder, "cpu").cost for stack in job.plan()
    )
    assert wide / narrow == pytest.approx(0.5 * (784 * 24 + 24 + 784) / (784 * 12 + 12 + 784))
