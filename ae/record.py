"""The result of running a spec, with its provenance, to and from JSON.

A record is all that verdicts, tracking and reports know of a run. It is written whole or not at
all, and read strictly. Numbers that JSON has no word for are the strings "NaN", "Infinity" and
"-Infinity".
"""

import hashlib
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from ae.errors import OutsideError, UserError
from ae.spec import Spec

SCHEMA: Literal[1] = 1


def _parse(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _show(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if abs(value) != float("inf") else ("Infinity" if value > 0 else "-Infinity")


Number = Annotated[float, BeforeValidator(_parse), PlainSerializer(_show)]


class Part(BaseModel):
    """A piece of a record: strict, frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Environment(Part):
    """Where the numbers came from."""

    python: str
    platform: str
    machine: str
    processor: str
    cores: int
    memory_gib: float
    device: str
    threads: int
    thread_policy: str
    precision: str
    versions: dict[str, str]
    commit: str
    dirty: bool
    code: str


class DataRecord(Part):
    """One split as it was used: `examples` of `available`, sha256 of what was used."""

    name: str
    split: str
    examples: int
    available: int
    sha256: str
    licence: str
    citation: str
    url: str
    note: str


class Curve(Part):
    """One term of an objective over a stage: `values[seed][point]`, means since the last point."""

    stage: str
    part: str
    steps: list[int]
    examples: list[int]
    values: list[list[Number]]


class RunRecord(Part):
    """One run: the values of its metrics, seed by seed, in the order of `seeds`.

    `trained` says where its weights come from, which may be another session than the record's.
    """

    name: str
    label: str
    seeds: list[int]
    stack: str
    diverged: dict[int, str]
    metrics: dict[str, list[Number]]
    curves: list[Curve]
    parameters: int
    steps: int
    seconds: float
    trained: dict[str, str] = {}


class Interaction(Part):
    """What a reader may do with a figure in a browser: a kind, and a JSON file beside the record.

    `digest` is the sha256 of the file. The kinds are those that the report's script knows.
    """

    kind: str
    data: str
    digest: str


class FigureRecord(Part):
    """A figure's files beside the record and the digest of the arrays that it was drawn from.

    The picture says what is to be seen; `interaction` lets a reader turn it or move through it.
    """

    name: str
    title: str
    caption: str
    paper: str
    image: str
    vector: str | None
    arrays: str
    digest: str
    width: int
    height: int
    interaction: Interaction | None = None

    @property
    def files(self) -> list[str]:
        """The names of all its files."""
        data = self.interaction.data if self.interaction else None
        return [name for name in (self.image, self.vector, self.arrays, data) if name is not None]


class Record(Part):
    """A spec run in one tier on one machine."""

    schema_version: Literal[1]
    name: str
    tier: str
    spec: dict[str, Any]
    spec_digest: str
    source: str
    started: str
    seconds: float
    environment: Environment
    data: list[DataRecord]
    runs: list[RunRecord]
    figures: list[FigureRecord]

    @property
    def meaning(self) -> Spec:
        """The spec as it was run, typed."""
        try:
            return Spec.model_validate_json(json.dumps(self.spec))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(p) for p in first["loc"])
            raise UserError(
                f"record of {self.name}, tier {self.tier}: its spec is of another format "
                f"({place}: {first['msg']}); run `ae run {self.name} --tier {self.tier}` again"
            ) from None

    @property
    def digest(self) -> str:
        """What was found, not when or how fast: equal digests are equal results."""
        found = {
            "spec": self.spec_digest,
            "tier": self.tier,
            "data": [d.sha256 for d in self.data],
            "runs": [
                r.model_dump(mode="json", include={"name", "seeds", "diverged", "metrics"})
                for r in self.runs
            ],
            "figures": [f.digest for f in self.figures],
        }
        return digest(found)

    def run(self, name: str) -> RunRecord | None:
        """The run of that name, if this tier has it."""
        return next((r for r in self.runs if r.name == name), None)


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of `value`: order of keys and spaces do not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: aside, synced, then renamed.

    Raises:
        OutsideError: The disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(aside, 0o644)  # mkstemp makes it readable by its owner alone
            os.replace(aside, path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutsideError(f"{path}: cannot be written: {error.strerror}") from None


def write(record: Record, path: Path) -> None:
    """Write a record as indented JSON, whole or not at all."""
    text = json.dumps(record.model_dump(mode="json"), indent=1, allow_nan=False)
    write_atomically(path, text.encode() + b"\n")


def read(path: Path) -> Record:
    """Read a record, refusing one that is damaged or of another schema by name and place."""
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the file"
        raise UserError(
            f"{path}: not a record of schema {SCHEMA}: {place}: {first['msg']}"
        ) from None
