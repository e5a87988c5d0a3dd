"""The table of results: every run by every metric, its mean, its seeds one by one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from ae.records.entries import RunRecord
from ae.report import plots
from ae.report.scale import around
from ae.report.text import aligned, between, even
from ae.spec import Measure
from ae.verdict.bounds import interval_of
from ae.verdict.numbers import number

LINE = 95  # letters of a table's line of values, in print


@dataclass(frozen=True)
class ResultRow:
    """One run's values of one metric."""

    label: str
    mean: str
    half: str
    seeds: str
    range: str
    values: tuple[str, ...]
    plot: Element


@dataclass(frozen=True)
class MetricView:
    """One metric over all runs that were measured by it."""

    label: str
    unit: str
    direction: str
    seeds: tuple[int, ...]
    ends: str
    rows: tuple[ResultRow, ...]

    @property
    def blocks(self) -> list[slice]:
        """The seeds in as many columns as a printed page holds, as evenly as can be."""
        widest = max((len(v) for row in self.rows for v in row.values), default=0)
        most = min(10, max(1, LINE // (max(widest, len("seed 99")) + 2)))
        count = max(1, -(-len(self.seeds) // most))
        ends = [round(i * len(self.seeds) / count) for i in range(count + 1)]
        return [slice(a, b) for a, b in pairwise(ends)]


def metric_view(key: str, measure: Measure, runs: Sequence[RunRecord]) -> MetricView:
    """One metric over the runs that were measured by it, `key` the start of its plots' names."""
    values = [list(r.finite(measure.name).values()) for r in runs]
    found = [interval_of(kept) for kept in values]
    shown = [interval.written if interval else (number(math.nan), "") for interval in found]
    columns = [aligned([mean for mean, _ in shown]), aligned([half for _, half in shown])]
    span = around([v for run in values for v in run] or [0.0])
    seeds = tuple(dict.fromkeys(seed for run in runs for seed in run.seeds))
    each = _each(runs, measure.name, seeds)
    rows = [
        ResultRow(
            label=run.label,
            mean=mean,
            half=half,
            seeds=f"{len(kept)} of {len(run.seeds)}",
            range=between(kept),
            values=each[run.name],
            plot=plots.row(f"{key}-{run.name}", f"{run.label}: seeds", kept, span),
        )
        for run, kept, mean, half in zip(runs, values, *columns, strict=True)
    ]
    ends = between(span)
    return MetricView(measure.label, measure.unit, measure.direction, seeds, ends, tuple(rows))


def _each(
    runs: Sequence[RunRecord], metric: str, seeds: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    """Each run's value at each of `seeds`, in words where there is none, all to the same place."""
    values = {
        (run.name, seed): value
        for run in runs
        for seed, value in zip(run.seeds, run.metrics[metric], strict=True)
    }
    finite = {where: value for where, value in values.items() if math.isfinite(value)}
    shown = {where: number(value) for where, value in values.items()}
    shown |= dict(zip(finite, even(list(finite.values())), strict=True))
    shown |= {(run.name, seed): "diverged" for run in runs for seed in run.diverged}
    return {run.name: tuple(shown.get((run.name, s), "") for s in seeds) for run in runs}
