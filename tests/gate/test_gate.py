"""The gate on made-up records: what it compares, refuses, and says to people and machines."""

import io
import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import ae
from project import ON_TRAIN, ROOT, make, write
from rich.console import Console
from tried import BASELINE, ENVIRONMENT, TEN, judged, record

from ae.cli.gate_training import more_seeds
from ae.errors import UserError
from ae.gate import baseline as baselines
from ae.gate import session
from ae.gate.baseline import Usage, protocol
from ae.gate.calibration import from_record, from_records
from ae.gate.github import annotations
from ae.gate.junit import junit
from ae.gate.regress import Outcome, Row, Trial, regress
from ae.gate.show import as_json, headline, markdown, show
from ae.gate.speed import spent, stored
from ae.gate.weak import Watched, weak
from ae.library import Library
from ae.records.record import read as read_record
from ae.records.record import write as write_record
from ae.records.speed import read as read_speed
from ae.running.happening import Recorded
from ae.running.settings import Settings
from ae.running.state import Request
from ae.running.suite import Suite
from ae.spec import read as reading


def words(outcome: Outcome) -> dict[str, str]:
    return {row.name: row.word for row in outcome.rows if row.kind != "cost"}


def test_a_clean_record_is_green():
    outcome = judged(record())
    assert set(words(outcome)) == {f"{r}: squared_error" for r in ("plain", "noisy", "wide")}
    assert not outcome.red
    assert outcome.notes == []


def test_a_worse_run_is_red_and_a_better_one_is_not():
    assert words(judged(record(move={"wide": 8.0})))["wide: squared_error"] == "worse"
    better = judged(record(move={"wide": -5.0}))
    assert (words(better)["wide: squared_error"], better.red) == ("better", False)


def test_a_difference_of_large_numbers_moves_by_their_rounding_and_nothing_is_said():
    """0.00003 nats between two numbers of 95, as one processor has it, are 0.0001 on another."""
    name = "lucas2019-linear-vae"
    path = ROOT / "reports" / "baseline" / f"{name}.json"
    found = read_record(ROOT / "reports" / "published" / name / "quick" / "record.json")

    def word(by):
        runs = [
            r.model_copy(
                update={"metrics": {**r.metrics, "gap": [v - by for v in r.metrics["gap"]]}}
            )
            if r.name == "aligned"
            else r
            for r in found.runs
        ]
        moved = found.model_copy(update={"runs": runs})
        return words(regress([Trial(moved, baselines.read(path), path)]))["aligned: gap"]

    old = baselines.read(path).run("aligned").metrics["gap"]
    assert max(old) == min(old)
    assert max(found.run("aligned").metrics["gap"]) < 2 * max(old) < 0  # another machine's
    assert [word(by) for by in (0.0, 0.001)] == ["unchanged", "worse"]


def test_a_metric_that_an_exact_claim_pins_has_no_direction():
    claim = {
        "id": "pinned", "kind": "exact", "statement": "s", "run": "wide", "value": 20.0, "unit": "",
        "metric": "squared_error", "tolerance": 9.0, "tolerance_reason": "r", "source": "s",
        "status": "read", "primary": False, "tiers": ["quick"],
    }  # fmt: skip
    new = record(move={"wide": -5.0})
    new = new.model_copy(update={"spec": new.spec | {"claim": [claim]}})
    assert words(judged(new))["wide: squared_error"] == "worse"


def test_a_doubt_is_settled_by_more_seeds():
    """8 spreads in one of three runs, three seeds: red at once; 2.5: a doubt, which seven settle."""
    path = Path("reports/baseline/tiny2020-dae.json")

    def trial(seeds, away):
        return Trial(record(seeds, move={"wide": away}), BASELINE, path)

    first = regress([trial((0, 1, 2), 2.5)], again=())
    assert (first.red, first.suspects) == (False, ["tiny2020-dae"])
    assert regress([trial((0, 1, 2), 8.0)], again=()).red
    later = regress([trial((0, 1, 2), 2.5)], again=[trial(range(7), 2.5)])
    assert (words(later)["wide: squared_error"], later.suspects) == ("worse", [])
    (row,) = later.of("worse")
    assert row.movement.seeds == (10, 7)
    clean = regress([trial((0, 1, 2), 2.5)], again=[trial(range(7), 0.0)])
    assert (clean.red, clean.suspects) == (False, [])


def test_the_next_seeds_are_no_baselines():
    assert more_seeds((200, 201, 202), range(204, 206)) == (200, 201, 202, 203, 206, 207, 208)


def test_a_spec_that_is_watched_with_less_power_is_named_with_what_it_needs():
    specs = [Watched("few", 10, 3, 20), Watched("many", 10, 3, 1000)]
    (note,) = weak(specs, looks=2)
    assert "few" not in note.split(" in ")[-1]
    assert re.search(r"many \(\d\d%; \d\d seeds of its baseline would do\)", note)
    (alone,) = weak(specs, looks=1)
    assert "few (" in alone
    assert list(weak(specs[:1], looks=2)) == []


def test_other_data_are_red():
    changed = [record().data[0].model_copy(update={"sha256": "1" * 64})]
    outcome = judged(record(data=changed))
    (row,) = outcome.of("worse")
    assert (row.what, row.note) == (
        "data mnist/train",
        "sha256 000000000000 in the baseline, 111111111111 now",
    )


def test_a_run_or_metric_that_is_gone_is_red_and_a_new_one_is_said():
    new = record()
    gone = judged(new.model_copy(update={"runs": new.runs[:2]}))
    assert words(gone)["wide: run"] == "worse"
    bare = new.runs[2].model_copy(update={"metrics": {}})
    assert (
        words(judged(new.model_copy(update={"runs": [*new.runs[:2], bare]})))["wide: squared_error"]
        == "worse"
    )
    fresh = BASELINE.model_copy(update={"runs": BASELINE.runs[:2]})
    outcome = judged(new, fresh)
    assert not outcome.red
    assert outcome.notes == ["tiny2020-dae: no baseline for squared_error of wide"]


def test_a_seed_used_twice_is_red_within_a_record_and_across():
    new = record()
    new.runs[0].metrics["squared_error"][2] = new.runs[0].metrics["squared_error"][0]
    (row,) = judged(new).of("worse")
    assert row.note == "seed 2 gave what seed 0 gave, to the last bit: squared_error"
    new = record()
    new.runs[0].metrics["squared_error"][1] = BASELINE.runs[0].metrics["squared_error"][4]
    (row,) = judged(new).of("worse")
    assert (
        row.note == "seed 1 gave what seed 104 of the baseline gave, to the last bit: squared_error"
    )


def test_equal_values_of_a_metric_that_counts_are_no_seed_used_twice():
    old, new = BASELINE.model_copy(deep=True), record()
    old.runs[0].metrics["squared_error"][:] = [i / 60 for i in range(10)]
    new.runs[0].metrics["squared_error"][:] = [4 / 60, 4 / 60, 5 / 60]
    assert not judged(new, old).red


def test_seeds_of_the_baseline_and_other_tiers_are_refused():
    with pytest.raises(
        UserError, match=r"seeds 100, 101 are the baseline's own; .*--seeds 200-202"
    ):
        judged(record((100, 101, 3)))
    with pytest.raises(UserError, match="found tier paper; the baseline is of quick"):
        judged(record(tier="paper"))


def test_too_few_seeds_uneven_ones_and_other_tiers_make_no_baseline():
    with pytest.raises(UserError, match="found 3 seeds; a baseline needs 10: --seeds 100-109"):
        from_record(record())
    with pytest.raises(UserError, match="found tier smoke; a baseline needs quick"):
        from_record(record(TEN, tier="smoke"))
    odd = record(TEN)
    odd.runs[1].seeds[0] = 7
    with pytest.raises(UserError, match="its runs have different seeds"):
        from_record(odd)


@pytest.mark.parametrize(
    ("found", "changed", "message"),
    [
        ("[100, 101,", "[101, 101,", "a seed is there twice"),
        ('"metrics": {\n    "squared_error": [', '"metrics": {\n    "squared_error": [1.0, ',
         "plain: squared_error: found 11 values of 10 seeds"),
        ('"seeds": [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]', '"seeds": []',
         "seeds: List should have at least 10 items"),
        ('"yardstick": 0.5', '"yardstick": 0', "usage.yardstick: Input should be greater than 0"),
        ('"cpu": 3.0', '"cpu": NaN', "usage.cpu: "),
    ],
)  # fmt: skip
def test_a_damaged_baseline_is_refused_in_one_line(tmp_path, found, changed, message):
    path = tmp_path / "tiny.json"
    usage = Usage(cpu=3.0, wall=2.0, peak_mib=100.0, yardstick=0.5)
    baselines.write(from_record(record(TEN), usage), path)
    text = path.read_text()
    assert found in text
    path.write_text(text.replace(found, changed, 1))
    with pytest.raises(UserError) as refused:
        baselines.read(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_records_with_different_seeds_make_one_baseline_together():
    newest, older = record(TEN[4:], diverged={105: "loss"}), record(range(6))
    older.runs[1].seeds[5] = 9  # so that 5 is not a seed of all runs
    both = from_records([newest, older])
    assert both.seeds == [*TEN[4:], 0, 1, 2, 3, 4]
    for run, new, old in zip(both.runs, newest.runs, older.runs, strict=True):
        expected = new.metrics["squared_error"] + old.metrics["squared_error"][:5]
        assert run.metrics["squared_error"] == expected
        assert run.seconds == pytest.approx(new.seconds + old.seconds)
        assert run.diverged == {105: "loss"}
    assert both.seconds == 2.0
    assert from_records([record(TEN), record((0, 100, 101))]).seeds == [*TEN, 0]


def test_records_of_another_protocol_or_torch_make_no_baseline_together():
    other = ENVIRONMENT.model_copy(update={"versions": {"torch": "2.14.0", "numpy": "2.4.0"}})
    with pytest.raises(UserError, match="another protocol, other data or versions"):
        from_records([record(TEN[:5]), record(TEN[5:], environment=other)])
    with pytest.raises(UserError, match="found 5 seeds; a baseline needs 10"):
        from_records([record(TEN[:5]), record(TEN[:3])])


@pytest.mark.parametrize("library", ["torch", "numpy", "scipy", "scikit-learn"])
def test_another_version_of_what_computes_a_value_is_named(library):
    new = ENVIRONMENT.model_copy(update={"versions": {**ENVIRONMENT.versions, library: "0.1"}})
    (note,) = judged(record(environment=new)).notes
    was = ENVIRONMENT.versions.get(library)
    assert note == f"tiny2020-dae: the baseline was made elsewhere: {library} {was} there, 0.1 here"


def test_a_baseline_is_written_and_read_as_it_was(tmp_path):
    odd = BASELINE.model_copy(deep=True)
    odd.runs[0].metrics["squared_error"][0] = math.nan
    odd.runs[0].metrics["squared_error"][1] = math.inf
    odd.runs[0].diverged[100] = 'a "loss"'
    path = tmp_path / "tiny.json"
    baselines.write(odd, path)
    assert baselines.read(path).model_dump_json() == odd.model_dump_json()
    path.write_text(path.read_text().replace('"tier": "quick"', '"tier": 3'))
    with pytest.raises(
        UserError, match=r"tiny.json: not a baseline of schema 1: tier: .*calibrate"
    ):
        baselines.read(path)


def test_a_protocol_is_what_is_trained_and_measured_and_not_how_it_is_told(tmp_path):
    (tmp_path / "benchmarks").mkdir()

    def of(**replacements):
        return protocol(reading.read_spec(write(tmp_path, **replacements)), "quick", "here")

    same = of()
    assert BASELINE.protocol == same
    assert of(title='"Another"', caption='"other"', margin="2.0", seeds='"7-9"') == same
    for change in ({"epochs": "5"}, {"corruption": "0.1"}, {"limit": "640"}, {"hidden": "13"}):
        assert of(**change) != same
    assert of(squared_error=ON_TRAIN) != same


def test_time_and_memory_are_ratios_that_only_like_machines_can_fail():
    usage = Usage(cpu=100.0, wall=100.0, peak_mib=500.0, yardstick=0.1)
    old = BASELINE.model_copy(update={"usage": usage})

    def found(cpu, peak=500.0, yardstick=0.1, **elsewhere):
        new = record(environment=ENVIRONMENT.model_copy(update=elsewhere))
        used = Usage(cpu=cpu, wall=cpu, peak_mib=peak, yardstick=yardstick)
        return [(round(r.ratio, 3), r.word) for r in spent(new, old, used)]

    assert found(40.0) == [(1.0, "unchanged"), (1.0, "unchanged")]
    assert found(128.0, 800.0) == [(3.2, "worse"), (1.6, "worse")]
    assert found(128.0, yardstick=0.2) == [(1.6, "unchanged"), (1.0, "unchanged")]
    assert found(128.0, 800.0, processor="B") == [(3.2, "undecided"), (1.6, "undecided")]
    assert judged(record(), old, Usage(cpu=128.0, wall=128.0, peak_mib=None, yardstick=0.1)).red
    slow = record()
    slow.runs[0] = slow.runs[0].model_copy(update={"seconds": 43.0})  # 0.3 each, 10 for all
    (clock,) = spent(slow, BASELINE, None)
    assert (clock.what, clock.word) == ("training time", "undecided")
    assert clock.ratio == pytest.approx(43.6 / 10.9)


def test_a_baseline_is_trained_and_compared_with(tmp_path, one_thread):
    project = make(tmp_path)
    path = project / "benchmarks" / "tiny2020-dae.toml"

    def made(seeds):
        settings = Settings(library=Library.at(project), tier="quick", seeds=seeds, exact=True)
        happened = Suite([Request(path, settings)], lambda: False, jobs=0).run()
        (found,) = [h for h in happened if isinstance(h, Recorded)]
        return read_record(found.record), found.usage

    place = session.calibrated(Library.at(project), *made(TEN))
    old = baselines.read(place)
    assert old.seeds == list(TEN)
    assert old.usage is not None
    assert old.usage.cpu > 0.1
    assert 50 < old.usage.peak_mib < 20_000
    known, _ = session.with_baseline(Library.at(project), [path])
    record, usage = made((0, 1, 2))
    trial = session.tried(Library.at(project), record, known[path], usage)
    outcome = regress([trial])
    assert not outcome.red
    assert [r.what for r in outcome.rows][-2:] == ["CPU time", "peak of memory"]
    record, usage = made((0, 1, 2))
    again = session.tried(Library.at(project), record, known[path], usage)
    assert (again.record.digest, again.usage) == (trial.record.digest, None)  # nothing was spent


def test_a_measurement_of_speed_is_compared_with_the_stored_one():
    (path,) = (ROOT / "reports" / "published" / "perf").glob("*.json")
    old = read_speed(path)
    assert {r.word for _, r in stored(old, old)} == {"unchanged"}
    assert all(r.ratio == pytest.approx(1) for _, r in stored(old, old))
    slow = [
        t.model_copy(update={"seconds": [2 * s for s in t.seconds]})
        if (t.workload, t.arm) == ("aevb", "stack-10")
        else t
        for t in old.timings
    ]
    big = [c.model_copy(update={"peak_mib": 1.3 * c.peak_mib}) for c in old.growth[:1]]
    new = old.model_copy(update={"timings": slow, "growth": big + old.growth[1:]})
    worse = [(w, round(r.ratio, 6)) for w, r in stored(new, old) if r.word == "worse"]
    assert worse == [("aevb", 2.0), ("growth", 1.3)]
    other = old.machine.model_copy(update={"processor": "B"})
    elsewhere = new.model_copy(update={"machine": other})
    assert {r.word for _, r in stored(elsewhere, old)} == {"unchanged", "undecided"}
    halved = new.model_copy(update={"peaks": [p / 2 for p in old.peaks]})  # a machine half as fast
    assert [w for w, r in stored(halved, old) if r.word == "worse"] == ["growth"]


NASTY = 'a|b `c` <d> & "e"\x00\x1b, 100 %: f\nsecond'


@pytest.fixture(scope="module")
def nasty() -> Outcome:
    rows = judged(record(move={"wide": 8.0})).rows
    rows.append(Row("structure", NASTY, NASTY, NASTY, "", "worse", NASTY, "a,b:c.json"))
    return Outcome(rows, [NASTY])


def test_the_junit_file_parses_with_a_case_for_each_comparison(nasty):
    suites = ElementTree.fromstring(junit(nasty))
    cases = suites.findall("testsuite/testcase")
    assert suites.tag == "testsuites"
    assert len(cases) == len(nasty.rows) == int(suites.attrib["tests"])
    assert len(suites.findall("testsuite/testcase/failure")) == 2 == int(suites.attrib["failures"])
    undecided = [r for r in nasty.rows if r.word == "undecided"]
    assert len(suites.findall("testsuite/testcase/skipped")) == len(undecided)
    names = {case.attrib["name"] for case in cases}
    assert "wide squared_error" in names
    assert any('a|b `c` <d> & "e"\N{REPLACEMENT CHARACTER}' in name for name in names)


def unescape(text: str) -> str:
    """As GitHub's runner does, actions/runner ActionCommand.cs; `%25` last."""
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_annotations_are_one_line_each_and_say_it_back(nasty):
    lines = list(annotations(nasty))
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::notice"]
    assert not any("\n" in line or "\r" in line for line in lines)
    head, _, message = lines[1].removeprefix("::error ").partition("::")
    properties = dict(piece.split("=", 1) for piece in head.split(","))
    assert unescape(properties["file"]) == "a,b:c.json"
    assert unescape(properties["title"]) == f"{NASTY}: {NASTY}: {NASTY} is worse"
    assert unescape(message) == NASTY


def test_many_alarms_are_ten_annotations_of_which_one_counts_the_rest():
    row = Row("structure", "s", "r", "m", "", "worse", "n", "f")
    lines = list(annotations(Outcome([row] * 25)))
    assert len(lines) == 10
    assert lines[-1] == "::error title=ae regress::RED: 25 comparisons of 1 spec: 25 worse"


def test_the_summary_holds_markdown_apart(nasty):
    text = markdown(nasty)
    row = next(line for line in text.splitlines() if line.startswith("| a"))
    assert row.count("|") - row.count("\\|") == 6
    assert "\\`c\\` &lt;d> &amp;" in row
    assert text.startswith("## Regression gate: RED: ")


def test_the_json_is_strict_and_holds_every_number(nasty):
    table = json.loads(as_json(nasty), parse_constant=pytest.fail)
    assert table["red"] is True
    assert len(table["rows"]) == len(nasty.rows)
    (wide,) = [r for r in table["rows"] if (r["run"], r["what"]) == ("wide", "squared_error")]
    assert wide["word"] == "worse"
    assert wide["p"] <= 0.05
    assert wide["difference"] < -5
    assert wide["seeds"] == [10, 3]


def test_what_looks_like_markup_is_printed_as_it_is():
    text = "a [red]b[/red] c[/]"
    row = Row("structure", text, text, text, "", "worse", text, "f")
    console = Console(width=400, file=io.StringIO())
    show(Outcome([row], [text]), console, everything=False)
    assert console.file.getvalue().count(text) == 5


def test_the_headline_counts():
    assert headline(Outcome([])) == "green: 0 comparisons of 0 specs: nothing compared"


def store(folder, made, name):
    write_record(made, folder / "tiny2020-dae" / name / "record.json")


def test_calibrate_and_regress_from_records(tmp_path):
    project = make(tmp_path)
    results, clean, bad = (tmp_path / n for n in ("calibration", "clean", "bad"))
    store(results, record(TEN), "quick-seeds-x")
    store(results, record(), "quick")
    store(clean, record(), "quick")
    store(clean, record(TEN), "quick-seeds-x")
    store(bad, record(move={"wide": 8.0}), "quick")
    code, _, err = ae(project, "regress", "--records", "clean")
    assert (code, err) == (2, "ae: no baseline for tiny2020-dae; `ae calibrate` makes them\n")
    code, out, err = ae(project, "calibrate", "--from", "calibration")
    assert (code, out) == (0, "baseline: reports/baseline/tiny2020-dae.json\n"), err
    code, out, err = ae(project, "regress", "--records", "clean")
    assert code == 0, err
    assert out.splitlines()[-1].startswith("green: 4 comparisons of 1 spec: ")
    summary = tmp_path / "summary.md"
    outside = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    files = ("--junit", "out/junit.xml", "--json", "out/all.json")
    code, out, err = ae(project, "regress", "--records", "bad", *files, **outside)
    assert code == 1, err
    assert "::error file=reports/baseline/tiny2020-dae.json,title=tiny2020-dae%3A wide" in out
    assert "### worse (1)" in summary.read_text()
    assert ElementTree.parse(tmp_path / "out" / "junit.xml").getroot().attrib["failures"] == "1"
    assert json.loads((tmp_path / "out" / "all.json").read_text())["counts"]["worse"] == 1
    write(project, epochs="5")
    code, _, err = ae(project, "regress", "--records", "clean")
    assert code == 2
    assert err.count("\n") == 1
    assert "made by another protocol than tiny2020-dae.toml has now" in err
    assert "`ae calibrate tiny2020-dae` makes a new one" in err


def test_calibrate_puts_the_records_of_several_folders_together(tmp_path):
    project = make(tmp_path)
    store(tmp_path / "new", record(TEN[:5]), "quick-seeds-x")
    store(tmp_path / "old", record(range(5)), "quick")
    code, _, err = ae(project, "calibrate", "tiny2020-dae", "--from", "new")
    assert (code, err) == (2, "ae: no record of ten seeds or more of tiny2020-dae\n")
    code, out, err = ae(project, "calibrate", "--from", "new", "--from", "old")
    assert (code, out) == (0, "baseline: reports/baseline/tiny2020-dae.json\n"), err
    made = baselines.read(project / "reports" / "baseline" / "tiny2020-dae.json")
    assert sorted(made.seeds) == [*range(5), *TEN[:5]]


def test_a_spec_without_a_baseline_is_said_and_fails_only_if_asked(tmp_path):
    project = make(tmp_path)
    store(tmp_path / "calibration", record(TEN), "quick-seeds-x")
    store(tmp_path / "clean", record(), "quick")
    assert ae(project, "calibrate", "--from", "calibration")[0] == 0
    twin = project / "benchmarks" / "twin2021-dae.toml"
    twin.write_text((project / "benchmarks" / "tiny2020-dae.toml").read_text())
    code, out, _ = ae(project, "regress", "--records", "clean")
    assert code == 0
    said = "note: twin2021-dae: not compared: no baseline; `ae calibrate SPEC` makes one"
    assert said in out
    assert ae(project, "regress", "--records", "clean", "--strict")[0] == 1
