"""What a record and its baseline both measured: metrics, and the ends of every term of an objective."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ae.gate.baseline import Baseline, BaselineRun
from ae.records.entries import WORST, RunRecord
from ae.records.record import Record
from ae.spec import Direction, ExactClaim
from ae.verdict.either_way import either_way
from ae.verdict.moved import Pair
from ae.verdict.shift import ROUNDING, SINGLE

TERMS = 2 * SINGLE / ROUNDING
"""What the rounding of single precision is of a number, in shares of what a metric's own may be."""
END = "end of"  # what the name of a term's last value begins with


def pairs_of(record: Record, baseline: Baseline) -> Iterator[tuple[RunRecord, str, Pair]]:
    """Run, name and both samples of everything that the two have in common."""
    spec = record.meaning
    directions: dict[str, Direction | None] = {
        m.name: None if either_way(m) else m.direction for m in spec.measure
    }
    units = {m.name: m.unit for m in spec.measure}
    pinned = {(c.run, c.metric) for c in spec.claim if isinstance(c, ExactClaim)}
    for old in baseline.runs:
        new = record.run(old.name)
        if new is None:
            continue
        for metric, values in old.metrics.items():
            if new.metrics.get(metric):
                direction = None if (old.name, metric) in pinned else directions[metric]
                now = list(new.values(metric).values())
                scale = max(_scale(baseline, metric), _terms(old, units, metric))
                yield new, metric, _pair(baseline, old, values, now, direction, scale)
        for term, values in old.ends.items():
            if term in new.ends:
                now = _by_seed(new.ends[term], new.seeds, new.diverged)
                yield new, f"{END} {term}", _pair(baseline, old, values, now, None, 0.0)


def _pair(
    baseline: Baseline,
    old: BaselineRun,
    values: Sequence[float],
    now: Sequence[float],
    direction: Direction | None,
    scale: float,
) -> Pair:
    before = np.array(_by_seed(values, baseline.seeds, old.diverged))
    return Pair(before, np.array(now), direction, baseline.spec, scale)


def _by_seed(
    values: Sequence[float], seeds: Sequence[int], diverged: dict[int, str]
) -> list[float]:
    pairs = zip(seeds, values, strict=True)
    return [np.nan if seed in diverged else value for seed, value in pairs]


def _scale(baseline: Baseline, metric: str) -> float:
    """The largest magnitude that the metric has in any run: its rounding is of that size."""
    values = (abs(v) for run in baseline.runs for v in run.metrics.get(metric, ()))
    return max((v for v in values if v < WORST), default=0.0)


def _terms(run: BaselineRun, units: Mapping[str, str], metric: str) -> float:
    """A magnitude for a metric that may be a difference of the run's others of its unit.

    A gap of 0.00003 nats between two numbers of 95 nats is their rounding: another machine has 0.0001.
    """
    if not (unit := units[metric]):
        return 0.0
    alike = (v for name, v in run.metrics.items() if units.get(name) == unit)
    values = (abs(v) for each in alike for v in each)
    return TERMS * max((v for v in values if v < WORST), default=0.0)
