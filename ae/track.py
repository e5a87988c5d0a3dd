"""MLflow: a copy of finished records, never the source.

One experiment per spec, one parent run per record, one child run per run and seed, as `ae.tracked`
says. It is sent again after any failure, without duplicates: a parent counts once it is tagged
complete; anything short of that is sent anew, and what was left of it deleted.

MLflow takes seconds to import, so it is imported only when there is something to send and
somebody to send it to.
"""

import http.client
import json
import logging
import os
import ssl
import sys
import urllib.request
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock

from ae import tracked
from ae.errors import OutsideError, UserError
from ae.record import Record, read, write_atomically
from ae.tracked import Content, Verdict

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

KEY, COMPLETE = "ae.key", "ae.complete"
METRICS, PAIRS = 1000, 100  # a call: metrics; parameters or tags
DIGEST = 36  # characters of a data set's digest: a sha256 has 64, all of them in a tag
LINE = 300  # characters of somebody else's message that a person is shown
CONNECT, ANSWER, HELD = 0.8, 3.0, 300.0  # seconds until a server, or the store's lock, is given up
SETTINGS = {  # read by MLflow at import or at each call; what the user has set stays
    "DO_NOT_TRACK": "true",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class TrackingError(OutsideError):
    """The copy in MLflow could not be made; the record is safe and `ae sync` makes it later."""


@dataclass(frozen=True)
class Sent:
    """What `send` did: the runs that it created, and those that were there already."""

    experiment: str
    experiment_id: str
    parent_run_id: str
    created: int
    skipped: int


def default_uri(root: Path) -> str:
    """`MLFLOW_TRACKING_URI` where it is set, else the SQLite store under `root`/results."""
    store = root.resolve() / "results" / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store}"


def send(
    record: Record, folder: Path, verdicts: Sequence[Verdict], *, uri: str | None = None
) -> Sent:
    """Copy a record with its figures and verdicts, unless the store has all of it already.

    `folder` is `results/<spec>/<tier>`. What was sent where is noted beside the record.

    Raises:
        UserError: MLflow cannot use such a URI, or a file of the record is missing.
        TrackingError: The server is away, stalls or refuses; the store is locked or damaged.
    """
    uri = uri or default_uri(folder.resolve().parents[2])
    with _failures(uri), _lock(uri, folder):
        _probe(uri)
        sent = _send(_client(uri), record, folder, verdicts, _artifacts(uri, record.name))
        _mark(folder, uri, record, sent)
    return sent


def sync(
    root: Path, verdicts_of: Callable[[Record], Sequence[Verdict]], *, uri: str | None = None
) -> list[Sent]:
    """Send every record under `root`/results that is not noted as sent to this URI."""
    uri = uri or default_uri(root)
    sent = []
    for path in sorted((root / "results").glob("*/*/record.json")):
        record = read(path)
        if not _marked(path.parent, uri, record):
            sent.append(send(record, path.parent, verdicts_of(record), uri=uri))
    return sent


def fetch(
    experiment: str, *, uri: str, other_than: Collection[str] = ()
) -> list[tuple[str, bytes]] | None:
    """The records that an experiment holds: of each tier the newest that is not among the given.

    Each is the run's name and the record's JSON; `other_than` are keys of `ae.tracked`. Where all
    of a tier are among them, the newest stands. None: there is no such experiment.

    Raises:
        UserError: MLflow cannot use such a URI.
        TrackingError: The server is away, stalls or refuses; the store is locked or damaged.
    """
    database = _database(uri)
    if database and not database.exists():
        return None
    with _failures(uri, "ask again"):
        _probe(uri)
        client = _client(uri)
        found = client.get_experiment_by_name(experiment)
        if found is None or found.lifecycle_stage == "deleted":
            return None
        whole = _search(client, found.experiment_id, f"tags.`{COMPLETE}` = 'true'")
        chosen: dict[str, Run] = {}
        for run in sorted(whole, key=lambda r: r.info.start_time, reverse=True):
            tier = run.data.tags["ae.tier"]
            known = tier in chosen and chosen[tier].data.tags[KEY] not in other_than
            if not known and (tier not in chosen or run.data.tags[KEY] not in other_than):
                chosen[tier] = run
        return [(str(run.info.run_name), _stored(client, run)) for run in chosen.values()]


def _stored(client: "MlflowClient", run: "Run") -> bytes:
    with TemporaryDirectory() as folder:
        return Path(client.download_artifacts(run.info.run_id, "record.json", folder)).read_bytes()


# How it is sent.


def _send(
    client: "MlflowClient",
    record: Record,
    folder: Path,
    verdicts: Sequence[Verdict],
    artifacts: str | None,
) -> Sent:
    experiment, key = _experiment(client, record.name, artifacts), tracked.key(record)
    found = _find(client, experiment, key)
    for run in found:
        if run.data.tags.get(COMPLETE) == "true":
            return Sent(record.name, experiment, run.info.run_id, 0, len(found))
    files, children = tracked.files(record, folder), tracked.children(record)
    start, own = tracked.started(record), {KEY: key}
    parent = _create(client, experiment, tracked.parent(record, verdicts), start, own)
    own["mlflow.parentRunId"] = parent
    mine = {parent} | {_create(client, experiment, child, start, own) for child in children}
    client.log_inputs(parent, _inputs(record))
    for path, place in files:
        client.log_artifact(parent, str(path), place)
    for run in _find(client, experiment, key):  # what a killed send or a repeated request left
        if run.info.run_id not in mine:
            client.delete_run(run.info.run_id)
    client.set_tag(parent, COMPLETE, "true")
    return Sent(record.name, experiment, parent, len(mine), 0)


def _experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # somebody else created it meanwhile
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        raise TrackingError(f"the experiment {name!r} was deleted there; restore or purge it")
    return str(found.experiment_id)


def _find(client: "MlflowClient", experiment: str, key: str) -> "list[Run]":
    return _search(client, experiment, f"tags.`{KEY}` = '{key}'")


def _search(client: "MlflowClient", experiment: str, wanted: str) -> "list[Run]":
    page = client.search_runs([experiment], wanted)
    runs = list(page)
    while page.token:
        page = client.search_runs([experiment], wanted, page_token=page.token)
        runs += page
    return runs


def _create(
    client: "MlflowClient", experiment: str, content: Content, start: datetime, own: dict[str, str]
) -> str:
    """Create a run with all that it holds; every point bears the time of the record's start."""
    from mlflow.entities import Metric, Param, RunTag

    begin = round(start.timestamp() * 1000)
    created = client.create_run(experiment, begin, tags=own, run_name=content.name)
    run = str(created.info.run_id)
    for tags in _batches([RunTag(*pair) for pair in content.tags.items()], PAIRS):
        client.log_batch(run, tags=tags)
    for parameters in _batches([Param(*pair) for pair in content.parameters.items()], PAIRS):
        client.log_batch(run, params=parameters)
    points = [Metric(point.name, point.value, begin, point.step) for point in content.points]
    for metrics in _batches(points, METRICS):
        client.log_batch(run, metrics=metrics)
    end = start + timedelta(seconds=content.seconds)
    client.set_terminated(run, content.status, round(end.timestamp() * 1000))
    return run


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _inputs(record: Record) -> "list[DatasetInput]":
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = []
    for data in record.data:
        dataset = Dataset(
            name=f"{data.name}/{data.split}",
            digest=data.sha256[:DIGEST],
            source_type="http",
            source=json.dumps({"url": data.url}),
            profile=json.dumps({"examples": data.examples, "available": data.available}),
        )
        tags = {"mlflow.data.context": data.split, "ae.sha256": data.sha256}
        inputs.append(DatasetInput(dataset, [InputTag(*pair) for pair in tags.items()]))
    return inputs


# Where it is sent.


def shown(uri: str) -> str:
    """The URI without a user and a password."""
    head, at, tail = uri.rpartition("@")
    return f"{head.partition('://')[0]}://{tail}" if at and "://" in head else uri


def _database(uri: str) -> Path | None:
    return Path(uri.partition(":///")[2]).resolve() if uri.startswith("sqlite:///") else None


def _artifacts(uri: str, experiment: str) -> str | None:
    """Beside an SQLite store, whatever the working directory; else the server decides."""
    database = _database(uri)
    return (database.parent / "mlartifacts" / experiment).as_uri() if database else None


def _lock(uri: str, folder: Path) -> FileLock:
    """One sender at a time: three that create an SQLite store at once would spoil it."""
    database = _database(uri)
    path = (
        database.with_name(f"{database.name}.lock")
        if database
        else folder / f".{tracked.MARKER}.lock"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=HELD)


def _probe(uri: str) -> None:
    """Ask an HTTP server for its health: any answer but a server's error will do."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return
    host, port = _place(uri)
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return
    connection = http.client.HTTPConnection(host, port, timeout=CONNECT)
    if parts.scheme == "https":  # nothing is told and nothing believed: MLflow checks identity
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=CONNECT, context=context)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER)
        connection.request("GET", f"{parts.path.rstrip('/')}/health")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status >= 500:
        raise TrackingError(f"answers {status} when asked for its health")


def _place(uri: str) -> tuple[str, int | None]:
    try:
        host, port = urlsplit(uri).hostname, urlsplit(uri).port
    except ValueError:
        host, port = None, None
    if not host:
        raise UserError(f"tracking URI {shown(uri)!r}: expected http://HOST:PORT")
    return host, port


def _client(uri: str) -> "MlflowClient":
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file") and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "") != "true":
        raise UserError(
            f"tracking URI {uri!r}: MLflow no longer keeps runs in a folder; "
            "expected sqlite:///FILE.db or http://HOST:PORT"
        )
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    for name in ("alembic", "mlflow", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    database = _database(uri)
    if database and not database.exists():
        _create_store(database)
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        if scheme in ("http", "https", "sqlite"):
            raise
        raise UserError(f"tracking URI {shown(uri)!r}: {_line(error)}") from None


def _create_store(database: Path) -> None:
    """Create an SQLite store aside and rename it: it takes seconds and may be interrupted."""
    from mlflow import MlflowClient

    aside = database.with_name(f".{database.name}.new")
    for left in aside.parent.glob(f"{aside.name}*"):  # with the journal of a killed attempt
        left.unlink()
    MlflowClient(tracking_uri=f"sqlite:///{aside}").search_experiments()
    os.replace(aside, database)


@contextmanager
def _failures(uri: str, then: str = "run `ae sync`") -> Iterator[None]:
    """Turn whatever a server, a database or a disk may raise into one line for a person."""
    try:
        yield
    except _outside() as error:
        what = _line(error).replace(uri, shown(uri))
        remote = urlsplit(uri).scheme in ("http", "https")
        advice = "when it is back" if remote else "when that is mended"
        raise TrackingError(f"MLflow at {shown(uri)}: {what}; {then} {advice}") from error


def _outside() -> tuple[type[Exception], ...]:
    own = (OSError, http.client.HTTPException, TrackingError)
    if "mlflow" not in sys.modules:
        return own
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return (*own, MlflowException, SQLAlchemyError, CommandError)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LINE else text[:LINE] + " ..."


# What was sent where.


def _mark(folder: Path, uri: str, record: Record, sent: Sent) -> None:
    note = {
        "experiment_id": sent.experiment_id,
        "parent_run_id": sent.parent_run_id,
        "record_key": tracked.key(record),
    }
    text = json.dumps(tracked.notes(folder) | {shown(uri): note}, indent=1, sort_keys=True)
    write_atomically(folder / tracked.MARKER, text.encode() + b"\n")


def _marked(folder: Path, uri: str, record: Record) -> bool:
    database = _database(uri)
    if database and not database.exists():
        return False
    return tracked.notes(folder).get(shown(uri), {}).get("record_key") == tracked.key(record)
