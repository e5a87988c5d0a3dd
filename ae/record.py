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
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from ae.consistency import dangling
from ae.errors import OutsideError, UserError, plain
from ae.spec import Name, Spec, TierName
from ae.toml import located, shown, unfit

SCHEMA: Literal[1] = 1


def _parse(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _show(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if abs(value) != float("inf") else ("Infinity" if value > 0 else "-Infinity")


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Number = Annotated[
    float, Field(allow_inf_nan=True), BeforeValidator(_parse), PlainSerializer(_show)
]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Amount = Annotated[float, Field(ge=0, lt=2**63)]
Beside = Annotated[Name, Field(max_length=200)]  # a file beside the record, never elsewhere
Moment = Annotated[str, AfterValidator(_moment)]


class Part(BaseModel):
    """A piece of a record: strict, frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Environment(Part):
    """Where the numbers came from."""

    python: str
    platform: str
    machine: str
    processor: str
    cores: Whole
    memory_gib: Amount
    device: str
    threads: Whole
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
    examples: Whole
    available: Whole
    sha256: str
    licence: str
    citation: str
    url: str
    note: str


class Curve(Part):
    """One term of an objective over a stage: `values[seed][point]`, means since the last point."""

    stage: str
    part: str
    steps: list[Whole]
    examples: list[Whole]
    values: list[list[Number]]

    @model_validator(mode="after")
    def _points(self) -> Self:
        if sizes := {len(row) for row in (self.examples, *self.values)} - {len(self.steps)}:
            raise ValueError(f"found {min(sizes)} points; expected {len(self.steps)}, one a step")
        return self


class RunRecord(Part):
    """One run: the values of its metrics, seed by seed, in the order of `seeds`.

    `trained` says where its weights come from, which may be another session than the record's.
    """

    name: str
    label: str
    seeds: list[Whole]
    stack: str
    diverged: dict[int, str]
    metrics: dict[str, list[Number]]
    curves: list[Curve]
    parameters: Whole
    steps: Whole
    seconds: Amount
    trained: dict[str, str] = {}

    @model_validator(mode="after")
    def _by_seed(self) -> Self:
        _once("seed", self.seeds)
        if strange := set(self.diverged) - set(self.seeds):
            raise ValueError(f"diverged: found {min(strange)}, which is none of its seeds")
        rows = {f"metrics.{name}": values for name, values in self.metrics.items()}
        rows |= {f"the curve {c.stage}/{c.part}": c.values for c in self.curves}
        for name, values in rows.items():
            if len(values) != len(self.seeds):
                raise ValueError(
                    f"{shown(name)}: found {len(values)}; expected {len(self.seeds)}, one a seed"
                )
        return self


class Interaction(Part):
    """What a reader may do with a figure in a browser: a kind, and a JSON file beside the record.

    `digest` is the sha256 of the file. The kinds are those that the report's script knows.
    """

    kind: str
    data: Beside
    digest: str


class FigureRecord(Part):
    """A figure's files beside the record and the digest of the arrays that it was drawn from.

    The picture says what is to be seen; `interaction` lets a reader turn it or move through it.
    """

    name: str
    title: str
    caption: str
    paper: str
    image: Beside
    vector: Beside | None
    arrays: Beside
    digest: str
    width: Whole
    height: Whole
    interaction: Interaction | None = None

    @property
    def files(self) -> list[str]:
        """The names of all its files."""
        data = self.interaction.data if self.interaction else None
        return [name for name in (self.image, self.vector, self.arrays, data) if name is not None]


class Record(Part):
    """A spec run in one tier on one machine."""

    schema_version: Literal[1]
    name: Name
    tier: TierName
    spec: dict[str, Any]
    spec_digest: str
    source: str
    started: Moment
    seconds: Amount
    environment: Environment
    data: list[DataRecord]
    runs: list[RunRecord]
    figures: list[FigureRecord]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _once("run", [r.name for r in self.runs])
        _once("figure", [f.name for f in self.figures])
        if fault := unfit(self.spec, ()):
            raise ValueError(f"spec: {located(self.spec, fault)}")
        return self

    @property
    def meaning(self) -> Spec:
        """The spec as it was run, typed.

        Raises:
            UserError: It is of another format than this version's, or not that of the record's runs.
        """
        try:
            spec = Spec.model_validate_json(json.dumps(self.spec))
        except ValidationError as error:
            raise self._another(_first(error.errors())) from None
        if fault := next(dangling(spec), None):
            raise self._another(fault)
        tier = spec.tier.get(self.tier)
        there = {r.name for r in spec.run} if tier is None or tier.runs == "all" else {*tier.runs}
        if strange := [r.name for r in self.runs if r.name not in there]:
            raise self._another(f"it has no run {shown(strange[0])}")
        return spec

    def _another(self, fault: str) -> UserError:
        return UserError(
            f"record of {self.name}, tier {self.tier}: its spec is of another format "
            f"({fault}); run `ae run {self.name} --tier {self.tier}` again"
        )

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
        raise UserError(
            f"{path}: not a record of schema {SCHEMA}: {_first(error.errors())}"
        ) from None


def _first(errors: list[ErrorDetails]) -> str:
    """Where the first fault is, what was found there, and what was expected."""
    first = errors[0]
    place = ".".join(str(step) for step in first["loc"]) or "the file"
    known = first["type"] in ("value_error", "missing", "json_invalid", "extra_forbidden")
    found = "" if known else f"found {shown(first['input'])}; "
    words = found + first["msg"].removeprefix("Value error, ")
    return plain(f"{place}: {words}", 500)


def _once(what: str, names: Iterable[Any]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{what} {shown(twice[0])} is given more than once")
