"""Copies in MLflow: looked up, not believed; no secret; no error that costs the report; any folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import ALONE, ENVIRONMENT, ae
from made import record, store
from project import make
from shared import empty_store

from ae.errors import OutsideError, UserError
from ae.report.origin import copies
from ae.tracking import TrackingError, default_uri, send, sync
from ae.tracking import content as tracked
from ae.tracking.failure import failures
from ae.tracking.store import SETTINGS, connected, database_of, uri_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
VERDICTS = [("headline", "reproduced", "1 of 1")]


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """An empty store."""
    return empty_store(tmp_path_factory)


@pytest.fixture(autouse=True)
def environment(monkeypatch) -> None:
    for name in (*SETTINGS, "MLFLOW_TRACKING_URI", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def lay(root: Path, template: Path | None = None, *names: str) -> list[Path]:
    """Finished runs under `root`/results, and the store; their folders."""
    (root / "results").mkdir(parents=True, exist_ok=True)
    if template:
        shutil.copy(template, root / "results" / "mlflow.db")
    return [store(root / "results", record(name=n)).parent for n in names or ("tiny2020-dae",)]


def sent(root: Path) -> list[str]:
    return [s.experiment for s in sync(root / "results", lambda _: VERDICTS)]


def experiments(root: Path) -> dict[str, str]:
    with connected(default_uri(root / "results")) as client:
        return {e.name: e.experiment_id for e in client.search_experiments()}


def test_a_run_that_was_deleted_there_is_sent_again(tmp_path, template):
    (folder,) = lay(tmp_path, template)
    assert sent(tmp_path) == ["tiny2020-dae"]
    assert sent(tmp_path) == []
    with connected(default_uri(tmp_path / "results")) as client:
        for run in client.search_runs(list(experiments(tmp_path).values())):
            client.delete_run(run.info.run_id)
    before = json.loads((folder / "mlflow.json").read_text())
    assert sent(tmp_path) == ["tiny2020-dae"]
    assert json.loads((folder / "mlflow.json").read_text()) != before
    assert sent(tmp_path) == []


def test_what_is_gone_is_not_noted_even_if_it_cannot_be_sent_again(tmp_path, template):
    (folder,) = lay(tmp_path, template)
    sent(tmp_path)
    assert "sent to sqlite:///results/mlflow.db, experiment" in copies(record(), folder)
    shutil.copy(template, tmp_path / "results" / "other.db")
    other = uri_of(tmp_path / "results" / "other.db")
    notes = json.loads((folder / "mlflow.json").read_text())
    (folder / "mlflow.json").write_text(json.dumps({other: next(iter(notes.values()))}))

    def none(_: object) -> list[tuple[str, str, str]]:
        raise OutsideError("no verdict")

    with pytest.raises(OutsideError, match="no verdict"):
        sync(tmp_path / "results", none, uri=other)
    assert copies(record(), folder) == "none noted beside the record"


def test_what_is_there_and_not_noted_is_noted_and_not_sent(tmp_path, template):
    (folder,) = lay(tmp_path, template)
    sent(tmp_path)
    before = (folder / "mlflow.json").read_text()
    (folder / "mlflow.json").unlink()
    assert sent(tmp_path) == []
    assert (folder / "mlflow.json").read_text() == before


def test_all_are_decided_before_any_is_sent(tmp_path, template):
    lay(tmp_path, template, "a2020-x", "b2020-x")
    lay(tmp_path, None, "b2020-x")
    sent(tmp_path)
    shutil.rmtree(tmp_path / "results" / "a2020-x")
    with connected(default_uri(tmp_path / "results")) as client:
        client.delete_experiment(experiments(tmp_path)["b2020-x"])
    lay(tmp_path, None, "0first2020-x")
    with pytest.raises(TrackingError, match="the experiment 'b2020-x' was deleted there; restore"):
        sent(tmp_path)
    assert "0first2020-x" not in experiments(tmp_path)


def test_a_record_that_cannot_be_read_keeps_no_other_from_being_sent(tmp_path, template):
    lay(tmp_path, template, "b2020-x")
    damaged = tmp_path / "results" / "a2020-x" / "quick" / "record.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{")
    with pytest.raises(UserError, match=r"a2020-x/quick/record.json: not a record of schema"):
        sent(tmp_path)
    assert "b2020-x" in experiments(tmp_path)


SECRET = "S3cr3t"
WITH_SECRET = (
    f"postgres://u:{SECRET}@h/db",
    f"ftp://u:{SECRET}@h/x",
    f"file://u:{SECRET}@h/x",
    f"u:{SECRET}@h/db",
    f"http://[u:{SECRET}@h",
    f"http://u:{SECRET}@127.0.0.1:1?token={SECRET}",
    f"mysql://h/db?password={SECRET}",
    f"nonsense://h?token={SECRET}#{SECRET}",
    f"sqlite://u:{SECRET}@h/x.db",
)


@pytest.mark.parametrize("uri", WITH_SECRET)
def test_no_message_holds_what_a_uri_keeps_secret(tmp_path, monkeypatch, uri):
    (folder,) = lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TrackingError, UserError)) as refused:
        send(record(), folder, VERDICTS, uri=uri)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_note_holds_it_either(tmp_path, template):
    (folder,) = lay(tmp_path, template)
    (folder / "mlflow.json").write_text(
        json.dumps({f"http://u:{SECRET}@h?token={SECRET}": {"a": "b"}})
    )
    uri = f"{default_uri(tmp_path / 'results')}?timeout=30&password={SECRET}".replace(
        f"&password={SECRET}", ""
    )
    send(record(), folder, VERDICTS, uri=uri)
    assert sorted(json.loads((folder / "mlflow.json").read_text())) == [
        "http://h",
        default_uri(tmp_path / "results"),
    ]
    assert sync(tmp_path / "results", lambda _: VERDICTS, uri=uri) == []


@pytest.mark.parametrize(
    "error",
    [
        KeyError("getpwuid(): uid not found: 12345"),
        ModuleNotFoundError("No module named 'psycopg2'"),
        UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"),
        DeprecationWarning("it will be gone"),
        RuntimeError(f"at http://u:{SECRET}@h/x\nsecond line\x1b[2J"),
        ValueError(""),
    ],
)
def test_whatever_a_copy_meets_is_one_line(error):
    def copy() -> None:
        with failures("http://h:5000"):
            raise error

    with pytest.raises(TrackingError) as refused:
        copy()
    said = str(refused.value)
    assert said.startswith(f"MLflow at http://h:5000: {type(error).__name__}: ")
    assert said.endswith("; run `ae sync` when it is back")
    assert said.isprintable()
    assert SECRET not in said


def test_a_fault_of_ones_own_stays_one():
    def copy() -> None:
        with failures("http://h"):
            raise AssertionError

    with pytest.raises(AssertionError):
        copy()


@pytest.mark.parametrize(
    "uri", ["sqlite:///:memory:", "sqlite://", "sqlite:///", "sqlite:///file:x?uri=true"]
)
def test_a_store_that_is_no_file_is_refused_and_leaves_none(tmp_path, monkeypatch, uri):
    lay(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"names no file that stays; expected sqlite:///FILE\.db"):
        sync(tmp_path / "results", lambda _: VERDICTS, uri=uri)
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_what_keeps_the_copy_from_being_made_costs_no_report(tmp_path):
    project = make(tmp_path)
    run = [word for word in ALONE if word != "--no-track"]
    for uri in ("postgresql://h/db", "http://[::1", f"sqlite:///{tmp_path}/benchmarks?timeout=30"):
        shutil.rmtree(project / "results" / "report", ignore_errors=True)
        code, out, err = ae(project, *run, MLFLOW_TRACKING_URI=uri)
        assert code == 0, err
        assert out.splitlines()[-1] == "report: results/report/index.html"
        assert (project / "results" / "report" / "index.html").exists()
        assert len([line for line in err.splitlines() if "warning: " in line]) == 1
    code, _, err = ae(project, "sync", MLFLOW_TRACKING_URI="postgresql://h/db")
    assert (code, err.count("\n")) == (3, 1)
    assert "No module named 'psycopg" in err


@pytest.mark.parametrize("name", ["job@2", "a#b", "p%20c", "100%", "a b", "ü", "a?b"])
def test_a_copy_is_made_in_place_whatever_the_folder_is_called(tmp_path, template, name):
    root = tmp_path / name
    (folder,) = lay(root, template)  # it was created in a folder of the last name
    uri = default_uri(root / "results")
    assert database_of(uri) == root / "results" / "mlflow.db"
    assert sent(root) == ["tiny2020-dae"]
    assert sent(root) == []
    assert (root / "results" / "mlflow.db").stat().st_size > 100_000
    assert [p.name for p in (root / "results" / "mlartifacts").glob("*/*/*/record.json")] == [
        "record.json"
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]
    assert list(json.loads((folder / "mlflow.json").read_text())) == [uri]
    (copy,) = tracked.copies(record(), folder)
    assert copies(record(), folder).startswith("sent to sqlite:///results/mlflow.db, experiment")
    assert "@" in name or "@" not in copy.uri


def test_a_path_that_is_no_utf_8_and_a_user_without_a_name_are_served_too(tmp_path, template):
    root = tmp_path / os.fsdecode(b"\xff")
    lay(root, template)
    code = (
        "import os, pwd, sys; from pathlib import Path\n"
        "def unknown(uid): raise KeyError(f'getpwuid(): uid not found: {uid}')\n"
        "pwd.getpwuid = unknown\n"
        "from ae.tracking import sync\n"
        "root = Path(os.fsdecode(bytes.fromhex(sys.argv[1])))\n"
        "print(len(sync(root / 'results', lambda _: [])))"
    )
    environment = {
        k: v for k, v in ENVIRONMENT.items() if k not in ("USER", "LOGNAME", "LNAME", "USERNAME")
    }
    done = subprocess.run(
        [sys.executable, "-c", code, os.fsencode(root).hex()],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr
