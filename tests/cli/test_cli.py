"""The command as a person meets it: output, exit codes, one line for a mistake."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from command import ALONE, ENVIRONMENT, SMOKE, ae
from project import ROOT, make, write

from ae.cli.main import cli
from ae.data.manifest import find_manifest, find_source
from ae.library import Library
from ae.records.record import read
from ae.records.record import write as write_record
from ae.spec.read import read_spec
from ae.spec.tiers import cells as read_cells


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    return make(folder)


def spent():
    """Seconds of a core, not of a clock, that commands took so far: others may be at work, too."""
    times = os.times()
    return times.children_user + times.children_system


def test_help_teaches_and_is_quick(project):
    times = []
    for _ in range(3):
        start = spent()
        code, out, _ = ae(project, "--help", fresh=True)
        times.append(spent() - start)
    assert code == 0
    for word in ("list", "check", "fetch", "run", "report", "sync", "Exit codes"):
        assert word in out
    assert "\n  ae list  " in out  # a line a command
    assert min(times) < 0.3


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_help(project, command):
    code, out, _ = ae(project, command, "--help")
    assert code == 0
    assert len(out.splitlines()) > 4


def test_a_spec_is_run_judged_and_reported_and_then_recognised(project):
    code, out, err = ae(project, *SMOKE)
    assert code == 0, err
    assert "noise-hurts" in out
    assert "INCONCLUSIVE" in out or "REPRODUCED" in out
    assert "report: results/report/index.html" in out
    record = read(project / "results/tiny2020-dae/smoke/record.json")
    page = (project / "results/report/tiny2020-dae-smoke.html").read_text()
    assert record.digest[:12] in page
    assert "OMP_WAIT_POLICY=PASSIVE" in record.environment.thread_policy
    assert record.environment.threads == 1
    code, out, err = ae(project, *SMOKE)
    assert code == 0
    assert "already done" in err
    assert "train:" not in err


def test_a_report_is_compared_with_what_is_named(project):
    code, _, err = ae(project, *ALONE)  # done already, unless this test runs alone
    assert code == 0, err
    code, _, err = ae(project, "report", "--no-pdf", "--against", "results")
    assert code == 0, err
    summary = (project / "results" / "report" / "summary.md").read_text()
    assert "## What moved since results\n\nNothing can have" in summary
    code, _, err = ae(project, "report", "--no-pdf", "--against", "nonsense")
    assert code == 2
    assert err.startswith("ae: 'nonsense' is no folder, no git revision of ")
    assert err.count("\n") == 1


def test_a_published_record_is_verified_and_a_tampered_one_found_out(project, tmp_path):
    code, _, err = ae(project, *ALONE)  # done already, unless this test runs alone
    assert code == 0, err
    made = project / "results" / "tiny2020-dae" / "smoke"
    place = project / "reports" / "published" / "tiny2020-dae" / "smoke"
    shutil.copytree(made, place)
    record = read(made / "record.json")
    code, out, err = ae(project, "verify", "tiny2020-dae", "--tier", "smoke")
    assert (code, out) == (0, "tiny2020-dae, smoke tier: 9 values, equal bit for bit\n"), err
    assert not list((project / "results" / "verify").glob("*/*"))
    value = record.run("wide").metrics["squared_error"][2]
    record.run("wide").metrics["squared_error"][2] = value * 1.01
    write_record(record.model_copy(update={"spec_digest": "0" * 64}), place / "record.json")
    code, out, _ = ae(
        project, "verify", "tiny2020-dae", "--tier", "smoke", OMP_WAIT_POLICY="ACTIVE"
    )
    assert code == 1
    found, spec, policy, summary = out.splitlines()
    there = f"{value * 1.01!r} there, {value!r} here"
    assert found == f"  DIFFERENT: squared_error of wide, seed 2: {there}, 0.0099 of it"
    assert spec.startswith("  provenance: spec: 000000000000 there, ")
    assert "OMP_WAIT_POLICY=PASSIVE" in policy.partition(" there, ")[0]
    assert "OMP_WAIT_POLICY=ACTIVE" in policy.partition(" there, ")[2]
    assert summary == "tiny2020-dae, smoke tier: 9 values, different"
    shutil.rmtree(place)
    code, _, err = ae(project, "verify", "tiny2020-dae", "--tier", "smoke")
    assert code == 2
    shown = "reports/published/tiny2020-dae/smoke/record.json"
    assert err.startswith(f"ae: {shown}: found no published record of tiny2020-dae, tier smoke; ")


def test_with_the_server_away_the_run_completes_and_sync_sends_it_later(tmp_path, closed_port):
    project = make(tmp_path)
    away = f"http://127.0.0.1:{closed_port}"
    code, out, err = ae(project, *SMOKE[:-1], MLFLOW_TRACKING_URI=away)
    assert code == 0, err
    assert "report: results/report/index.html" in out
    (warning,) = [line for line in err.splitlines() if "warning" in line]
    assert away in warning
    assert "ae sync" in warning
    for expected in ("1 record sent", "0 records sent"):
        code, out, err = ae(project, "sync")
        assert code == 0, err
        assert out.startswith(expected)
    with sqlite3.connect(project / "results" / "mlflow.db") as store:
        names = [n for (n,) in store.execute("select name from runs")]
        tags = dict(store.execute("select key, value from tags where key like 'verdict.%'"))
    assert len(names) == 1 + 9
    assert "noisy seed 2" in names
    assert {"verdict.noise-hurts", "verdict.headline"} <= set(tags)


def test_list_and_check(project):
    code, out, _ = ae(project, "list")
    assert code == 0
    assert "tiny2020-dae" in out
    assert "3 runs, 1 claim, data mnist" in out
    code, out, _ = ae(project, "check")
    assert (code, out.strip()) == (0, "all specs and manifests are sound")


def test_fetch_finds_what_is_embedded(project):
    code, out, _ = ae(project, "fetch", "mnist", "--offline")
    assert code == 0
    assert out.strip() == "mnist: 4 files, sha256 verified"


def test_fetch_says_that_a_generated_set_has_no_files(project):
    code, out, _ = ae(project, "fetch", "rectangles", "--offline")
    assert (code, out.strip()) == (0, "rectangles: generated, without files")


def test_the_plan_is_shown_and_nothing_is_trained(project, tmp_path):
    other = make(tmp_path)
    code, out, _ = ae(other, "run", "--tier", "smoke", "--plan")
    assert code == 0
    assert "to train: plain (0-2), noisy (0-2): 40 steps, " in out
    assert re.search(r"training in all: about \d+ (s|min) of one core", out)
    assert not list(other.glob("results/*/*/record.json"))
    kept = json.loads((other / "results/prices-smoke.json").read_text())
    assert kept["papers"]["tiny2020-dae"]["claims"]["noise-hurts"] >= 0
    (other / "results/prices-smoke.json").unlink()
    assert ae(other, "run", "--tier", "smoke", "--plan", "--seeds", "0")[0] == 0
    assert not (other / "results/prices-smoke.json").exists()  # of a part of the tier: not kept


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "tiny2021"), 2, "tiny2020-dae"),
        (("run", "--tier", "huge"), 2, "'huge' is not one of"),
        (("run", "--seeds", "0-2,1"), 2, "gives a seed twice"),
        (("run", "--seeds", "\u00b2"), 2, "found '\u00b2'; expected numbers and ranges"),
        (("run", "--seeds", "5-1,7"), 2, "found '5-1', an empty range; expected 1-5"),
        (("run", "--seeds", "0-9999999999"), 2, "expected at most 10000 seeds"),
        (("run", "--seeds", "a"), 2, "found 'a'"),
        (("run", "--device", "cuda"), 3, "no CUDA device"),
        (("run", "--set", "train.seeds"), 2, "--set train.seeds: expected KEY=VALUE, the value as"),
        (
            ("run", "--tier", "smoke", "--set", "train.seeds=0-5"),
            2,
            "text stands in quotes there, which a shell takes away: --set 'train.seeds=\"0-5\"'",
        ),
        (
            ("run", "--tier", "smoke", "--set", "train.stages.fit.epochs=two"),
            2,
            "--set 'train.stages.fit.epochs=\"two\"'",
        ),
        (
            ("run", "--tier", "smoke", "--set", 'train.stages.fit.epochs="two"'),
            2,
            "ae: --set: tiny2020-dae.toml: [tier.smoke.run.plain]: train.stages.fit.epochs: ",
        ),
        (("fetch", "mnits"), 2, "mnist"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(project, arguments, code, message):
    if "cuda" in arguments:
        torch = pytest.importorskip("torch")
        if torch.cuda.is_available():
            pytest.skip("this machine has CUDA")
    found, _, err = ae(project, *arguments)
    assert found == code
    assert message in err
    assert len([line for line in err.splitlines() if line.startswith(("ae:", "Error:"))]) == 1


def test_a_change_that_fits_one_of_two_papers_is_refused_before_anything_is_trained(tmp_path):
    """The other was trained, and then the exit code was that of a paper left out."""
    project = make(tmp_path)
    text = (project / "benchmarks/tiny2020-dae.toml").read_text()
    other = text.replace("stages.fit]", "stages.learn]").replace('["fit"]', '["learn"]')
    (project / "benchmarks/tiny2021-dae.toml").write_text(other)
    names = ("tiny2020-dae", "tiny2021-dae")
    for order in (names, names[::-1]):
        for more in ((), ("--plan",)):
            call = (*ALONE, *order, "--set", "train.stages.fit.epochs=1", *more)
            code, out, err = ae(project, *call)
            assert (code, out) == (2, "")
            assert err == (
                "ae: --set: tiny2021-dae.toml: [tier.smoke.run.plain]: train.stages.fit: "
                "no such key to override; there are learn\n"
            )
    assert not (project / "results").exists()


def test_where_nothing_can_be_planned_no_claim_is_said_to_be_closed(project):
    code, out, err = ae(project, *ALONE, "--plan", "--set", 'data.train="nope"')
    assert (code, out) == (2, "")
    assert "no split 'nope'" in err


def test_a_misspelt_key_stops_the_run_and_is_named(tmp_path):
    project = make(tmp_path)
    path = write(project, hidden="12\nhiden = 3")
    code, _, err = ae(project, *ALONE)
    assert code == 2
    assert re.fullmatch(
        r"ae: benchmarks/tiny2020-dae.toml: \[model\]: unknown key 'hiden'.*hidden.*", err.strip()
    ), err
    assert path.exists()


def test_outside_a_project_the_checkout_of_the_package_is_used(tmp_path):
    code, out, err = ae(tmp_path, "list")
    assert (code, err) == (0, "")
    assert "hinton2006-deep-autoencoder" in out


def test_a_report_without_records_says_what_makes_one(tmp_path):
    code, _, err = ae(make(tmp_path), "report", "--no-pdf")
    assert code == 2
    assert "found no record; `ae run` makes one" in err


def test_enforce_fails_on_a_short_primary_claim_and_only_then(tmp_path):
    project = make(tmp_path)
    write(project, higher='"plain"', lower='"noisy"', seeds='"0-4"')
    code, out, _ = ae(project, *ALONE)
    assert code == 0
    assert "SHORT" in out
    code, _, err = ae(project, *ALONE, "--enforce")
    assert code == 1
    assert "enforced claims are SHORT: noise-hurts" in err


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "ae: tiny2020-dae: checkpoint written; run again to go on"),
        (
            signal.SIGTERM,
            143,
            "ae: terminated (SIGTERM): tiny2020-dae: checkpoint written; run again to go on",
        ),
    ],
)
def test_an_interrupted_command_resumes_to_the_same_digest(tmp_path, number, code, said):
    project = make(tmp_path)
    write(project, epochs="40")
    started = subprocess.Popen(
        [sys.executable, "-m", "ae", *SMOKE],
        cwd=project,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in started.stderr:
        if "train:" in line:
            break
    time.sleep(0.25)  # of the seconds that training takes
    started.send_signal(number)
    _, err = started.communicate(timeout=300)
    assert started.returncode == code
    assert err.splitlines()[-1] == said
    assert len(re.findall("^ae: ", err, re.MULTILINE)) == (2 if number == signal.SIGINT else 1)
    assert len(list(project.glob("results/*/smoke/checkpoints/*.safetensors"))) == 1
    code, _, _ = ae(project, *ALONE)
    assert code == 0
    resumed = read(project / "results/tiny2020-dae/smoke/record.json")
    code, _, _ = ae(project, *ALONE, "--fresh")
    assert code == 0
    assert read(project / "results/tiny2020-dae/smoke/record.json").digest == resumed.digest


def test_the_projects_own_specs_and_manifests_are_sound_and_quick_to_check():
    start = spent()
    code, out, err = ae(ROOT, "check", fresh=True)
    assert (code, err) == (0, ""), err
    specs = len(list((ROOT / "benchmarks").glob("*.toml")))
    assert spent() - start < 0.7 + 0.075 * specs  # seconds, twice what it takes: imports, a spec
    assert out.strip() == "all specs and manifests are sound"


@pytest.mark.timeout(1300)
def test_the_smoke_tier_of_every_paper_runs_from_spec_to_report(tmp_path):
    for name in ("ae", "benchmarks", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "templates").symlink_to(ROOT / "reports" / "templates")
    data = os.environ.get("AE_DATA", "")
    code, _, err = ae(tmp_path, *SMOKE, timeout=1200, AE_DATA=data)  # CPU: at most 10 s a spec
    assert code == 0, err
    left_out = re.findall(
        r"^ae: (\S+): left out, its data are not at hand(?:: data set|, as of )", err, re.MULTILINE
    )
    for path in (ROOT / "benchmarks").glob("*.toml"):
        if path.stem in left_out:
            assert not embedded(path)
            continue
        spec = read_spec(path)
        record = read(tmp_path / "results" / path.stem / "smoke" / "record.json")
        chosen = spec.tier["smoke"].runs
        runs = {r.name for r in spec.run if chosen == "all" or r.name in chosen}
        assert {r.name for r in record.runs} == runs
        drawn = [f.name for f in spec.figure if set(f.runs) & runs]
        assert [f.name for f in record.figures] == drawn
        assert (tmp_path / "results/report" / f"{path.stem}-smoke.html").exists()


def embedded(spec):
    """Whether all data that the smoke tier of a spec may need are in the project."""
    cells = read_cells(read_spec(spec), "smoke", where=spec.name)
    library, folder = Library.at(ROOT), ROOT / "datasets"
    sources = [find_source(find_manifest(c.data.name, library), library) for c in cells]
    return all((folder / s.name / f.basename).exists() for s in sources for f in s.file)


@pytest.fixture
def without_data(tmp_path):
    """A project of two specs, of which the second needs files that are not at hand."""
    folder = make(tmp_path)
    (folder / "datasets").unlink()  # which is a link to the project's own
    (folder / "datasets").mkdir()
    for name in ("mnist", "mnist.toml"):
        (folder / "datasets" / name).symlink_to(ROOT / "datasets" / name)
    manifest = (ROOT / "datasets" / "mnist.toml").read_text()
    nowhere = 'mirrors = []\nrecipe = "draw it"'
    lost = re.sub(r"mirrors = \[.*?\]", nowhere, manifest, flags=re.DOTALL)
    (folder / "datasets" / "lost.toml").write_text(lost)
    spec = folder / "benchmarks" / "tiny2020-dae.toml"
    other = spec.read_text().replace('name = "mnist"', 'name = "lost"')
    (folder / "benchmarks" / "lost2020-dae.toml").write_text(other)
    return folder


def test_a_paper_whose_data_are_not_at_hand_is_left_out_and_the_rest_goes_on(without_data):
    said = "ae: lost2020-dae: left out, its data are not at hand: data set 'lost': train-images"
    code, out, err = ae(without_data, *ALONE)
    assert code == 0
    assert said in err
    assert "it has no mirror; draw it; put it in a folder" in err
    assert "tiny2020-dae, smoke tier" in out
    assert (without_data / "results/tiny2020-dae/smoke/record.json").exists()
    code, out, err = ae(without_data, *ALONE, "--plan")
    assert (code, said in err, "to train: plain" in out or "there: plain" in out) == (0, True, True)
    code, _, err = ae(without_data, *ALONE, "--plan", "lost2020-dae", "tiny2020-dae")
    assert (code, err.splitlines()[-1]) == (3, "ae: not planned, for want of data: lost2020-dae")
    code, _, err = ae(without_data, *ALONE, "lost2020-dae")
    assert code == 3
    assert "ae: nothing was done: the data of no spec are at hand" in err


def test_fetch_goes_on_after_a_set_that_cannot_be_had(without_data):
    code, out, err = ae(without_data, "fetch", "lost", "mnist", "--offline")
    assert code == 3
    assert "mnist: 4 files, sha256 verified" in out
    assert err.splitlines()[-1] == "ae: not at hand: lost"
