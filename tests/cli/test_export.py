"""`ae export`: tables for other programs, and what it refuses in one line."""

import csv
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from command import ENVIRONMENT, ae
from made import record, store
from project import ROOT, make

from ae.cli.export import _check
from ae.cli.main import cli
from ae.errors import UserError

NAME = "tiny2020-dae"
RUNS = 3


@pytest.fixture
def project(tmp_path):
    folder = make(tmp_path)
    store(folder / "results", record())
    store(folder / "results", record(tier="smoke", worse=5.0))
    return folder


def test_a_table_is_printed_and_is_the_records(project):
    code, out, err = ae(project, "export", "--table", "values", "--tier", "quick")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    path = project / "results" / NAME / "quick" / "record.json"
    expected = {
        (run["name"], metric, str(seed)): value
        for run in json.loads(path.read_text())["runs"]
        for metric, values in run["metrics"].items()
        for seed, value in zip(run["seeds"], values, strict=True)
    }
    assert {(r["run"], r["metric"], r["seed"]): float(r["value"]) for r in rows} == expected
    assert {r["tier"] for r in rows} == {"quick"}


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_all_tables_go_into_a_folder(project, form):
    code, out, err = ae(project, "export", "--format", form, "--out", "tables")
    assert (code, err) == (0, "")
    read = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[form]
    values, claims = (read(project / "tables" / f"{n}.{form}") for n in ("values", "claims"))
    assert set(values["tier"]) == {"quick", "smoke"}
    assert len(values) == 2 * RUNS * 3
    assert out.splitlines()[0] == f"tables/values.{form}: {len(values)} rows"
    assert set(claims["spec"]) == {NAME}
    assert sorted(p.name for p in (project / "tables").iterdir()) == sorted(
        f"{n}.{form}" for n in ("values", "claims", "curves")
    )


def test_a_file_and_a_device_are_written_through(project):
    code, out, _ = ae(project, "export", "--table", "claims", "--format", "json", "--out", "c.json")
    assert (code, out) == (0, "")
    code, out, _ = ae(
        project, "export", "--table", "claims", "--format", "json", "--out", "/dev/stdout"
    )
    assert code == 0
    assert out == (project / "c.json").read_text()
    assert {row["claim"] for row in json.loads(out)} == {"noise-hurts"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody2020"], "no spec 'nobody2020'"),
        (["--tier", "paper"], "results: found no record in tier paper; `ae run` makes one"),
        ([NAME, "--tier", "paper"], f"found no record of {NAME} in tier paper; `ae run` makes one"),
        (["--out", "/dev/stdout"], "--out /dev/stdout: found a file; all tables go into a folder"),
        (
            ["--table", "values", "--out", "results"],
            "--out results: found a folder; --table values",
        ),
        (["--published"], "--published: an installed package brings no published records"),
        (["--format", "xml"], "'xml' is not one of 'csv', 'json', 'parquet'"),
    ],
)
def test_refusals_are_one_line(project, arguments, said):
    code, out, err = ae(project, "export", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert arguments[0] == "--format" or len(err.splitlines()) == 1


def test_parquet_is_no_text_for_a_terminal(monkeypatch):
    """To a pipe it is fine, as is any other form; without --table there are files, in a folder."""
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(UserError, match=r"^--format parquet: no text for a terminal; give --out"):
        _check("parquet", "values", None)
    for form, table in (("csv", "values"), ("parquet", None)):
        _check(form, table, None)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False))
    _check("parquet", "values", None)


def test_parquet_without_pyarrow_is_one_line(project):
    """As where it is not installed: the import system does not find it."""
    hidden = (
        "import importlib.abc, importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *p: None if n == 'pyarrow' else find(n, *p)\n"
        "sys.modules['pyarrow'] = None\n"
        "sys.argv = ['ae', 'export', '--format', 'parquet']\n"
        "runpy.run_module('ae', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ae: parquet: found no package pyarrow, which writes it; install it, or take csv or json\n"
    )
    assert not (project / "results" / "export").exists()


def test_a_damaged_record_is_left_out_with_a_line(project):
    (project / "results" / NAME / "smoke" / "record.json").write_text("{}")
    code, out, err = ae(project, "export", "--table", "values")
    assert code == 0
    assert {r["tier"] for r in csv.DictReader(io.StringIO(out))} == {"quick"}
    assert err.startswith("ae: left out: ")
    assert len(err.splitlines()) == 1


def test_published_records_of_a_named_paper(monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(
        cli, ["export", "variance-mnist", "--published", "--table", "claims", "--tier", "paper"]
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    path = ROOT / "reports/published/variance-mnist/paper/record.json"
    assert [r["claim"] for r in rows] == [
        c["id"] for c in json.loads(path.read_text())["spec"]["claim"]
    ]
