"""A claim and its verdict as the pages show them: words, numbers and plots."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ae.record import Record, RunRecord
from ae.report import forest, plots
from ae.report.pooled_plot import Pooled, named, pooled, span
from ae.report.text import extent, number
from ae.spec import (
    Claim,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    Measure,
    OrderClaim,
    PooledClaim,
    Spec,
    TrendClaim,
    ValueClaim,
    runs_of,
)
from ae.verdict import Verdict
from ae.verdict.result import WORST

SYMBOLS = {
    "REPRODUCED": "✔",
    "BETTER": "▲",
    "SHORT": "✘",
    "INCONCLUSIVE": "?",
    "UNTESTED": "–",
}
STATUS = {
    "read": "read in the paper or in a source that quotes it",
    "recalled": "recalled from memory: never decides a paper's verdict",
    "calculated": "calculated, not printed by the paper",
}


@dataclass(frozen=True)
class Word:
    """A verdict's word with its symbol and the name of its colour."""

    word: str
    symbol: str
    style: str


@dataclass(frozen=True)
class ClaimView:
    """One row of a table of claims."""

    id: str
    anchor: str
    statement: str
    metric: str
    source: str
    status: str
    status_meaning: str
    published: str
    ours: str
    ours_even: str
    seeds: str
    verdict: Word
    note: str
    margin: str
    margin_reason: str
    control: bool
    primary: bool
    plot: Element | None
    distance: forest.Distance | None
    numeric: bool


def word(name: str) -> Word:
    """A verdict's word as it is shown: never by colour alone."""
    return Word(name, SYMBOLS[name], name.lower())


def claim_views(record: Record, spec: Spec, verdicts: Sequence[Verdict]) -> list[ClaimView]:
    """Every claim of the spec with its verdict in the record's tier: controls first."""
    claims = {c.id: c for c in spec.claim}
    measures = {m.name: m for m in spec.measure}
    shown = [_view(record, claims[v.claim], measures[claims[v.claim].metric], v) for v in verdicts]
    return sorted(shown, key=lambda c: not c.control)


def _view(record: Record, claim: Claim, measure: Measure, verdict: Verdict) -> ClaimView:
    anchor = f"{record.name}-{record.tier}-{claim.id}"
    tested = verdict.word != "UNTESTED"
    margin, reason = _margin(claim, verdict, measure)
    ours = verdict.ours.removesuffix(f"(n = {verdict.seeds})").rstrip() if tested else ""
    return ClaimView(
        id=claim.id,
        anchor=anchor,
        statement=claim.statement,
        metric=measure.label,
        source=claim.source,
        status=claim.status,
        status_meaning=STATUS[claim.status],
        published=verdict.published,
        ours=ours,
        ours_even=_even(claim, verdict, ours),
        seeds=str(verdict.seeds) if tested else "",
        verdict=word(verdict.word),
        note=verdict.note,
        margin=margin,
        margin_reason=reason,
        control=claim.control,
        primary=claim.primary,
        plot=_plot(record, claim, measure, verdict, anchor) if tested else None,
        distance=_distance(claim, measure, verdict) if tested else None,
        numeric=isinstance(claim, ValueClaim | ExactClaim | FigureClaim),
    )


def _even(claim: Claim, verdict: Verdict, ours: str) -> str:
    """Our side for a page: the ends of an exact claim's values with equally many digits."""
    ends = verdict.low, verdict.high
    if isinstance(claim, ExactClaim) and ends[0] is not None and ends[1] is not None:
        return extent(ends[0], ends[1])
    return ours


def _margin(claim: Claim, verdict: Verdict, measure: Measure) -> tuple[str, str]:
    unit = f" {measure.unit}" if measure.unit else ""
    if isinstance(claim, ExactClaim):
        return f"tolerance {number(claim.tolerance)}{unit}", claim.tolerance_reason
    if isinstance(claim, PooledClaim):
        return f"bound {number(claim.bound)}", claim.bound_reason
    used = claim.margin if verdict.margin is None else verdict.margin
    unit = " in natural-log units" if _in_logs(claim) else unit
    return f"margin ± {number(used)}{unit}", claim.margin_reason


def sign(measure: Measure) -> int:
    """1 where a higher value of the metric is better, else -1."""
    return 1 if measure.direction == "higher" else -1


def seed_values(run: RunRecord | None, metric: str) -> dict[int, float]:
    """A metric by seed, without seeds that diverged; empty where there is no run or no metric."""
    if run is None or metric not in run.metrics:
        return {}
    pairs = zip(run.seeds, run.metrics[metric], strict=True)
    return {s: v for s, v in pairs if abs(v) < WORST and s not in run.diverged}


def differences(record: Record, claim: OrderClaim | EqualClaim, measure: Measure) -> list[float]:
    """Seed by seed, how much better the first run is than the second (positive is better)."""
    pair = claim.runs if isinstance(claim, EqualClaim) else (claim.better, claim.worse)
    first, second = (seed_values(record.run(run), claim.metric) for run in pair)
    return [sign(measure) * (first[s] - second[s]) for s in first if s in second]


def _plot(
    record: Record, claim: Claim, measure: Measure, verdict: Verdict, anchor: str
) -> Element | None:
    axis = _with_unit(measure.label, measure)
    if isinstance(claim, PooledClaim):
        return _together(record, claim, measure, verdict, anchor)
    if isinstance(claim, TrendClaim):
        return _sweep(record, claim, axis, anchor)
    label = "paper"
    if isinstance(claim, OrderClaim | EqualClaim):
        values = differences(record, claim, measure)
        label, axis = "no difference", _with_unit("advantage, seed by seed", measure)
    else:
        values = list(seed_values(record.run(claim.run), claim.metric).values())
        label = "exact" if isinstance(claim, ExactClaim) else label
    if not values or verdict.target is None:
        return None
    seeds = plots.Seeds(
        values=tuple(values),
        mean=verdict.mean,
        ends=(verdict.low, verdict.high),
        target=verdict.target,
        band=_band(claim, verdict),
        axis=axis,
        target_label=label,
    )
    return plots.strip(f"plot-{anchor}", f"{claim.id}: seeds, mean and margin", seeds)


def _together(
    record: Record, claim: PooledClaim, measure: Measure, verdict: Verdict, anchor: str
) -> Element | None:
    if verdict.mean is None or verdict.low is None or verdict.high is None:
        return None
    found = [r for name in runs_of(claim) if (r := record.run(name)) is not None]
    each = [(r.label, tuple(seed_values(r, claim.metric).values())) for r in found]
    axis = _with_unit(measure.label, measure)
    shown = Pooled(
        runs=() if claim.statistic == "correlation" else tuple(run for run in each if run[1]),
        axis=axis,
        statistic=named(claim, axis),
        span=span(claim, (verdict.low, verdict.high)),
        mean=verdict.mean,
        ends=(verdict.low, verdict.high),
        bound=claim.bound,
        above=claim.sense == "above",
    )
    return pooled(f"plot-{anchor}", f"{claim.id}: the runs and their statistic", shown)


def _with_unit(label: str, measure: Measure) -> str:
    return f"{label}, {measure.unit}" if measure.unit else label


def _band(claim: Claim, verdict: Verdict) -> tuple[float, float]:
    """The margin's two ends in the metric's unit."""
    target, margin = verdict.target or 0.0, verdict.margin or 0.0
    if _in_logs(claim):
        return target * math.exp(-margin), target * math.exp(margin)
    return target - margin, target + margin


def _in_logs(claim: Claim) -> bool:
    return isinstance(claim, FigureClaim) and claim.log_axis


def _sweep(record: Record, claim: TrendClaim, axis: str, anchor: str) -> Element | None:
    labels = {r.name: r.label for r in record.runs}
    values = {run: list(seed_values(record.run(run), claim.metric).values()) for run in claim.runs}
    runs = [(labels[run], seeds) for run, seeds in values.items() if seeds]
    if len(runs) < 2:
        return None
    return plots.sweep(f"plot-{anchor}", f"{claim.id}: the sweep, seed by seed", runs, axis)


def _distance(claim: Claim, measure: Measure, verdict: Verdict) -> forest.Distance | None:
    if verdict.mean is None or not verdict.margin:
        return None
    target, margin = verdict.target or 0.0, verdict.margin
    ends = [math.nan if e is None else e for e in (verdict.mean, verdict.low, verdict.high)]
    if _in_logs(claim):
        ends, target = [math.log(e) for e in ends], math.log(target)
    numeric = isinstance(claim, ValueClaim | ExactClaim | FigureClaim)
    factor = sign(measure) if numeric else 1
    mean, one, other = (factor * (e - target) / margin for e in ends)
    low, high = (one, other) if factor > 0 else (other, one)
    return forest.Distance(word(verdict.word).style, mean, low, high)
