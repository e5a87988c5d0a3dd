"""What a tracker is told of a record: parameters, points, tags and files, run by run.

Pure functions of the record; `ae.tracking` carries the result to MLflow, whose limits these are.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ae.disk import digest
from ae.errors import UserError
from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.spec import Cell
from ae.spec.tiers import cells

MARKER = "mlflow.json"
"""The file beside a record that notes where copies of it were sent."""

Verdict = tuple[str, str, str]  # a claim's id (or "headline"), the word, a note

PARAMETER = 6000  # characters of a parameter's value
TAG = 5000  # characters of a tag's value, on older servers too


@dataclass(frozen=True)
class Point:
    """A metric's value at a step of the optimiser."""

    name: str
    value: float
    step: int


@dataclass(frozen=True)
class Content:
    """All that one run holds, but data sets and files."""

    name: str
    tags: dict[str, str]
    parameters: dict[str, str]
    points: list[Point]
    status: str
    seconds: float


def key(record: Record) -> str:
    """What tells a record from every other, that of the same run repeated included."""
    return digest({"record": record.digest, "started": record.started})


@dataclass(frozen=True)
class Copy:
    """Where a record was sent: a URI without credentials, the experiment's and the run's id.

    `experiment` is empty where an older version noted the copy.
    """

    uri: str
    experiment: str
    run: str


def notes(folder: Path) -> dict[str, dict[str, str]]:
    """What is noted beside a record: by URI, the run and the record's key.

    Raises:
        UserError: The note is damaged.
    """
    path = folder / MARKER
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(map(_flat_words, found.values())):
        raise UserError(f"{path}: damaged; delete it and run `ae sync`")
    return found


def _flat_words(note: object) -> bool:
    return isinstance(note, dict) and all(isinstance(text, str) for text in note.values())


def copies(record: Record, folder: Path) -> list[Copy]:
    """The copies of this very record that are noted beside it, by URI.

    Raises:
        UserError: The note is damaged.
    """
    mine = key(record)
    return [
        Copy(uri, note.get("experiment_id", ""), note.get("parent_run_id", ""))
        for uri, note in sorted(notes(folder).items())
        if note.get("record_key") == mine
    ]


def started(record: Record) -> datetime:
    """When the run began; a record that does not say the zone means UTC."""
    moment = datetime.fromisoformat(record.started)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parent(record: Record, verdicts: Sequence[Verdict]) -> Content:
    """The record as a whole: provenance, verdicts, and every metric's mean over all seeds.

    The mean is NaN where a seed's value is: leaving out the diverged would flatter.
    """
    points = [
        Point(_name(f"mean/{run.name}/{metric}"), sum(values) / len(values), run.steps)
        for run in record.runs
        for metric, values in run.metrics.items()
        if values
    ]
    environment = record.environment
    seeds = len({seed for run in record.runs for seed in run.seeds})
    tags = {
        "ae.spec": record.name,
        "ae.tier": record.tier,
        "ae.spec_digest": record.spec_digest,
        "ae.record_digest": record.digest,
        "ae.commit": environment.commit + (" (changed)" if environment.dirty else ""),
        "ae.device": environment.device,
    }
    for claim, word, note in verdicts:
        tags[f"verdict.{_name(claim)}"] = word
        tags[f"verdict.{_name(claim)}.note"] = note
    plural = "seed" if seeds == 1 else "seeds"
    return Content(
        name=f"{record.tier}, {seeds} {plural}, {started(record):%Y-%m-%d %H:%M}",
        tags=_tags(tags, points),
        parameters={},
        points=points,
        status="FINISHED",
        seconds=record.seconds,
    )


def children(record: Record) -> list[Content]:
    """Every seed of every run.

    Raises:
        UserError: The record's spec is of another format than this version's.
    """
    spec = record.meaning
    by_name = {cell.name: cell for cell in cells(spec, record.tier, where=record.name)}
    return [
        _child(record, run, by_name[run.name], index)
        for run in record.runs
        for index in range(len(run.seeds))
    ]


def files(record: Record, folder: Path) -> list[tuple[Path, str | None]]:
    """The files to copy, each with its folder in the run.

    Raises:
        UserError: One of them is missing.
    """
    found: list[tuple[Path, str | None]] = [(folder / "record.json", None)]
    for figure in record.figures:
        found += [(folder / name, "figures") for name in figure.files]
    for path, _ in found:
        if not path.is_file():
            raise UserError(f"{path}: the record names this file and it is missing; run it again")
    return found


def _child(record: Record, run: RunRecord, cell: Cell, index: int) -> Content:
    seed = run.seeds[index]
    points = [
        Point(_name(f"{curve.stage}/{curve.part}"), value, step)
        for curve in run.curves
        for step, value in zip(curve.steps, curve.values[index], strict=True)
    ]
    points += [Point(_name(m), values[index], run.steps) for m, values in run.metrics.items()]
    about = {"ae.spec": record.name, "ae.tier": record.tier, "ae.run": run.name}
    reason = {"ae.diverged": run.diverged[seed]} if seed in run.diverged else {}
    return Content(
        name=f"{run.name} seed {seed}",
        tags=_tags(about | {"ae.seed": str(seed)} | reason, points),
        parameters=_parameters(cell, seed),
        points=points,
        status="FAILED" if reason else "FINISHED",
        seconds=run.seconds,
    )


def _parameters(cell: Cell, seed: int) -> dict[str, str]:
    """The cell without other seeds and without stages that the run does not use."""
    tables = cell.model_dump(mode="json", by_alias=True, exclude={"name", "label"})
    train = tables["train"]
    del train["seeds"]
    train["stages"] = {name: train["stages"][name] for name in cell.train.use}
    return {"seed": str(seed)} | {
        name: text for table in tables for name, text in _flat(tables[table], table)
    }


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from _flat(item, f"{name}.{_name(inner)}")
    elif value is not None:
        yield name, _cut(value if isinstance(value, str) else json.dumps(value), PARAMETER)


def _tags(tags: dict[str, str], points: Iterable[Point]) -> dict[str, str]:
    """`tags`, and one per metric that is not finite: SQL stores infinity as 1.797e308."""
    lost: dict[str, list[str]] = {}
    for point in points:
        if not math.isfinite(point.value):
            what = f"{float(point.value)!r} at step {point.step}"
            lost.setdefault(f"nonfinite.{point.name}", []).append(what)
    told = tags | {name: ", ".join(where) for name, where in lost.items()}
    return {name: _cut(text, TAG) for name, text in told.items()}


def _name(name: str) -> str:
    """A name as MLflow takes it; `=` and `+` are the two characters of ours that it refuses."""
    return name.replace("=", ":").replace("+", " ")


def _cut(text: str, limit: int) -> str:
    note = f" ... ({len(text)} characters, whole in the record)"
    return text if len(text) <= limit else text[: limit - len(note)] + note
