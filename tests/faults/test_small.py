"""What was answered without help: each of these has a line that helps, and leaves nothing behind."""

import errno
import fcntl
import os
import re
import shutil

import pytest
from command import ALONE, SMOKE, ae
from made import NAME, twin
from project import ROOT, make

from ae.cli.progress import lasting
from ae.errors import OutsideError, UserError
from ae.library import Library
from ae.running.folder import held


@pytest.mark.parametrize(
    "command", [("check",), ("list",), SMOKE, ("regress",), ("fetch", "--offline")]
)
def test_a_checkout_without_specs_is_not_called_sound(tmp_path, command):
    for name in ("ae", "benchmarks", "datasets"):
        (tmp_path / name).mkdir()
    (tmp_path / "benchmarks" / "bench_io.py").touch()
    code, out, err = ae(tmp_path, *command)
    assert (code, out) == (2, "")
    assert err == (
        f"ae: {tmp_path / 'benchmarks'}: found no spec (*.toml), though ae/ and "
        "datasets/ are beside it\n"
    )


def test_a_project_is_found_from_below(tmp_path, monkeypatch):
    project = make(tmp_path)
    (project / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(project / "a" / "b")
    assert Library.here().built_in == project
    (project / "benchmarks" / f"{NAME}.toml").unlink()
    with pytest.raises(UserError, match="found no spec"):
        Library.here()


@pytest.mark.parametrize(
    "command", [("run", "tiny2002-dae"), ("verify", "tiny2002-dae"), ("regress", "tiny2002-dae")]
)
def test_a_misspelt_spec_is_named_before_anything_heavy_is_loaded(tmp_path, command):
    project = make(tmp_path)
    before = os.times()
    code, _, err = ae(project, *command, PYTHONPROFILEIMPORTTIME="1")
    after = os.times()
    said = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert code == 2
    assert f"no spec 'tiny2002-dae' (did you mean '{NAME}'?)" in said[-1]
    loaded = {
        line.rpartition("|")[2].strip() for line in err.splitlines() if "import time:" in line
    }
    assert not loaded & {"torch", "numpy", "scipy", "mlflow", "matplotlib", "sklearn"}
    assert after.children_user - before.children_user < 3.0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (95, "2 min"),
        (5300, "88 min"),
        (7200, "2.0 h"),
        (86400, "24.0 h"),
        (217380, "2.5 days"),
    ],
)
def test_a_long_time_is_said_in_units_that_a_person_counts_in(seconds, shown):
    assert lasting(seconds) == shown


def test_verify_leaves_no_folder(tmp_path):
    project = make(tmp_path)
    assert ae(project, *ALONE).code == 0
    place = project / "reports" / "published" / NAME / "smoke"
    shutil.copytree(project / "results" / NAME / "smoke", place)
    code, _, err = ae(project, "verify", NAME, "--tier", "smoke", "--jobs", "0")
    assert code == 0, err
    assert not (project / "results" / "verify").exists()


def test_where_there_are_no_locks_that_is_what_is_said(tmp_path, monkeypatch):
    """An old .lock lies there; it said that another run is at work."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    (tmp_path / ".lock").touch()
    monkeypatch.setattr(fcntl, "flock", refuse)
    no_locks = r"this file system has no locks \(Function not impl"
    with held(tmp_path), pytest.raises(OutsideError, match=no_locks):
        held(tmp_path).__enter__()
    monkeypatch.undo()
    with (
        held(tmp_path),
        pytest.raises(OutsideError, match=r"another `ae run` is at work there \(pid"),
    ):
        held(tmp_path).__enter__()


@pytest.fixture(scope="module")
def without_data(tmp_path_factory):
    """A project of two papers, of which one needs files that are not at hand."""
    project = make(tmp_path_factory.mktemp("project"))
    (project / "datasets").unlink()
    (project / "datasets").mkdir()
    for name in ("mnist", "mnist.toml"):
        (project / "datasets" / name).symlink_to(ROOT / "datasets" / name)
    manifest = (ROOT / "datasets" / "mnist.toml").read_text()
    lost = re.sub(
        r"mirrors = \[.*?\]", 'mirrors = []\nrecipe = "draw it"', manifest, flags=re.DOTALL
    )
    (project / "datasets" / "lost.toml").write_text(lost)
    spec = project / "benchmarks" / f"{twin(project, 'lost2020-dae')}.toml"
    spec.write_text(spec.read_text().replace('name = "mnist"', 'name = "lost"'))
    return project


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 0), ((NAME,), 0), (("lost2020-dae", NAME), 3), (("--enforce",), 3)]
)
def test_a_paper_without_its_data_fails_where_it_was_asked_for(without_data, arguments, code):
    ended, out, err = ae(without_data, *ALONE, *arguments)
    assert ended == code, err
    assert out.splitlines()[-1] == "report: results/report/index.html"
    said = "ae: not run, for want of data: lost2020-dae"
    assert (err.splitlines()[-1] == said) == bool(code)


def test_a_report_that_cannot_be_written_stops_no_training_and_hides_no_verdict(tmp_path):
    project = make(tmp_path)
    (project / "results" / "report" / "index.html").mkdir(parents=True)
    code, _, err = ae(project, *ALONE)
    assert code == 3
    assert err.splitlines()[-1].endswith("index.html: cannot be written: Is a directory")
    assert (project / "results" / NAME / "smoke" / "record.json").exists()
