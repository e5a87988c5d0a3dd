"""The result of running a spec, with its provenance, to and from JSON.

A record is all that verdicts, tracking and reports know of a run. It is written whole or not at
all, and read strictly. Numbers that JSON has no word for are the strings "NaN", "Infinity" and
"-Infinity".
"""

import codecs
import json
import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails

from ae.disk import digest, write_atomically
from ae.errors import UserError, plain
from ae.records.entries import (
    Amount,
    DataRecord,
    Energy,
    Environment,
    Moment,
    Part,
    RunRecord,
    once,
)
from ae.records.figures import FigureRecord
from ae.records.foreign import ForeignCode
from ae.spec import Name, Spec, TierName
from ae.spec.consistency import dangling
from ae.spec.earlier import modern
from ae.spec.read import digest_of
from ae.toml.file import located, shown, unfit

SCHEMA: Literal[1] = 1
NUMBERS = re.compile(r'\[\n([^\[\]{}"]*)\n *\]')  # a list; no string holds a line break


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
    energy: Energy | None = None
    foreign: list[ForeignCode] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        once("run", [r.name for r in self.runs])
        once("figure", [f.name for f in self.figures])
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
            spec = Spec.model_validate_json(json.dumps(modern(self.spec)))
        except ValidationError as error:
            raise self._another(_first(error.errors())) from None
        if fault := next(dangling(spec), None):
            raise self._another(located(modern(self.spec), fault))
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

    def outdated(self, spec: Spec) -> bool:
        """Whether the spec of today no longer means, in the record's tier, what the record's does."""
        if self.spec_digest == digest_of(spec):
            return False
        try:
            then, now = (digest_of(within(one, self.tier)) for one in (self.meaning, spec))
        except UserError:
            return True
        return then != now

    def run(self, name: str) -> RunRecord | None:
        """The run of that name, if this tier has it."""
        return next((r for r in self.runs if r.name == name), None)


def within(spec: Spec, tier: TierName) -> Spec:
    """What a spec says of one tier: without the tables of others, and what holds in others alone."""
    own: dict[str, Any] = {
        name: tuple(
            one.model_copy(update={"tiers": (tier,)})
            for one in getattr(spec, name)
            if tier in one.tiers
        )
        for name in ("measure", "claim", "deviation")
    }
    own["tier"] = {name: table for name, table in spec.tier.items() if name == tier}
    return spec.model_copy(update=own)


def write(record: Record, path: Path) -> None:
    """Write a record as indented JSON, each list of numbers on a line, whole or not at all."""
    text = json.dumps(record.model_dump(mode="json"), indent=1, allow_nan=False)
    text = NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    write_atomically(path, text.encode() + b"\n")


def read(path: Path) -> Record:
    """Read a record, refusing one that is damaged or of another schema by name and place."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(content, str(path))


def parse(content: bytes, where: str) -> Record:
    """A record from its JSON, refused as by `read`; `where` is what a message calls it."""
    try:
        return Record.model_validate_json(content.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise UserError(
            f"{where}: not a record of schema {SCHEMA}: {_first(error.errors())}"
        ) from None


def _first(errors: list[ErrorDetails]) -> str:
    """Where the first fault is, what was found there, and what was expected."""
    first = errors[0]
    place = ".".join(str(step) for step in first["loc"]) or "the file"
    known = first["type"] in ("value_error", "missing", "json_invalid", "extra_forbidden")
    found = "" if known else f"found {shown(first['input'])}; "
    words = found + first["msg"].removeprefix("Value error, ")
    return plain(f"{place}: {words}", 500)
