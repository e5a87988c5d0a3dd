"""The pieces of a record: what was run where, on what, with which outcome.

They are strict: values one a seed, points one a step, files beside the record and nowhere else.
"""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from operator import mul
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from ae.spec import Name
from ae.toml.file import hidden_in, shown


def once(what: str, names: Iterable[Any]) -> None:
    """Raise ValueError if a name is there twice."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{what} {shown(twice[0])} is given more than once")


def _parse(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


def _show(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if abs(value) != float("inf") else ("Infinity" if value > 0 else "-Infinity")


def _moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


WORST = 1e60  # a value beyond this is no number: its seed counts as diverged
Number = Annotated[
    float, Field(allow_inf_nan=True), BeforeValidator(_parse), PlainSerializer(_show)
]
Value = int | float | str  # of what was applied
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Amount = Annotated[float, Field(ge=0, lt=2**63)]
Beside = Annotated[Name, Field(max_length=200)]  # a file beside the record, never elsewhere
Moment = Annotated[str, AfterValidator(_moment)]


class Part(BaseModel):
    """A piece of a record: strict, frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _shown(self) -> Self:
        """Refuse what a terminal would obey instead of showing it; records travel."""
        for name, value in self.__dict__.items():
            words = value if isinstance(value, dict | list) else (value,)
            texts = [w for w in words if isinstance(w, str)]
            texts += (
                [w for w in value.values() if isinstance(w, str)] if isinstance(value, dict) else []
            )
            if hidden := next(filter(None, map(hidden_in, texts)), None):
                raise ValueError(f"{name}: found {hidden}; expected text that can be shown")
        return self


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


class Energy(Part):
    """What counters of energy counted over `seconds`, whichever program used it, in joules.

    A counter is a processor package or a device; `note` says which could not be read, and why.
    """

    joules: dict[str, Amount]
    seconds: Amount
    note: str


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
        sizes = {len(self.examples), *map(len, self.values)} - {len(self.steps)}
        if sizes:
            raise ValueError(f"found {min(sizes)} points; expected {len(self.steps)}, one a step")
        return self

    def thinned(self, most: int) -> Self:
        """The same curve by at most `most` points: neighbours as one, the mean over their steps."""
        size = -(-len(self.steps) // most)
        if size <= 1:
            return self
        ends = [min(i + size, len(self.steps)) for i in range(0, len(self.steps), size)]
        weights = [now - last for last, now in pairwise([0, *self.steps])]

        def merged(row: list[float]) -> list[float]:
            return [
                rounded(sum(map(mul, row[a:b], weights[a:b])) / sum(weights[a:b]))
                for a, b in pairwise([0, *ends])
            ]

        return self.model_copy(
            update={
                "steps": [self.steps[end - 1] for end in ends],
                "examples": [self.examples[end - 1] for end in ends],
                "values": [merged(row) for row in self.values],
            }
        )


def rounded(value: float) -> float:
    """To six digits, about what single precision holds."""
    return float(f"{value:.6g}")


class MemberRecord(Part):
    """Where one seed of a run comes from: its key, its time, the machine and code that trained it.

    `seconds` are of the clock and `cpu_seconds` of the processors, for its share of the training.
    `imported` says that another machine's results were taken.
    """

    seed: Whole
    key: str
    seconds: Amount
    cpu_seconds: Amount
    imported: bool
    trained: dict[str, str]


class TwinRecord(Part):
    """The same seed from another kind of device, and what was measured of it."""

    member: MemberRecord
    diverged: str | None
    metrics: dict[str, Number]


class RunRecord(Part):
    """One run: the values of its metrics, seed by seed, in the order of `seeds`.

    `trained` says where its weights come from, which may be another session than the record's;
    `members` says it seed by seed, and `twins` are the same seeds from other devices. `unmeasured`
    says, metric by metric, why the value of a seed is NaN that did not diverge. `ends` are the last
    values of every term of every stage's objective, `stage/term`; `applied` is what the training
    really did (see `ae.training.applied`), one value if all seeds share it: empty in old records.
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
    members: list[MemberRecord] = []
    twins: list[TwinRecord] = []
    unmeasured: dict[str, dict[int, str]] = {}
    ends: dict[str, list[Number]] = {}
    applied: dict[str, list[Value]] = {}

    @model_validator(mode="after")
    def _by_seed(self) -> Self:
        once("seed", self.seeds)
        if strange := set(self.diverged) - set(self.seeds):
            raise ValueError(f"diverged: found {min(strange)}, which is none of its seeds")
        if self.members and [m.seed for m in self.members] != self.seeds:
            raise ValueError("members: expected one a seed, in their order")
        sizes = {f"metrics.{name}": len(values) for name, values in self.metrics.items()}
        sizes |= {f"ends.{name}": len(values) for name, values in self.ends.items()}
        sizes |= {f"applied.{k}": len(v) for k, v in self.applied.items() if len(v) != 1}
        sizes |= {f"the curve {c.stage}/{c.part}": len(c.values) for c in self.curves}
        for name, size in sizes.items():
            if size != len(self.seeds):
                raise ValueError(
                    f"{shown(name)}: found {size}; expected {len(self.seeds)}, one a seed"
                )
        return self

    def values(self, metric: str) -> dict[int, float]:
        """A metric by seed: NaN where the seed diverged or its value is no number.

        Empty where the metric was not measured.
        """
        pairs = zip(self.seeds, self.metrics.get(metric) or (), strict=False)
        return {s: v if s not in self.diverged and abs(v) < WORST else math.nan for s, v in pairs}

    def finite(self, metric: str) -> dict[int, float]:
        """The same without the seeds that diverged."""
        return {s: v for s, v in self.values(metric).items() if not math.isnan(v)}
