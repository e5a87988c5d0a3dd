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
from ae.toml import shown


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
        once("seed", self.seeds)
        if strange := set(self.diverged) - set(self.seeds):
            raise ValueError(f"diverged: found {min(strange)}, which is none of its seeds")
        sizes = {f"metrics.{name}": len(values) for name, values in self.metrics.items()}
        sizes |= {f"the curve {c.stage}/{c.part}": len(c.values) for c in self.curves}
        for name, size in sizes.items():
            if size != len(self.seeds):
                raise ValueError(
                    f"{shown(name)}: found {size}; expected {len(self.seeds)}, one a seed"
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
