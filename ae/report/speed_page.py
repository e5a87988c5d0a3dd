"""The page of one machine's speed: its tables, aims and plots, in words."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from xml.etree.ElementTree import Element

from ae.records.speed import Cost, Speed, Timing, Workload, per_step, ratio
from ae.report.growth import plot
from ae.report.text import aligned, count, levelled
from ae.verdict.numbers import fixed, number, places

PEERS = {"pythae": "pythae", "tuned": "tuned"}


@dataclass(frozen=True)
class Row:
    """An arm in words; ratios are medians over rounds of the other's time over this one's."""

    label: str
    seeds: str
    milliseconds: str
    spread: tuple[str, str]
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
        return [
            (w, _in_columns([self._row(w, t) for t in self._of(w.name)]))
            for w in self.speed.workloads
        ]

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
            milliseconds=_three(middle),
            spread=(_three(min(each)), _three(max(each))),
            rate=_three(1e3 / middle),
            over={p: fixed(ratio(arms[p], timing), 2) for p in PEERS if p in arms},
            flops=_three(work / 1e9),
            peak=f"{100 * work / self.peak:.0f} %",
        )

    @property
    def aims(self) -> list[Aim]:
        """The project's aims for one seed and for ten of the first workload."""
        first = self.speed.workloads[0]
        arms = {t.arm: t for t in self._of(first.name)}
        one, ten = arms["run-1"], arms["run-10"]
        share = first.flops / statistics.median(per_step(ten)) / self.peak
        memory = [c.peak_mib for c in self.speed.growth if c.axis == "seeds" and c.seeds == 10]
        found = [
            _at_least("times the speed of pythae’s trainer", 3.0, ratio(arms["pythae"], ten)),
            _at_least("times the speed of the tuned loop", 1.3, ratio(arms["tuned"], ten)),
            _at_least("% of the measured peak", 50, 100 * share),
            _at_least(
                "times the speed of the tuned loop, one seed", 0.83, ratio(arms["tuned"], one)
            ),
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
                table = _aligned([_cost_row(c, costs[0]) for c in costs])
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


def _three(value: float) -> str:
    """To three significant digits, a zero at the end included."""
    return fixed(value, max(places(value, 3), 0))


def _aligned(table: Sequence[Sequence[str]]) -> list[list[str]]:
    """The same rows, each column padded so that its points stand below each other."""
    columns = [levelled(aligned(column)) for column in zip(*table, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _in_columns(rows: Sequence[Row]) -> list[Row]:
    """The same rows, their times and rates padded likewise."""
    padded = _aligned([(r.milliseconds, *r.spread, r.rate, r.flops) for r in rows])
    return [
        replace(row, milliseconds=middle, spread=(least, greatest), rate=rate, flops=flops)
        for row, (middle, least, greatest, rate, flops) in zip(rows, padded, strict=True)
    ]


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
        _three(_time(cost)),
        fixed(cost.at / first.at, 1),
        fixed(_time(cost) / _time(first), 1),
        fixed(cost.peak_mib, 0),
        fixed(cost.peak_mib - cost.empty_mib, 0),
    ]
