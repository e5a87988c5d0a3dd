"""Records that are committed, and sessions elsewhere that go on from them without any weights."""

import gzip
import json

import pytest
from project import make, paper, run, settings, trained, write

from ae.errors import UserError
from ae.records.record import read
from ae.running.conclusion import Conclusion
from ae.running.importing import bring
from ae.running.keeping import FILE, keep

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "tiny2020-dae"


@pytest.fixture
def project(tmp_path):
    return make(tmp_path)


def kept(project, results="theirs", **keys):
    """What is kept of a run elsewhere, and its record."""
    _, record = run(project, results, **keys)
    out = project / "kept" / NAME / "smoke"
    keep(project / results / NAME / "smoke", out)
    return out, record


def taken(project):
    papers = {NAME: project / "benchmarks" / f"{NAME}.toml"}
    (found,) = bring([project / "kept"], papers, settings(project))
    return found


def facts(record):
    """By run: seeds, values, and who trained them when."""
    return {
        run.name: (run.seeds, run.metrics, run.ends, [(m.key, m.trained) for m in run.members])
        for run in record.runs
    }


def test_weights_stay_and_everything_else_is_kept(project):
    out, record = kept(project)
    assert read(out / "record.json").digest == record.digest
    there = {path.name for path in out.iterdir()}
    assert there == {"record.json", FILE, *(f for figure in record.figures for f in figure.files)}
    assert (out / FILE).stat().st_size < 20_000
    weights = sum(p.stat().st_size for p in (project / "theirs").rglob("*.safetensors"))
    assert weights > 100_000  # so there was something to leave


def test_a_session_elsewhere_trains_nothing_that_is_known_and_draws_no_figure_again(project):
    out, theirs = kept(project)
    found = taken(project)
    assert (found.new, found.known, found.passed) == (9, 0, ())
    events, ours = run(project)
    assert trained(events) == set()
    assert facts(ours) == facts(theirs)
    assert all(m.imported for r in ours.runs for m in r.members)
    assert [f.digest for f in ours.figures] == [f.digest for f in theirs.figures]
    for figure in ours.figures:
        for name in figure.files:
            assert (project / "results" / NAME / "smoke" / name).read_bytes() == (
                out / name
            ).read_bytes()


def test_seeds_that_are_missing_are_trained_alone_and_no_value_moves(project):
    kept(project, seeds=(0, 1))
    taken(project)
    events, record = run(project, seeds=(0, 1, 2))
    assert trained(events) == {"plain, noisy, trained", "wide, trained"}
    _, whole = run(project, "whole", seeds=(0, 1, 2))
    for one in record.runs:
        assert [m.imported for m in one.members] == [True, True, False]
        for name, values in one.metrics.items():
            assert values == pytest.approx(whole.run(one.name).metrics[name], rel=1e-6)
    # Figures of members whose weights are away are drawn of those that are here.
    assert {f.name for f in record.figures} == {f.name for f in whole.figures}


def test_one_whose_measure_is_another_by_now_is_trained_again(project, monkeypatch):
    kept(project)
    there = project / "kept" / NAME / "smoke" / FILE
    content = json.loads(gzip.decompress(there.read_bytes()))
    stem = next(iter(content["members"]))
    run_of, seed = content["members"][stem]["run"], content["members"][stem]["seed"]
    content["measured"][stem] = {f"{key}x": v for key, v in content["measured"][stem].items()}
    there.write_bytes(gzip.compress(json.dumps(content).encode()))
    taken(project)
    events, record = run(project)
    assert len(trained(events)) == 1
    imported = {(r.name, m.seed): m.imported for r in record.runs for m in r.members}
    assert [name for name, was in imported.items() if not was] == [(run_of, seed)]


def test_those_that_lack_a_measure_of_today_are_passed_over_in_a_line(project):
    kept(project)
    there = project / "kept" / NAME / "smoke" / FILE
    content = json.loads(gzip.decompress(there.read_bytes()))
    content["measured"] = {
        stem: {f"{key}x": value for key, value in found.items()}
        for stem, found in content["measured"].items()
    }
    there.write_bytes(gzip.compress(json.dumps(content).encode()))
    found = taken(project)
    assert (found.new, found.known, len(found.passed)) == (0, 0, 9)
    assert any("run 'plain', seed 0: squared_error of today is" in one for one in found.passed)
    folder = project / "results" / NAME / "smoke"
    assert not list((folder / "members").glob("*.safetensors"))
    assert not (folder / "record.json").exists()  # nothing would stand behind it


def test_those_of_another_spec_are_passed_over_in_a_line(project):
    kept(project)
    write(project, hidden="13")
    found = taken(project)
    assert found.new == 3  # the run that has no such layer
    assert len(found.passed) == 6
    assert "model: hidden was 12, is 13" in found.passed[0]


def test_weights_take_the_place_of_none(project):
    kept(project)
    taken(project)
    papers = {NAME: project / "benchmarks" / f"{NAME}.toml"}
    (found,) = bring([project / "theirs"], papers, settings(project))
    assert (found.new, found.known) == (9, 0)
    folder = project / "results" / NAME / "smoke" / "members"
    assert min(path.stat().st_size for path in folder.iterdir()) > 10_000


def test_seeds_are_not_lost_unless_that_is_wanted(project):
    out, _ = kept(project, seeds=(0, 1, 2))
    _, fewer = run(project, "fewer", seeds=(0, 1))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(UserError, match=r"plain, seeds 2; .*--replace"):
        keep(project / "fewer" / NAME / "smoke", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    keep(project / "fewer" / NAME / "smoke", out, replace=True)
    assert read(out / "record.json").digest == fewer.digest


def test_figures_are_not_lost_unless_that_is_wanted(project):
    out, _ = kept(project)
    file = out / FILE
    content = json.loads(gzip.decompress(file.read_bytes()))
    content["figures"] = dict.fromkeys(content["figures"], "of other code")
    file.write_bytes(gzip.compress(json.dumps(content).encode()))
    taken(project)
    events, ours = run(project)
    here = project / "results" / NAME / "smoke"
    assert not ours.figures  # they are of members without weights
    (said,) = [line for event in events for line in event.news if "not taken over" in line]
    assert said.startswith("not taken over: filters: drawn by other code")
    with pytest.raises(UserError, match=r"has not: figures \w+; .*`ae run --fresh`.*--replace"):
        keep(here, out)
    assert read(out / "record.json").figures
    keep(here, out, replace=True)
    assert not read(out / "record.json").figures


@pytest.mark.parametrize("words_in_the_key", [False, True])
def test_a_figure_whose_words_change_stays_and_says_those_of_today(project, words_in_the_key):
    out, theirs = kept(project)
    if words_in_the_key:  # as keys were until December 2026
        known = Conclusion(paper(project, "theirs"), lambda: False)._pictures
        (figure,) = known.wanted()
        words = {"title": "Filters", "caption": "All units.", "paper": "Figure 1"}
        file = out / FILE
        content = json.loads(gzip.decompress(file.read_bytes()))
        content["figures"] = {figure.name: known.key(figure, words=words)}
        file.write_bytes(gzip.compress(json.dumps(content).encode()))
    taken(project)
    for words in (["Of every unit.", "Figure 2"], ["Of each unit.", "Figure 3"]):
        write(project, caption=f'"{words[0]}"', paper=f'"{words[1]}"')
        _, ours = run(project)
        ((now,), (then,)) = ours.figures, theirs.figures
        assert [now.caption, now.paper] == words
        assert (now.digest, now.files) == (then.digest, then.files)
    write(project, rows="2")  # another picture, which nobody can draw without weights
    _, ours = run(project)
    assert not ours.figures


def test_a_figure_of_more_seeds_stays_and_one_that_was_drawn_of_some_outlives_their_weights(
    project,
):
    _, theirs = kept(project, seeds=(0, 1))
    taken(project)
    _, ours = run(project, seeds=(0, 1, 2))  # one has weights here, two had them there
    assert ours.figures[0].seeds == {"plain": [0, 1], "noisy": [0, 1]}
    assert ours.figures[0].digest == theirs.figures[0].digest
    _, ours = run(project, seeds=range(5))
    assert ours.figures[0].seeds == {"plain": [2, 3, 4], "noisy": [2, 3, 4]}
    out = project / "kept" / NAME / "smoke"
    keep(project / "results" / NAME / "smoke", out)
    papers = {NAME: project / "benchmarks" / f"{NAME}.toml"}
    bring([out], papers, settings(project, "elsewhere"))
    _, again = run(project, "elsewhere", seeds=range(5))
    assert again.figures == ours.figures


def test_a_damaged_file_is_one_line(project):
    out, _ = kept(project)
    whole = (out / FILE).read_bytes()
    for damaged in (b"{", whole[:-20], gzip.compress(b"{}"), gzip.compress(b"[1]"), b""):
        (out / FILE).write_bytes(damaged)
        with pytest.raises(UserError, match="not a file of members"):
            taken(project)
