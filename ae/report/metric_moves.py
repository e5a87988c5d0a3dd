"""Metrics that have not the values that they had, judged and in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

import numpy as np

from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.report.forest import Distance, Panel
from ae.report.text import levelled
from ae.report.views import Page
from ae.report.words import Word
from ae.spec import Measure
from ae.verdict.bounds import interval_of
from ae.verdict.moved import Move, Pair
from ae.verdict.movement import Movement
from ae.verdict.numbers import fixed, places

STATES: dict[Move, tuple[str, str]] = {  # symbol; the name of its colour and of its mark
    "worse": ("✘", "short"),
    "better": ("▲", "better"),
    "undecided": ("?", "inconclusive"),
    "unchanged": ("=", "reproduced"),
}
PANEL = Panel(
    kind="values",
    title="Metrics",
    reading="The band is the margin within which a metric counts as unchanged.",
    worse="worse",
    better="better",
    ticks=(1, 3, 10),
    bend="asinh",
)


@dataclass(frozen=True)
class MetricMove:
    """A metric of a run that has not the values that it had; numbers as words.

    Then and now: the mean, and half its 90 % interval.
    """

    run: str
    metric: str
    unit: str
    was: tuple[str, str]
    now: tuple[str, str]
    difference: str
    ends: str
    seeds: str
    state: Word
    note: str
    plot: Element | None


@dataclass(frozen=True)
class Differing:
    """A metric of a run whose values are not those of the reference."""

    page: Page
    old: RunRecord
    new: RunRecord
    measure: Measure

    @property
    def pair(self) -> Pair:
        """The two samples, as the rule takes them."""
        name = self.measure.name
        was, now = (np.array(_values(run, name)) for run in (self.old, self.new))
        return Pair(was, now, self.measure.direction, group=self.page.key)


def _values(run: RunRecord, metric: str) -> list[float]:
    return list(run.values(metric).values())


def differing(page: Page, old: Record) -> Iterator[Differing]:
    """The metrics of the runs that both records have, where a value or a seed is another."""
    for new in page.record.runs:
        was = old.run(new.name)
        for measure in page.spec.measure:
            name = measure.name
            if was is None or name not in was.metrics or name not in new.metrics:
                continue
            same = np.array_equal(_values(was, name), _values(new, name), equal_nan=True)
            if not (same and was.seeds == new.seeds):
                yield Differing(page, was, new, measure)


def metric_move(d: Differing, found: Movement) -> MetricMove:
    """A judged metric in words and numbers."""
    name = d.measure.name
    was, now = (_mean(run, name) for run in (d.old, d.new))
    ends, difference, plot = "", "", None
    if np.isfinite(found.difference):
        decimals = max(places((found.high - found.low) / 2, 2), 0)
        difference = _signed(found.difference, decimals)
        ends = f"{_signed(found.low, decimals)} … {_signed(found.high, decimals)}"
        if found.margin > 0:
            apart = (found.difference, found.low, found.high)
            plot = PANEL.row(Distance(STATES[found.word][1], *(v / found.margin for v in apart)))
    old, new = found.seeds
    seeds = f"{new}" if old == new else f"{old}, {new}"
    return MetricMove(
        run=d.new.label,
        metric=d.measure.label,
        unit=d.measure.unit,
        was=was,
        now=now,
        difference=difference,
        ends=ends,
        seeds=seeds,
        state=state(found.word),
        note=found.note,
        plot=plot,
    )


def _mean(run: RunRecord, metric: str) -> tuple[str, str]:
    found = interval_of(list(run.finite(metric).values()))
    return found.written if found else ("diverged", "")


def _signed(value: float, decimals: int) -> str:
    shown = fixed(value, decimals)
    return f"+{shown}" if value > 0 and shown.strip("0.") else shown


def state(name: str) -> Word:
    """A state with its symbol and the name of its colour: never by colour alone."""
    symbol, style = next(found for word, found in STATES.items() if word == name)
    return Word(name, symbol, style)


def in_columns(metrics: list[MetricMove]) -> list[MetricMove]:
    """The same with means and differences padded, so that their points stand below each other."""
    was, now = levelled([m.was[0] for m in metrics]), levelled([m.now[0] for m in metrics])
    apart = levelled([m.difference for m in metrics])
    return [
        replace(m, was=(was[i], m.was[1]), now=(now[i], m.now[1]), difference=apart[i])
        for i, m in enumerate(metrics)
    ]
