"""A real tracking server on the loopback: what arrives over HTTP, and what a bad network does."""

import http.client
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command import ae
from project import make
from shared import empty_store

from ae.records.record import Record, read, write
from ae.tracking import TrackingError, send, sync
from ae.tracking.store import SETTINGS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]

GIVEN = Path(__file__).parents[1].joinpath("tracked-record.json")
VERDICTS = [("headline", "reproduced", "1 of 1"), ("order", "reproduced", "")]
LARGEST = 1.7976931348623157e308  # what the server's SQL has in place of infinity


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store(tmp_path_factory), root / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{root}/server.db"]
    command += ["--artifacts-destination", str(root / "artifacts")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | quiet,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 120
        while not healthy(port):
            assert process.poll() is None, (root / "log").read_text()
            assert time.monotonic() < until, (root / "log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "MLFLOW_TRACKING_URI", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def lay(root: Path, name: str) -> tuple[Record, Path]:
    """The folder of a finished run under `root`/results, with its record, by a name of its own."""
    record = read(GIVEN).model_copy(update={"name": name})
    folder = root / "results" / name / "quick"
    folder.mkdir(parents=True)
    write(record, folder / "record.json")
    (folder / "filters.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much of a picture")
    (folder / "filters.npz").write_bytes(b"PK\x05\x06" + bytes(18))
    return record, folder


def stored(uri: str, name: str) -> tuple[Any, dict[str, Any]]:
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    assert max(Counter(run.info.run_name for run in runs).values()) == 1
    return client, {run.info.run_name: run for run in runs}


def history(client: Any, run: Any, metric: str) -> list[tuple[int, float]]:
    return [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, metric)]


def assert_whole(uri: str, name: str) -> None:
    """One complete parent, four children, each with every point once."""
    client, runs = stored(uri, name)
    assert len(runs) == 5
    assert runs["quick, 2 seeds, 2026-11-21 14:03"].data.tags["ae.complete"] == "true"
    assert history(client, runs["k-25 seed 0"], "tune/loss") == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert history(client, runs["k=40+pca seed 0"], "tune/kl") == [(10, 0.5), (20, 0.25)]
    assert history(client, runs["k=40+pca seed 0"], "error") == [(20, 2.0)]


def test_all_of_a_record_arrives_once_however_often_it_is_sent(
    server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record, folder = lay(tmp_path, "whole")
    first = send(record, folder, VERDICTS, uri=server)
    assert first.created == 5
    assert send(record, folder, VERDICTS, uri=server).created == 0
    assert sync(tmp_path / "results", lambda _: VERDICTS, uri=server) == []
    assert capfd.readouterr() == ("", "")
    assert_whole(server, "whole")

    _, runs = stored(server, "whole")
    parent = runs["quick, 2 seeds, 2026-11-21 14:03"]
    assert parent.info.run_id == first.parent_run_id
    assert parent.data.metrics["mean/k-25/error"] == 1.375
    verdicts = {k: v for k, v in parent.data.tags.items() if k.startswith("verdict.")}
    assert verdicts == {
        "verdict.headline": "reproduced",
        "verdict.headline.note": "1 of 1",
        "verdict.order": "reproduced",
        "verdict.order.note": "",
    }
    assert [(i.dataset.name, i.dataset.digest) for i in parent.inputs.dataset_inputs] == [
        ("digits/train", "a" * 36),
        ("digits/test", "b" * 36),
    ]
    assert runs["k=40+pca seed 3"].info.status == "FAILED"
    assert runs["k=40+pca seed 3"].data.params["model.k"] == "40"


def test_infinity_and_nan_over_http(server: str, tmp_path: Path) -> None:
    send(*lay(tmp_path, "nonfinite"), VERDICTS, uri=server)
    client, runs = stored(server, "nonfinite")
    child = runs["k-25 seed 3"]
    assert history(client, child, "tune/loss") == [(10, 3.5), (20, LARGEST), (30, 0.1)]
    assert child.data.metrics["bound"] == -LARGEST
    assert child.data.tags["nonfinite.tune/loss"] == "inf at step 20"
    assert child.data.tags["nonfinite.bound"] == "-inf at step 30"
    diverged = runs["k=40+pca seed 3"]
    assert math.isnan(diverged.data.metrics["error"])
    assert diverged.data.tags["nonfinite.error"] == "nan at step 20"


def test_artifacts_go_through_the_server(server: str, tmp_path: Path) -> None:
    record, folder = lay(tmp_path, "artifacts")
    sent = send(record, folder, VERDICTS, uri=server)
    client, _ = stored(server, "artifacts")
    got = Path(client.download_artifacts(sent.parent_run_id, "", str(tmp_path)))
    for name, file in [
        ("record.json", "record.json"),
        ("figures/filters.png", "filters.png"),
        ("figures/filters.npz", "filters.npz"),
    ]:
        assert (got / name).read_bytes() == (folder / file).read_bytes()


class Flaky(BaseHTTPRequestHandler):
    """Passes requests on, but `spoils` says which answers are lost on the way and become a 500.

    Each answer is late by `delay` seconds; a lost one has the body `garbage`.
    """

    port: int
    calls: Iterator[int]
    spoils: Any
    spoilt: list[str]
    garbage: bytes = b"{}"
    delay: float = 0.0

    def do_GET(self) -> None:
        time.sleep(self.delay)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content, status = answer.read(), answer.status
        connection.close()
        if self.path != "/health" and self.spoils(next(self.calls)):
            self.spoilt.append(self.path)
            content, status = self.garbage, 500
        self.send_response(status)
        self.send_header("Content-Type", answer.getheader("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_GET

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def flaky(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Flaky]]]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    numbers = iter(range(10**6))
    members = {"port": int(server.rpartition(":")[2]), "calls": numbers, "spoilt": []}
    handler = type("Handler", (Flaky,), members)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_port}", handler
        proxy.shutdown()
        thread.join()


def run_of_seconds(project: Path, uri: str, *arguments: str) -> str:
    """What the command says; it exits with 0 whatever the server does."""
    code, out, err = ae(project, *arguments, MLFLOW_TRACKING_URI=uri)
    assert code == 0, err
    return out + err


def test_a_run_outlives_a_slow_and_broken_server_and_sync_completes_once(
    server: str, flaky: tuple[str, type[Flaky]], tmp_path: Path
) -> None:
    """First all is slow, then garbage; for the next command every second answer is lost."""
    uri, handler = flaky
    project, name = make(tmp_path), "tiny2020-dae"
    handler.garbage, handler.delay = b"<html>]]", 0.05
    handler.spoils = staticmethod(lambda call: call >= 12)
    said = run_of_seconds(project, uri, "run", "--tier", "smoke", "--no-pdf", "--jobs", "0")
    (warning,) = [line for line in said.splitlines() if "warning" in line]
    assert "ae sync" in warning
    assert len(handler.spoilt) >= 1
    assert (project / "results" / name / "smoke" / "record.json").exists()
    assert not (project / "results" / name / "smoke" / "mlflow.json").exists()

    handler.garbage, handler.delay = b"{}", 0.0
    handler.spoils = staticmethod(lambda call: call % 2 == 0)
    assert "1 record sent" in run_of_seconds(project, uri, "sync")
    assert sync(project / "results", lambda _: VERDICTS, uri=uri) == []
    client, runs = stored(server, name)
    assert len(runs) == 1 + 9
    (parent,) = [run for run in runs.values() if "ae.complete" in run.data.tags]
    assert parent.data.tags["verdict.headline"]
    losses = history(client, runs["noisy seed 2"], "fit/loss")
    assert len(losses) == len(set(losses)) >= 1


def test_requests_repeated_after_lost_answers_give_no_duplicates(
    server: str, flaky: tuple[str, type[Flaky]], tmp_path: Path
) -> None:
    """Every second answer is lost after it took effect: MLflow repeats what was done already."""
    uri, handler = flaky
    handler.spoils = staticmethod(lambda call: call % 2 == 0)
    assert send(*lay(tmp_path, "halves"), VERDICTS, uri=uri).created == 5
    assert len([path for path in handler.spoilt if path.endswith("runs/create")]) >= 1
    assert_whole(server, "halves")


@pytest.mark.parametrize("good", [3, 12, 20])
def test_a_server_that_breaks_down_is_told_and_sync_completes_later(
    server: str, flaky: tuple[str, type[Flaky]], tmp_path: Path, good: int
) -> None:
    uri, handler = flaky
    name = f"breaks-{good}"
    handler.spoils = staticmethod(lambda call: call >= good)
    record, folder = lay(tmp_path, name)
    with pytest.raises(TrackingError, match=r"^MLflow at http://.*; run `ae sync` when it is back"):
        send(record, folder, VERDICTS, uri=uri)
    assert not (folder / "mlflow.json").exists()
    handler.spoils = staticmethod(lambda call: False)
    assert [s.created for s in sync(tmp_path / "results", lambda _: VERDICTS, uri=uri)] == [5]
    assert sync(tmp_path / "results", lambda _: VERDICTS, uri=uri) == []
    assert_whole(server, name)
