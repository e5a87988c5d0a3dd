"""The gate: absence is no pass, an output that fails takes no other along, nothing is overwritten."""

import json
import os
import stat
import subprocess
import sys
import threading
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from command import ENVIRONMENT, ae
from made import FEW, NAME, TEN, baseline, record, store, twin
from project import ROOT, make

from ae.cli.gate import regress
from ae.errors import UserError
from ae.gate import baseline as baselines
from ae.gate import session
from ae.gate.absence import Absence, exit_code, note_absences
from ae.gate.regress import Outcome, Row
from ae.gate.show import as_json, headline
from ae.gate.speed import stored
from ae.records.speed import read as read_speed
from ae.running.happening import LeftOut
from ae.spec.read import read_spec

BASELINES = sorted((ROOT / "reports" / "baseline").glob("*.json"))


@pytest.fixture
def project(tmp_path):
    """Two specs with baselines, of which `there` holds a record of the first alone."""
    made = make(tmp_path)
    baseline(made)
    baseline(made, twin(made, "twin2021-dae"))
    store(made / "there", record())
    return made


def found(project, *arguments, **environment):
    """Exit code, standard output, the JSON, and the JUnit file's cases by their suite."""
    files = ("--json", "all.json", "--junit", "all.xml")
    code, out, _ = ae(project, "regress", "--records", "there", *arguments, *files, **environment)
    cases = ElementTree.parse(project / "all.xml").findall("testsuite/testcase")
    return code, out, json.loads((project / "all.json").read_text()), cases


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (("--strict",), 1),
        ((NAME, "twin2021-dae"), 1),
        ((NAME,), 0),
        ((NAME, "--strict"), 0),
    ],
)
def test_a_spec_without_a_record_is_a_row_and_fails_where_it_was_asked_for(
    project, arguments, code
):
    ended, out, table, cases = found(project, *arguments)
    rows = [r for r in table["rows"] if r["spec"] == "twin2021-dae"]
    assert ended == code
    assert table["red"] is bool(code)
    assert out.splitlines()[-1].startswith("RED" if code else "green")
    if NAME in arguments and "twin2021-dae" not in arguments:  # it was not asked for
        assert rows == []
        return
    said = "not compared: there has no record of it"
    assert [(r["kind"], r["word"], r["note"]) for r in rows] == [
        ("absence", "worse" if code else "undecided", said)
    ]
    assert f"note: twin2021-dae: {said}" in out
    assert out.splitlines()[-1].endswith("; 1 spec not compared")
    (case,) = [c for c in cases if c.attrib["classname"] == "twin2021-dae"]
    assert (case.find("failure") is not None) == bool(code)
    assert (case.find("skipped") is not None) != bool(code)


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 0), (("--strict",), 1), ((NAME, "twin2021-dae"), 1)]
)
def test_so_is_one_without_a_baseline(project, arguments, code):
    (project / "reports" / "baseline" / "twin2021-dae.json").unlink()
    ended, _, table, _ = found(project, *arguments)
    assert (ended, table["red"]) == (code, bool(code))
    (row,) = [r for r in table["rows"] if r["kind"] == "absence"]
    assert (row["what"], row["file"]) == ("baseline", "benchmarks/twin2021-dae.toml")


@pytest.mark.parametrize("damaged", [False, True])
def test_one_whose_baseline_does_not_fit_its_spec_is_red_and_the_others_are_compared(
    project, damaged
):
    place = project / "reports" / "baseline" / "twin2021-dae.json"
    content = json.loads(place.read_text())
    content["protocol"] = "f" * 64
    place.write_text("{" if damaged else json.dumps(content))
    ended, out, table, _ = found(project)
    assert (ended, table["red"]) == (1, True)
    (row,) = [r for r in table["rows"] if r["kind"] == "absence"]
    assert (row["spec"], row["what"], row["word"]) == ("twin2021-dae", "outdated", "worse")
    said = "not a baseline of schema" if damaged else "made by another protocol than twin2021-dae"
    assert said in row["note"]
    assert "`ae calibrate twin2021-dae` makes a new one" in out
    assert {r["spec"] for r in table["rows"] if r["kind"] == "metric"} == {NAME}


@pytest.mark.parametrize("path", BASELINES, ids=lambda path: path.stem)
def test_each_baseline_of_ours_is_of_the_protocol_that_its_spec_has(path):
    """What a change of a spec makes void is calibrated again with it; else CI compares nothing."""
    spec = ROOT / "benchmarks" / f"{path.stem}.toml"
    baselines.check(baselines.read(path), path, read_spec(spec), spec.name)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("calibrate", NAME, "--seeds", "0-3"), "--seeds: found 4 seeds; a baseline needs 10"),
        (
            ("regress", NAME, "--seeds", "100-101"),
            f"--seeds, {NAME}: seeds 100, 101 are the baseline's own",
        ),
    ],
)
def test_seeds_that_do_not_do_are_refused_before_they_are_trained(project, command, said):
    code, _, err = ae(project, *command)
    assert (code, err.count("\n")) == (2, 1)
    assert said in err
    assert not (project / "results" / NAME).exists()


def test_what_is_lacking_decides_the_exit_code():
    outcome = Outcome([])
    note_absences(outcome, [Absence("a", "data", "no data")], red=False)
    assert exit_code(outcome) == 0
    note_absences(outcome, [Absence("b", "data", "no data")], red=True)
    assert exit_code(outcome) == 3  # something outside
    assert (
        headline(outcome) == "RED: 0 comparisons of 0 specs: nothing compared; 2 specs not compared"
    )
    outcome.rows.append(Row("metric", "c", "r", "m", "", "worse", "", "f"))
    assert exit_code(outcome) == 1  # a number moved


def test_what_a_new_measurement_of_speed_lacks_is_worse():
    (path,) = (ROOT / "reports" / "published" / "perf").glob("*.json")
    old = read_speed(path)
    new = old.model_copy(update={"timings": old.timings[:0], "growth": old.growth[1:]})
    stacks = [t for t in old.timings if t.arm.startswith("stack")]
    gone = [r for _, r in stored(new, old) if r.word == "worse"]
    assert len(gone) == len(stacks) + 1
    assert {r.note for r in gone} == {"in the stored measurement and not in the new one"}
    json.loads(
        as_json(Outcome([Row("cost", "s", "", "r", "", r.word, r.note, "", rate=r) for r in gone]))
    )


def test_another_specs_record_is_named(project):
    store(project / "other", record(name="twin2021-dae"))
    for arguments, there in (((NAME,), "those of twin2021-dae"), ((), None)):
        code, _, err = ae(project, "regress", *arguments, "--records", "other")
        assert code == (2 if there else 0)
        assert there is None or err == (
            f"ae: other: found no record of tier quick of {NAME}: expected SPEC/quick*/record.json "
            f"there, and it has {there}\n"
        )
    with pytest.raises(UserError, match=r"and it has \S+there/tiny2020-dae/quick/record.json"):
        session.given([project / "there" / NAME], [NAME])
    with pytest.raises(UserError, match="and it has none at all"):
        session.given([project / "benchmarks"], [NAME])


def test_calibrate_says_which_specs_it_leaves_out(project):
    store(project / "ten", record(TEN))
    code, out, err = ae(project, "calibrate", "--from", "ten")
    assert (code, out) == (0, f"baseline: reports/baseline/{NAME}.json\n")
    assert err == "ae: no record of ten seeds or more of twin2021-dae; they get no baseline\n"


def test_an_output_that_fails_leaves_the_others_and_the_verdict(project):
    store(project / "there", record(worse=9.0))
    outside = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project / "no" / "such")}
    files = ("--json", "all.json", "--junit", "/dev/full")
    code, out, err = ae(project, "regress", NAME, "--records", "there", *files, **outside)
    assert code == 1
    assert "::error file=reports/baseline/tiny2020-dae.json" in out
    assert json.loads((project / "all.json").read_text())["red"] is True
    summary, junit = err.splitlines()
    assert summary.startswith(f"ae: warning: the step summary {project}/no/such is not written: ")
    assert junit == (
        "ae: warning: /dev/full is not written: /dev/full: cannot be written: No space left on device"
    )


def test_devices_pipes_and_links_that_a_person_names_are_written_to(project):
    os.mkfifo(project / "pipe")
    (project / "link").symlink_to("kept.json")
    (project / "kept.json").write_text("old")
    heard = []
    reader = threading.Thread(target=lambda: heard.append((project / "pipe").read_bytes()))
    reader.start()
    code, _, err = ae(project, "regress", "--records", "there", "--json", "link", "--junit", "pipe")
    reader.join(10)
    assert code == 0, err
    assert (project / "link").is_symlink()
    assert json.loads((project / "kept.json").read_text())["red"] is False
    assert stat.S_ISFIFO((project / "pipe").stat().st_mode)
    assert ElementTree.fromstring(heard[0]).tag == "testsuites"
    done = subprocess.run(
        [sys.executable, "-m", "ae", "regress", "--records", "there", "--json", "/dev/stdout"],
        cwd=project, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    table, text = done.stdout.decode().partition("{")[::2]
    assert "green: " in table  # first what is printed
    assert json.loads("{" + text)["red"] is False


@pytest.mark.parametrize(
    "place", ["/proc/ae/x.json", "benchmarks", "benchmarks/tiny2020-dae.toml/x"]
)
def test_what_cannot_be_written_is_refused_before_anything_is_trained(project, place):
    code, _, err = ae(project, "regress", NAME, "--json", place)
    assert code == 2
    assert "Invalid value for '--json'" in err
    assert "train" not in err
    assert not (project / "results").exists()


def test_a_baseline_that_cannot_be_written_is_refused_before_anything_is_trained(project):
    place = project / "reports" / "baseline" / f"{NAME}.json"
    place.unlink()
    place.mkdir()
    code, _, err = ae(project, "calibrate", NAME)
    assert (code, err) == (3, f"ae: {place}: cannot be written: Is a directory\n")
    assert not (project / "results").exists()


def test_seeds_of_the_baseline_are_no_record_to_compare(project):
    store(project / "there", record(FEW[:0] + TEN, name="twin2021-dae"))
    code, out, _ = ae(project, "regress", "--records", "there", "--strict")
    assert code == 1
    assert "note: twin2021-dae: not compared: there has no record of it" in out


def trained(kind: str):
    """In the place of what trains: a record of every spec but the twin, of which nothing comes."""

    def made(library, names, seeds, device, jobs, left):
        for name in names:
            if name == NAME:
                yield library.spec(NAME), record(), None
            else:
                left[name] = LeftOut(name, kind, "its process was ended by SIGKILL")

    return made


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 0), (["--strict"], 3), (["twin2021-dae", NAME], 3), ([NAME], 0)]
)
def test_a_spec_whose_data_are_not_at_hand_fails_where_it_was_asked_for(
    project, monkeypatch, arguments, code
):
    monkeypatch.chdir(project)
    monkeypatch.setattr("ae.cli.gate.made_now", trained("MissingData"))
    done = CliRunner().invoke(
        regress, [*arguments, "--json", "all.json", "--no-github", "--no-same"]
    )
    assert done.exit_code == code, done.output
    table = json.loads((project / "all.json").read_text())
    assert table["red"] is bool(code)
    absent = [(r["spec"], r["note"]) for r in table["rows"] if r["kind"] == "absence"]
    wanted = [("twin2021-dae", "not compared: its data are not at hand")]
    assert absent == ([] if arguments == [NAME] else wanted)


def test_a_spec_whose_process_died_leaves_the_others_their_verdicts(project, monkeypatch):
    """The whole gate ended with exit code 3, without a table, JSON or JUnit file."""
    monkeypatch.chdir(project)
    monkeypatch.setattr("ae.cli.gate.made_now", trained("OutsideError"))
    done = CliRunner().invoke(regress, ["--json", "all.json", "--no-github", "--no-same"])
    assert done.exit_code == 3, done.output
    table = json.loads((project / "all.json").read_text())
    assert {r["spec"] for r in table["rows"]} == {NAME, "twin2021-dae"}
    (row,) = [r for r in table["rows"] if r["kind"] == "absence"]
    assert (row["what"], row["word"]) == ("run", "worse")
    assert row["note"] == "not compared: its process was ended by SIGKILL"
