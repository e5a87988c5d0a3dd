"""How fast training is and how its cost grows: the measurements of `tox -e perf`.

They are data like a record: written by the benchmark, read strictly, shown as they are.
"""

import codecs
import statistics
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ae.errors import UserError
from ae.records.entries import Part

IDLE_SHARE = 0.05  # of the cores, used by others during the run


class Workload(Part):
    """A network; `flops` are the operations of its matrix products per seed and step."""

    name: str
    title: str
    batch: int
    parameters: int
    flops: float
    formula: str


class Timing(Part):
    """An arm on a workload: seconds of each round, for `steps` steps of `seeds` seeds."""

    workload: str
    arm: str
    label: str
    seeds: int
    steps: int
    seconds: list[float]


class Cost(Part):
    """A run in a process of its own, as one quantity grows; memory is resident, at its peak."""

    axis: Literal["seeds", "examples", "width"]
    seeds: int
    examples: int
    width: int
    steps: int
    seconds: float
    peak_mib: float
    empty_mib: float

    @property
    def at(self) -> int:
        """The quantity that grows."""
        return int(getattr(self, self.axis))


class Machine(Part):
    """Where it was measured; `load` before, and the share of the cores that others used."""

    processor: str
    cores: int
    memory_gib: float
    platform: str
    threads: int
    thread_policy: str
    versions: dict[str, str]
    commit: str
    dirty: bool
    load: float
    others: float

    @property
    def idle(self) -> bool:
        """Whether others left the cores alone; the load before includes what has just ended."""
        return self.others < IDLE_SHARE


class Speed(Part):
    """All that a run of the benchmark measured; the peak is the best of each round, in FLOP/s."""

    schema_version: Literal[1]
    started: str
    seconds: float
    machine: Machine
    peaks: list[float]
    workloads: list[Workload]
    timings: list[Timing]
    growth: list[Cost]


def read(path: Path) -> Speed:
    """The measurements in a file.

    Raises:
        UserError: The file does not hold any.
    """
    try:
        return Speed.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UserError(f"{path}: {where}: {first['msg']}; measure again: tox -e perf") from None


def per_step(timing: Timing) -> list[float]:
    """Seconds per seed and step, round by round."""
    return [s / timing.seeds / timing.steps for s in timing.seconds]


def ratio(slow: Timing, fast: Timing) -> float:
    """How many times faster a seed's step is, the median over rounds that were timed in turn."""
    pairs = zip(per_step(slow), per_step(fast), strict=True)
    return statistics.median(a / b for a, b in pairs)
