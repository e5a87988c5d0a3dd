"""Copies of finished records: sent whole or anew, never twice, and noted beside the record."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ae.disk import visible, write_atomically
from ae.errors import UserError
from ae.locks import locked
from ae.records.record import Record, read
from ae.tracking import content as tracked
from ae.tracking.content import Content, Verdict
from ae.tracking.experiment import COMPLETE, KEY, complete, find, opened, whole
from ae.tracking.failure import failures, shown
from ae.tracking.store import absent, artifacts_of, connected, default_uri, lock, probe

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

NOTE_SECONDS = 10.0  # until the lock of the notes is given up
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
    uri = uri or default_uri(folder.resolve().parents[1])
    with failures(uri), lock(uri, folder), _notes_of(folder):
        probe(uri)
        with connected(uri) as client:
            sent = _send(client, record, folder, verdicts, artifacts_of(uri, record.name))
        _mark(folder, uri, record, sent)
    return sent


def sync(
    results: Path, verdicts_of: Callable[[Record], Sequence[Verdict]], *, uri: str | None = None
) -> list[Sent]:
    """Send every record among the results that the store does not have whole.

    The store is asked, not the note beside the record: a store or an experiment may be gone. It is
    asked of all before any is sent.

    Raises:
        UserError: As `send`; or a record cannot be read, after the others were sent.
        TrackingError: As `send`.
    """
    uri = uri or default_uri(results)
    found, faults = [], []
    for path in visible(results, "*/*/record.json"):
        try:
            found.append((read(path), path.parent))
        except UserError as error:
            faults.append(error)
    wanted = _lacking(found, uri)
    sent = [send(record, folder, verdicts_of(record), uri=uri) for record, folder in wanted]
    if faults:
        raise faults[0]
    return sent


def _lacking(found: Sequence[tuple[Record, Path]], uri: str) -> list[tuple[Record, Path]]:
    """Those that the store does not have whole; what is noted of the others is put right."""
    if absent(uri):
        lacking = list(found)
    else:
        with failures(uri):
            probe(uri)
            with connected(uri) as client:
                there = [whole(client, record.name, tracked.key(record)) for record, _ in found]
        lacking = [one for one, run in zip(found, there, strict=True) if run is None]
        for (record, folder), run in zip(found, there, strict=True):
            if run is not None and not _marked(folder, uri, record):
                own = Sent(record.name, run.info.experiment_id, run.info.run_id, 0, 0)
                with failures(uri), _notes_of(folder):
                    _mark(folder, uri, record, own)
    for record, folder in lacking:
        if _marked(folder, uri, record):
            with failures(uri), _notes_of(folder):
                _note(folder, uri, None)
    return lacking


def _send(
    client: "MlflowClient",
    record: Record,
    folder: Path,
    verdicts: Sequence[Verdict],
    artifacts: str | None,
) -> Sent:
    experiment, key = opened(client, record.name, artifacts), tracked.key(record)
    found = find(client, experiment, key)
    if run := complete(found):
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
    _note(folder, uri, note)


def _note(folder: Path, uri: str, note: dict[str, str] | None) -> None:
    """Note a copy, or that there is none; older versions kept what a URI should not show."""
    notes = {shown(known): old for known, old in tracked.notes(folder).items()}
    notes.pop(shown(uri), None)
    text = json.dumps(notes | ({shown(uri): note} if note else {}), indent=1, sort_keys=True)
    write_atomically(folder / tracked.MARKER, text.encode() + b"\n")


def _notes_of(folder: Path) -> AbstractContextManager[None]:
    """Two stores that get copies at once would each write the note that it has read."""
    return locked(folder.resolve().parents[1] / f".{tracked.MARKER}.lock", NOTE_SECONDS)


def _marked(folder: Path, uri: str, record: Record) -> bool:
    return tracked.notes(folder).get(shown(uri), {}).get("record_key") == tracked.key(record)
