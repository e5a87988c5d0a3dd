"""How fast training is and how its cost grows: the measurements of `tox -e perf` and their page.

The measurements are data like a record: written by the benchmark, read strictly, shown as they are.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from pydantic import ValidationError

from ae.errors import UserError
from ae.record import Part
from ae.report.growth import plot
from ae.report.text import count, fixed, number

PEERS = {"pythae": "pythae", "tuned": "tuned"}
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
        return Speed.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UserError(f"{path}: {where}: {first['msg']}; measure again: tox -e perf") from None


@dataclass(frozen=True)
class Row:
    """An arm in words; ratios are medians over rounds of the other's time over this one's."""

    label: str
    seeds: str
    milliseconds: str
    spread: str
    rate: str
    over: dict[str, str]
    flops: str
    peak: str


@dataclass(frozen=True)
class Aim:
    """What was aimed at, and what came out."""

    text: str
    aimed: str
    found: str
    met: bool


@dataclass(frozen=True)
class SpeedPage:
    """Everything that the page says of one machine."""

    speed: Speed

    @property
    def anchor(self) -> str:
        """The start of the page's anchors for this machine."""
        return "".join(c if c.isalnum() else "-" for c in self.speed.machine.processor.lower())

    @property
    def warning(self) -> str:
        """A line if the machine was not idle."""
        m = self.speed.machine
        if m.idle:
            return ""
        return (
            f"The machine was busy: load {m.load:.2f} before the run, and other processes took "
            f"{100 * m.others:.0f} % of its cores. Take the ratios with care and the times as "
            "upper bounds."
        )

    @property
    def peak(self) -> float:
        """The best matrix product of the run, FLOP/s."""
        return max(self.speed.peaks)

    @property
    def peak_text(self) -> str:
        """The same in words."""
        return f"{number(self.peak / 1e9, 3)} GFLOP/s"

    @property
    def tables(self) -> list[tuple[Workload, list[Row]]]:
        """A table for each workload."""
        return [(w, [self._row(w, t) for t in self._of(w.name)]) for w in self.speed.workloads]

    def _of(self, workload: str) -> list[Timing]:
        return [t for t in self.speed.timings if t.workload == workload]

    def _row(self, workload: Workload, timing: Timing) -> Row:
        each = [1e3 * s for s in per_step(timing)]
        middle = statistics.median(each)
        work = workload.flops / middle * 1e3
        arms = {t.arm: t for t in self._of(workload.name)}
        return Row(
            label=timing.label,
            seeds=str(timing.seeds),
            milliseconds=number(middle, 3),
            spread=f"{number(min(each), 3)} … {number(max(each), 3)}",
            rate=number(1e3 / middle, 3),
            over={p: fixed(ratio(arms[p], timing), 2) for p in PEERS if p in arms},
            flops=number(work / 1e9, 3),
            peak=f"{100 * work / self.peak:.0f} %",
        )

    @property
    def aims(self) -> list[Aim]:
        """The project's aims for ten seeds of the first workload."""
        first = self.speed.workloads[0]
        arms = {t.arm: t for t in self._of(first.name)}
        ten = arms["stack-10"]
        share = first.flops / statistics.median(per_step(ten)) / self.peak
        memory = [c.peak_mib for c in self.speed.growth if c.axis == "seeds" and c.seeds == 10]
        found = [
            _at_least("times the speed of pythae’s trainer", 3.0, ratio(arms["pythae"], ten)),
            _at_least("times the speed of the tuned loop", 1.3, ratio(arms["tuned"], ten)),
            _at_least("% of the measured peak", 50, 100 * share),
        ]
        under = [
            Aim("MiB resident at the peak", "under 1500", fixed(m, 0), m < 1500) for m in memory
        ]
        return [*found, *under]

    @property
    def turns(self) -> str:
        """Convolutions: members in turn against groups, in words; empty if not measured."""
        for timing in self.speed.timings:
            kind, _, seeds = timing.arm.partition("-")
            if kind == "grouped":
                turn = next(t for t in self._of(timing.workload) if t.arm == f"stack-{seeds}")
                factor = ratio(timing, turn)
                faster = "faster" if factor >= 1 else "slower"
                return (
                    f"Convolutions, {seeds} seeds: members in turn (what the trainer does on a "
                    f"CPU) are {fixed(max(factor, 1 / factor), 2)} times {faster} than grouped "
                    "convolutions."
                )
        return ""

    @cached_property
    def costs(self) -> list[tuple[str, list[list[str]], list[Element]]]:
        """For each quantity that grows: its title, its table, its plots of time and memory."""
        titles = {
            "seeds": ("Seeds", "ms a step"),
            "examples": ("Training examples (an epoch of one seed)", "s an epoch"),
            "width": ("Hidden units (ten seeds)", "ms a step"),
        }
        made = []
        for axis, (title, unit) in titles.items():
            costs = [c for c in self.speed.growth if c.axis == axis]
            if costs:
                table = [_cost_row(c, costs[0]) for c in costs]
                made.append((title, table, self._plots(axis, title, unit, costs)))
        return made

    def _plots(self, axis: str, title: str, unit: str, costs: Sequence[Cost]) -> list[Element]:
        at = [float(c.at) for c in costs]
        drawn = [
            (unit, [_time(c) for c in costs]),
            ("MiB at the peak", [c.peak_mib for c in costs]),
        ]
        return [
            plot(f"{self.anchor}-{axis}-{i}", f"{title}: {label}", at, values, (axis, label))
            for i, (label, values) in enumerate(drawn)
        ]

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Where the numbers came from, line by line."""
        m = self.speed.machine
        return [
            ("measured", self.speed.started),
            ("commit", m.commit + (" with uncommitted changes" if m.dirty else "")),
            ("machine", f"{m.processor}, {m.cores} cores, {m.memory_gib:.1f} GiB"),
            ("platform", m.platform),
            ("threads", f"{m.threads}; {m.thread_policy}"),
            ("load before", f"{m.load:.2f}; others took {100 * m.others:.1f} % of the cores"),
            ("versions", ", ".join(f"{k} {v}" for k, v in sorted(m.versions.items()))),
        ]


def per_step(timing: Timing) -> list[float]:
    """Seconds per seed and step, round by round."""
    return [s / timing.seeds / timing.steps for s in timing.seconds]


def ratio(slow: Timing, fast: Timing) -> float:
    """How many times faster a seed's step is, the median over rounds that were timed in turn."""
    pairs = zip(per_step(slow), per_step(fast), strict=True)
    return statistics.median(a / b for a, b in pairs)


def _at_least(text: str, aimed: float, found: float) -> Aim:
    decimals = 0 if aimed >= 10 else 1
    return Aim(text, f"at least {fixed(aimed, decimals)}", fixed(found, 2), found >= aimed)


def _time(cost: Cost) -> float:
    """Milliseconds a step; for growing data, seconds an epoch."""
    return cost.seconds if cost.axis == "examples" else 1e3 * cost.seconds / cost.steps


def _cost_row(cost: Cost, first: Cost) -> list[str]:
    """Quantity, time, time and quantity as multiples of the first row's, memory."""
    return [
        count(cost.at),
        number(_time(cost), 3),
        fixed(cost.at / first.at, 1),
        fixed(_time(cost) / _time(first), 1),
        fixed(cost.peak_mib, 0),
        fixed(cost.peak_mib - cost.empty_mib, 0),
    ]
