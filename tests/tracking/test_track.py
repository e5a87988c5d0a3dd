"""What is sent to an SQLite store and read back, and what happens when sending fails."""

import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from project import PYTHONPATH
from shared import empty_store

from ae.errors import OutsideError, UserError
from ae.records.record import Record, read, write
from ae.tracking import Sent, TrackingError, default_uri, send, sync
from ae.tracking import content as tracked
from ae.tracking.store import SETTINGS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

GIVEN = Path(__file__).parents[1].joinpath("tracked-record.json")
PNG = b"\x89PNG\r\n\x1a\nnot much of a picture"
NPZ = b"PK\x05\x06" + bytes(18)
VERDICTS = [("headline", "reproduced", "1 of 1"), ("order", "reproduced", "")]
START = round(datetime(2026, 11, 21, 14, 3, 22, tzinfo=UTC).timestamp() * 1000)
LARGEST = 1.7976931348623157e308  # what SQL has in place of infinity


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh store."""
    return empty_store(tmp_path_factory)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "MLFLOW_TRACKING_URI", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def lay(root: Path, record: Record | None = None, tier: str = "quick") -> tuple[Record, Path]:
    """The folder of a finished run under `root`/results, with its record."""
    record = record or read(GIVEN)
    folder = root / "results" / record.name / tier
    folder.mkdir(parents=True)
    write(record, folder / "record.json")
    (folder / "filters.png").write_bytes(PNG)
    (folder / "filters.npz").write_bytes(NPZ)
    return record, folder


@pytest.fixture
def root(tmp_path: Path, template: Path) -> Path:
    (tmp_path / "results").mkdir()
    shutil.copy(template, tmp_path / "results" / "mlflow.db")
    return tmp_path


def stored(root: Path) -> tuple[Any, dict[str, Any]]:
    """The client of the store, and its runs by name; a name that comes twice is an error."""
    from mlflow import MlflowClient

    client = MlflowClient(default_uri(root / "results"))
    ids = [e.experiment_id for e in client.search_experiments()]
    runs = client.search_runs(ids)
    assert max(Counter(run.info.run_name for run in runs).values(), default=1) == 1
    return client, {run.info.run_name: run for run in runs}


def history(client: Any, run: Any, metric: str) -> list[tuple[int, float]]:
    return [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, metric)]


def exactly(expected: Any) -> Any:
    """Equal to the last bit, a NaN where one is expected."""
    return pytest.approx(expected, rel=0, abs=0, nan_ok=True)


def assert_whole(root: Path) -> None:
    """One parent, four children, each with every point once."""
    client, runs = stored(root)
    assert sorted(runs) == [
        "k-25 seed 0",
        "k-25 seed 3",
        "k=40+pca seed 0",
        "k=40+pca seed 3",
        "quick, 2 seeds, 2026-11-21 14:03",
    ]
    parent = runs["quick, 2 seeds, 2026-11-21 14:03"]
    assert parent.data.tags["ae.complete"] == "true"
    assert history(client, runs["k-25 seed 0"], "tune/loss") == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert history(client, runs["k=40+pca seed 0"], "tune/kl") == [(10, 0.5), (20, 0.25)]
    assert history(client, runs["k=40+pca seed 0"], "error") == [(20, 2.0)]
    assert history(client, parent, "mean/k-25/error") == [(30, 1.375)]
    assert {run.info.status for run in runs.values()} == {"FINISHED", "FAILED"}


def test_every_curve_and_value_arrives_as_it_is_in_the_record(root: Path) -> None:
    record, folder = lay(root)
    sent = send(record, folder, VERDICTS)
    client, runs = stored(root)
    assert (sent.created, sent.skipped) == (5, 0)
    assert sent.parent_run_id == runs["quick, 2 seeds, 2026-11-21 14:03"].info.run_id

    def store(value: float) -> float:
        return math.copysign(LARGEST, value) if math.isinf(value) else value

    compared = 0
    for run in record.runs:
        for i, seed in enumerate(run.seeds):
            child = runs[f"{run.name} seed {seed}"]
            told = {m: [(run.steps, values[i])] for m, values in run.metrics.items()}
            for curve in run.curves:
                points = list(zip(curve.steps, curve.values[i], strict=True))
                told[f"{curve.stage}/{curve.part}"] = points
            assert set(child.data.metrics) == set(told)
            for metric, points in told.items():
                got = history(client, child, metric)
                assert [step for step, _ in got] == [step for step, _ in points]
                expected = [store(value) for _, value in points]
                assert [value for _, value in got] == exactly(expected)
                compared += len(expected)
    assert compared == 22
    means = runs["quick, 2 seeds, 2026-11-21 14:03"].data.metrics
    assert means == exactly(
        {
            "mean/k-25/error": 1.375,
            "mean/k-25/bound": -LARGEST,
            "mean/k:40 pca/error": math.nan,
            "mean/k:40 pca/bound": math.nan,
        }
    )


def test_what_is_not_finite_is_told_by_a_tag(root: Path) -> None:
    send(*lay(root), VERDICTS)
    _, runs = stored(root)

    def lost(name: str) -> dict[str, str]:
        tags = runs[name].data.tags
        return {k: v for k, v in tags.items() if k.startswith("nonfinite.")}

    assert lost("k-25 seed 0") == {}
    assert lost("k-25 seed 3") == {
        "nonfinite.tune/loss": "inf at step 20",
        "nonfinite.bound": "-inf at step 30",
    }
    assert lost("quick, 2 seeds, 2026-11-21 14:03") == {
        "nonfinite.mean/k-25/bound": "-inf at step 30",
        "nonfinite.mean/k:40 pca/error": "nan at step 20",
        "nonfinite.mean/k:40 pca/bound": "nan at step 20",
    }


def test_a_diverged_seed_has_failed_and_says_why(root: Path) -> None:
    send(*lay(root), VERDICTS)
    _, runs = stored(root)
    assert {n: r.info.status for n, r in runs.items() if r.info.status != "FINISHED"} == {
        "k=40+pca seed 3": "FAILED"
    }
    assert runs["k=40+pca seed 3"].data.tags["ae.diverged"] == "step 20: loss is NaN"
    assert "ae.diverged" not in runs["k=40+pca seed 0"].data.tags


def test_a_child_has_its_own_cell_as_parameters(root: Path) -> None:
    send(*lay(root), VERDICTS)
    _, runs = stored(root)
    child = runs["k=40+pca seed 3"]
    assert child.data.params == {
        "seed": "3",
        "data.name": "digits",
        "data.train": "train",
        "data.test": "test",
        "data.only": "all",
        "data.labelled": "all",
        "data.labelled_by": "order",
        "data.limit": "1000",  # the tier's
        "data.test_limit": "all",
        "model.class": "sparse.Sparse",
        "model.hidden": "[100, 50]",
        "model.k": "40",  # the run's
        "model.rate": "0.1",
        "train.use": '["closed", "tune"]',
        "train.stages.closed.fit": "fit",
        "train.stages.tune.objective": "objective",
        "train.stages.tune.modules": "all",
        "train.stages.tune.batch": "100",
        "train.stages.tune.epochs": "1.0",  # the tier's
        "train.stages.tune.optimizer.class": "SGD",
        "train.stages.tune.optimizer.lr": "0.1",
        "train.stages.tune.optimizer.momentum": "0.9",
        "train.stages.tune.optimizer.groups": "[]",
        "train.stages.tune.schedules": "[]",
        "train.stages.tune.update": "simultaneous",
        "train.stages.tune.order": "shuffled",
        "train.stages.tune.remainder": "dropped",
        "train.stages.tune.points": "[]",
        "train.stages.tune.phases": "[]",
        "train.precision": "float32",
    }
    other = runs["k-25 seed 0"].data.params
    assert other["model.k"] == "25"
    assert not [name for name in other if name.startswith("train.stages.closed")]


def test_the_parent_has_provenance_and_verdicts_and_its_children(root: Path) -> None:
    record, folder = lay(root)
    sent = send(record, folder, VERDICTS)
    client, runs = stored(root)
    parent = runs["quick, 2 seeds, 2026-11-21 14:03"]
    expected = {
        "ae.spec": "author2014-model",
        "ae.tier": "quick",
        "ae.spec_digest": record.spec_digest,
        "ae.record_digest": record.digest,
        "ae.commit": "0123456789abcdef",
        "ae.device": "cpu",
        "verdict.headline": "reproduced",
        "verdict.headline.note": "1 of 1",
        "verdict.order": "reproduced",
        "verdict.order.note": "",
    }
    assert {k: parent.data.tags[k] for k in expected} == expected
    times = (parent.info.start_time, parent.info.end_time)
    assert times == (START, START + 12_500)
    parents = Counter(run.data.tags.get("mlflow.parentRunId") for run in runs.values())
    assert parents == {None: 1, sent.parent_run_id: 4}
    experiment = client.get_experiment(parent.info.experiment_id)
    assert experiment.name == "author2014-model"
    place = root.resolve() / "results" / "mlartifacts" / "author2014-model"
    assert experiment.artifact_location == place.as_uri()


def test_the_data_sets_are_inputs_with_our_sha256(root: Path) -> None:
    send(*lay(root), VERDICTS)
    _, runs = stored(root)
    inputs = runs["quick, 2 seeds, 2026-11-21 14:03"].inputs.dataset_inputs
    told = {i.dataset.name: (i.dataset, {t.key: t.value for t in i.tags}) for i in inputs}
    assert set(told) == {"digits/train", "digits/test"}
    dataset, tags = told["digits/train"]
    assert dataset.digest == "a" * 36  # all that MLflow takes
    assert tags == {"mlflow.data.context": "train", "ae.sha256": "a" * 64}
    assert json.loads(dataset.source) == {"url": "https://example.org/digits"}
    assert json.loads(dataset.profile) == {"examples": 1000, "available": 60000}


def test_figures_and_the_record_are_artifacts(root: Path) -> None:
    _, folder = lay(root)
    sent = send(read(folder / "record.json"), folder, VERDICTS)
    artifacts = root / "results" / "mlartifacts" / "author2014-model" / sent.parent_run_id
    files = {
        str(p.relative_to(artifacts / "artifacts")): p.read_bytes()
        for p in artifacts.rglob("*")
        if p.is_file()
    }
    assert files == {
        "record.json": (folder / "record.json").read_bytes(),
        "figures/filters.png": PNG,
        "figures/filters.npz": NPZ,
    }


def test_more_than_a_call_holds_is_sent_in_several_without_a_warning(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    real, sizes = MlflowClient.log_batch, []

    def log_batch(self: Any, run: str, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        sizes.append((len(metrics), len(params), len(tags)))
        real(self, run, metrics, params, tags)

    monkeypatch.setattr(MlflowClient, "log_batch", log_batch)
    given = read(GIVEN)
    steps = list(range(2500))
    curve = (
        given.runs[0]
        .curves[0]
        .model_copy(
            update={"steps": steps, "examples": steps, "values": [[s / 7 for s in steps]] * 2}
        )
    )
    run = given.runs[0].model_copy(update={"curves": [curve]})
    model = {"class": "sparse.Sparse", "text": "x" * 7000, "k": 25}
    model |= {f"key{i}": i for i in range(230)}
    record = given.model_copy(
        update={"runs": [run, given.runs[1]], "spec": given.spec | {"model": model}}
    )
    verdicts = [(f"claim-{i}", "short", "y" * 6000) for i in range(130)]
    send(*lay(root, record), verdicts)
    assert [max(kind) for kind in zip(*sizes, strict=True)] == [1000, 100, 100]
    client, runs = stored(root)
    child = runs["k-25 seed 3"]
    points = client.get_metric_history(child.info.run_id, "tune/loss")
    assert [(p.step, p.value) for p in points] == [(s, s / 7) for s in steps]
    assert child.data.params["model.key229"] == "229"
    text = child.data.params["model.text"]
    assert len(text) == 6000
    assert text.endswith("x ... (7000 characters, whole in the record)")
    tags = runs["quick, 2 seeds, 2026-11-21 14:03"].data.tags
    assert [tags[f"verdict.claim-{i}"] for i in range(130)] == ["short"] * 130
    assert tags["verdict.claim-129.note"].endswith("y ... (6000 characters, whole in the record)")


def test_sending_twice_changes_nothing(root: Path) -> None:
    record, folder = lay(root)
    first = send(record, folder, VERDICTS)
    marker = (folder / "mlflow.json").read_bytes()
    assert send(record, folder, VERDICTS) == Sent(
        record.name, first.experiment_id, first.parent_run_id, 0, 5
    )
    assert_whole(root)
    assert (folder / "mlflow.json").read_bytes() == marker
    assert json.loads(marker) == {
        default_uri(root / "results"): {
            "experiment_id": first.experiment_id,
            "parent_run_id": first.parent_run_id,
            "record_key": tracked.key(record),
        }
    }


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("create_run", 1),
        ("create_run", 4),
        ("log_batch", 1),
        ("log_batch", 9),
        ("set_terminated", 1),
        ("log_inputs", 1),
        ("log_artifact", 2),
        ("set_tag", 1),
    ],
)
@pytest.mark.parametrize("done", [False, True])
def test_killed_in_the_middle_and_sent_again_gives_everything_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, method: str, call: int, done: bool
) -> None:
    """The kill comes before the call takes effect, or after (`done`)."""
    from mlflow import MlflowClient

    record, folder = lay(root)
    real, calls = getattr(MlflowClient, method), iter(range(1, 1000))

    def killed(*args: Any, **kwargs: Any) -> Any:
        last = next(calls) == call
        if last and not done:
            raise KeyboardInterrupt
        result = real(*args, **kwargs)
        if last:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, method, killed)
        with pytest.raises(KeyboardInterrupt):
            send(record, folder, VERDICTS)
    assert not (folder / "mlflow.json").exists()
    sync(root / "results", lambda _: VERDICTS)
    assert_whole(root)


def test_a_failing_store_is_one_line_and_a_later_sync_completes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    record, folder = lay(root)

    def full(*args: Any) -> None:
        raise MlflowException("disk\n  I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_inputs", full)
        with pytest.raises(OutsideError) as caught:
            send(record, folder, VERDICTS)
    uri = default_uri(root / "results")
    assert str(caught.value) == (
        f"MLflow at {uri}: disk I/O error; run `ae sync` when that is mended"
    )
    assert [s.created for s in sync(root / "results", lambda _: VERDICTS)] == [5]
    assert_whole(root)


def test_a_store_that_another_process_keeps_is_given_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ae.tracking.store.HELD", 0.1)
    record, folder = lay(root)
    lock = root / "results" / "mlflow.db.lock"
    held = re.escape(f"{lock}: another process holds this lock")
    with FileLock(lock), pytest.raises(TrackingError, match=held):
        send(record, folder, VERDICTS)
    assert send(record, folder, VERDICTS).created == 5


def test_sync_sends_only_what_is_not_marked_for_this_store(root: Path) -> None:
    record, folder = lay(root)
    lay(root, record.model_copy(update={"name": "other2015-model"}))
    asked: list[str] = []

    def verdicts_of(record: Record) -> list[tuple[str, str, str]]:
        asked.append(record.name)
        return VERDICTS

    send(record, folder, VERDICTS)
    assert [(s.experiment, s.created) for s in sync(root / "results", verdicts_of)] == [
        ("other2015-model", 5)
    ]
    assert asked == ["other2015-model"]
    assert sync(root / "results", verdicts_of) == []

    again = record.model_copy(update={"started": "2026-11-22T09:00:00+00:00"})
    write(again, folder / "record.json")  # run again: another record
    assert [s.experiment for s in sync(root / "results", verdicts_of)] == [record.name]
    assert sync(root / "results", verdicts_of) == []


def test_what_was_sent_to_a_deleted_store_counts_as_not_sent(root: Path) -> None:
    record, folder = lay(root)
    send(record, folder, VERDICTS)
    store = root / "results" / "mlflow.db"
    assert "mlflow.db" in (folder / "mlflow.json").read_text()
    store.unlink()
    with pytest.raises(UserError, match="no verdict"):
        sync(root / "results", no_verdict)
    assert (folder / "mlflow.json").read_text().strip() == "{}"


def no_verdict(_: Record) -> list[tuple[str, str, str]]:
    raise UserError("no verdict")


def test_a_deleted_experiment_is_not_restored_behind_anyones_back(root: Path) -> None:
    record, folder = lay(root)
    send(record, folder, VERDICTS)
    client, runs = stored(root)
    client.delete_experiment(next(iter(runs.values())).info.experiment_id)
    with pytest.raises(TrackingError, match=r"the experiment 'author2014-model' was deleted there"):
        send(record, folder, VERDICTS)


def test_a_missing_figure_stops_before_anything_is_sent(root: Path) -> None:
    record, folder = lay(root)
    (folder / "filters.png").unlink()
    with pytest.raises(UserError) as caught:
        send(record, folder, VERDICTS)
    assert str(caught.value) == (
        f"{folder / 'filters.png'}: the record names this file and it is missing; run it again"
    )
    assert stored(root)[1] == {}


def test_a_spec_of_another_version_is_named(tmp_path: Path) -> None:
    record = read(GIVEN)
    old = record.model_copy(update={"spec": record.spec | {"colour": "red"}})
    with pytest.raises(
        UserError, match=r"author2014-model, tier quick: its spec is of another format \(colour"
    ):
        tracked.children(old)


def test_a_damaged_marker_is_named(root: Path) -> None:
    _, folder = lay(root)
    (folder / "mlflow.json").write_text("{")
    with pytest.raises(UserError, match=r"mlflow\.json: damaged; delete it and run `ae sync`"):
        sync(root / "results", lambda _: VERDICTS)


def test_the_store_is_the_environments_or_under_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_uri(tmp_path / "results") == f"sqlite:///{tmp_path.resolve()}/results/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    assert default_uri(tmp_path / "results") == "http://tracking.example:5000"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("file:///tmp/mlruns", "MLflow no longer keeps runs in a folder; expected sqlite:///"),
        ("mlruns", "MLflow no longer keeps runs in a folder; expected sqlite:///"),
        ("http://", r"tracking URI 'http://': expected http://HOST:PORT"),
        ("http://host:port", r"tracking URI 'http://host:port': expected http://HOST:PORT"),
        ("carrier-pigeon://loft", r"tracking URI 'carrier-pigeon://loft': .*unsupported URI"),
    ],
)
def test_a_uri_that_mlflow_cannot_use_is_the_users_error(
    tmp_path: Path, uri: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        send(*lay(tmp_path), VERDICTS, uri=uri)


def seconds(call: Callable[[], object]) -> float:
    """The least of three times that a call takes: others may be at work on the machine."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def test_a_server_that_is_away_costs_less_than_a_second(tmp_path: Path, closed_port: int) -> None:
    uri = f"http://me:secret@127.0.0.1:{closed_port}"
    shown = uri.replace("me:secret@", "")
    record, folder = lay(tmp_path)

    def away() -> None:
        with pytest.raises(TrackingError):
            send(record, folder, VERDICTS, uri=uri)

    assert seconds(away) < 1.0
    with pytest.raises(TrackingError) as caught:
        send(record, folder, VERDICTS, uri=uri)
    line = rf"MLflow at {shown}: .*Connection refused; run `ae sync` when it is back"
    assert re.fullmatch(line, str(caught.value))
    assert not (folder / "mlflow.json").exists()


def test_a_server_that_is_away_does_not_cost_the_import_of_mlflow(
    tmp_path: Path, closed_port: int
) -> None:
    lay(tmp_path)
    code = (
        "import sys; from pathlib import Path; from ae import tracking as track\n"
        "try: track.sync(Path(sys.argv[1], 'results'), lambda _: [], uri=sys.argv[2])\n"
        "except track.TrackingError as error: print(error)\n"
        "print('mlflow' in sys.modules)"
    )
    uri = f"http://127.0.0.1:{closed_port}"
    done = run_python(code, str(tmp_path), uri)
    assert done.stdout.splitlines()[0].startswith(f"MLflow at {uri}: ")
    assert done.stdout.splitlines()[1] == "False"


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
    )


def test_a_server_that_accepts_and_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        begin = time.perf_counter()
        with pytest.raises(TrackingError, match=r"timed out; run `ae sync` when it is back"):
            send(*lay(tmp_path), VERDICTS, uri=uri)
        assert time.perf_counter() - begin < 5.0


class Sick(BaseHTTPRequestHandler):
    """Answers /health with `status`, and nothing else at all before `stop` is set."""

    status: int
    stop: threading.Event

    def do_GET(self) -> None:
        if self.path == "/health":
            self.send_response(self.status)
            self.end_headers()
        else:
            self.stop.wait(20)
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sick() -> Iterator[tuple[str, type[Sick]]]:
    handler = type("Handler", (Sick,), {"status": 200, "stop": threading.Event()})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        handler.stop.set()
        server.shutdown()
        thread.join()


def test_a_server_that_stalls_after_a_healthy_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sick: tuple[str, type[Sick]]
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # what the user sets is honoured
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri, _ = sick
    begin = time.perf_counter()
    with pytest.raises(TrackingError, match=r"^MLflow at http://127.*; run `ae sync` when") as got:
        send(*lay(tmp_path), VERDICTS, uri=uri)
    assert time.perf_counter() - begin < 10.0
    assert "\n" not in str(got.value)


def test_a_gateway_without_its_server_is_away(tmp_path: Path, sick: tuple[str, type[Sick]]) -> None:
    uri, handler = sick
    handler.status = 502
    with pytest.raises(TrackingError) as caught:
        send(*lay(tmp_path), VERDICTS, uri=uri)
    assert str(caught.value) == (
        f"MLflow at {uri}: answers 502 when asked for its health; run `ae sync` when it is back"
    )


def test_three_processes_that_create_the_store_at_once_all_succeed(tmp_path: Path) -> None:
    """Without the lock, two of three crash; and of the three one sends, silently."""
    lay(tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from ae import tracking as track; from ae.records.record import read\n"
        "import mlflow; folder = Path(sys.argv[1])\n"
        "ready = folder / f'ready{sys.argv[2]}'; ready.touch()\n"
        "while len(list(folder.glob('ready*'))) < 3: time.sleep(0.01)\n"
        "sent = track.send(read(folder / 'record.json'), folder, [])\n"
        "print(sent.created, sent.skipped)"
    )
    folder = tmp_path / "results" / "author2014-model" / "quick"
    results: list[subprocess.CompletedProcess[str]] = []

    def start(which: str) -> None:
        results.append(run_python(code, str(folder), which))

    threads = [threading.Thread(target=start, args=(which,)) for which in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.stdout for done in results) == ["0 5\n", "0 5\n", "5 0\n"]
    assert [done.stderr for done in results] == ["", "", ""]
    assert_whole(tmp_path)
