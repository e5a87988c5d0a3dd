"""Copies of finished records: sent whole or anew, never twice, and noted beside the record."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ae import tracked
from ae.record import Record, read, write_atomically
from ae.track.experiment import COMPLETE, KEY, find, opened
from ae.track.failure import failures, shown
from ae.track.store import artifacts_of, client_of, database_of, default_uri, lock, probe
from ae.tracked import Content, Verdict

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

METRICS, PAIRS = 1000, 100  # a call: metrics; parameters or tags
DIGEST = 36  # characters of a data set's digest: a sha256 has 64, all of them in a tag


@dataclass(frozen=True)
class Sent:
    """What `send` did: the runs that it created, and those that were there already."""

    experiment: str
    experiment_id: str
    parent_run_id: str
    created: int
    skipped: int


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
    with failures(uri), lock(uri, folder):
        probe(uri)
        sent = _send(client_of(uri), record, folder, verdicts, artifacts_of(uri, record.name))
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


def _send(
    client: "MlflowClient",
    record: Record,
    folder: Path,
    verdicts: Sequence[Verdict],
    artifacts: str | None,
) -> Sent:
    experiment, key = opened(client, record.name, artifacts), tracked.key(record)
    found = find(client, experiment, key)
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
    for run in find(client, experiment, key):  # what a killed send or a repeated request left
        if run.info.run_id not in mine:
            client.delete_run(run.info.run_id)
    client.set_tag(parent, COMPLETE, "true")
    return Sent(record.name, experiment, parent, len(mine), 0)


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


def _mark(folder: Path, uri: str, record: Record, sent: Sent) -> None:
    note = {
        "experiment_id": sent.experiment_id,
        "parent_run_id": sent.parent_run_id,
        "record_key": tracked.key(record),
    }
    text = json.dumps(tracked.notes(folder) | {shown(uri): note}, indent=1, sort_keys=True)
    write_atomically(folder / tracked.MARKER, text.encode() + b"\n")


def _marked(folder: Path, uri: str, record: Record) -> bool:
    database = database_of(uri)
    if database and not database.exists():
        return False
    return tracked.notes(folder).get(shown(uri), {}).get("record_key") == tracked.key(record)
