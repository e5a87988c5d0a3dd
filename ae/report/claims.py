"""A claim and its verdict as the pages show them: words, numbers and plots."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ae.records.record import Record
from ae.report import forest, plots
from ae.report.pooled_plot import Pooled, named, pooled, span
from ae.report.told import detail, told
from ae.report.words import STATUS, Word, word
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
from ae.verdict.finding import ExactFinding, Finding, PooledFinding
from ae.verdict.numbers import number
from ae.verdict.present import apart, spread, target, tolerance, whose
from ae.verdict.reduced import reduced


@dataclass(frozen=True)
class ClaimView:
    """One row of a table of claims; `written` is our number in two columns, or in one.

    `untrained` is why a model meets it that was not trained, where one does.
    `told` is our side in words and units; `detail` is what stands beside it.
    `reduced` is our number beside a published one that a reduced tier does not test.
    """

    id: str
    anchor: str
    statement: str
    metric: str
    source: str
    status: str
    status_meaning: str
    target: str
    whose: str
    spread: str
    tolerance: str
    written: tuple[str, str]
    told: str
    detail: str
    seeds: str
    verdict: Word
    reason: str
    note: str
    margin: str
    margin_reason: str
    control: bool
    untrained: str
    primary: bool
    plot: Element | None
    distance: forest.Distance | None
    kind: forest.Kind
    exact: bool
    reduced: str

    @property
    def numeric(self) -> bool:
        """Whether its target is a number."""
        return self.kind == "values"

    @property
    def ours(self) -> str:
        """Our side in a line."""
        return ", ".join(filter(None, (self.told, self.detail)))


def claim_views(record: Record, spec: Spec, verdicts: Sequence[Verdict]) -> list[ClaimView]:
    """Every claim of the spec with its verdict in the record's tier: controls first."""
    labels = {run.name: run.label for run in spec.run}
    shown = [_view(record, v, labels) for v in verdicts]
    return sorted(shown, key=lambda c: not c.control)


def _view(record: Record, verdict: Verdict, labels: Mapping[str, str]) -> ClaimView:
    claim, measure, found = verdict.claim, verdict.measure, verdict.finding
    anchor = f"{record.name}-{record.tier}-{claim.id}"
    margin, reason = _margin(claim, found, measure)
    shown = verdict.tested and claim.untrained is None  # among the distances, which are evidence
    return ClaimView(
        id=claim.id,
        anchor=anchor,
        statement=claim.statement,
        metric=measure.label,
        source=claim.source,
        status=claim.status,
        status_meaning=STATUS[claim.status],
        target=target(claim, measure, labels),
        whose=whose(claim),
        spread=spread(claim),
        tolerance=tolerance(claim, measure, found.margin),
        written=found.written,
        told=told(claim, measure, found),
        detail=detail(found),
        seeds=str(found.seeds) if verdict.tested else "",
        verdict=word(verdict.word, control=claim.control, untrained=claim.untrained is not None),
        reason=verdict.reason or "",
        note=verdict.note,
        margin=margin,
        margin_reason=reason,
        control=claim.control,
        untrained=claim.untrained or "",
        primary=claim.primary,
        plot=_plot(record, claim, measure, found, anchor) if verdict.tested else None,
        distance=_distance(claim, measure, verdict) if shown else None,
        kind=_kind(claim),
        exact=isinstance(found, ExactFinding),
        reduced=str(reduced(record, verdict) or ""),
    )


def _kind(claim: Claim) -> forest.Kind:
    """The chart that it stands in."""
    match claim:
        case ValueClaim() | ExactClaim() | FigureClaim():
            return "values"
        case EqualClaim():
            return "equalities"
        case _:
            return "orderings"


def _margin(claim: Claim, found: Finding, measure: Measure) -> tuple[str, str]:
    unit = apart(measure)
    if isinstance(claim, ExactClaim):
        return f"tolerance {number(claim.tolerance)}{unit}", claim.tolerance_reason
    if isinstance(claim, PooledClaim):
        return f"bound {number(claim.bound)}", claim.bound_reason
    used = claim.margin if found.margin is None else found.margin
    unit = " in natural-log units" if _in_logs(claim) else unit
    least = ""
    if isinstance(claim, OrderClaim | TrendClaim):
        least = f", of which {number(claim.material * used)} must be shown"
    return f"margin ± {number(used)}{unit}{least}", claim.margin_reason


def differences(record: Record, claim: OrderClaim | EqualClaim, measure: Measure) -> list[float]:
    """Seed by seed, how much better the first run is than the second (positive is better)."""
    names = claim.arms(measure.direction) if isinstance(claim, OrderClaim) else claim.runs
    runs = [record.run(name) for name in names]
    first, second = (run.finite(claim.metric) if run else {} for run in runs)
    return [measure.sign * (first[s] - second[s]) for s in first if s in second]


def _plot(
    record: Record, claim: Claim, measure: Measure, found: Finding, anchor: str
) -> Element | None:
    axis = _with_unit(measure.label, measure)
    if isinstance(claim, PooledClaim):
        return _together(record, claim, measure, found, anchor)
    if isinstance(claim, TrendClaim):
        return _sweep(record, claim, axis, anchor)
    label = "target"
    if isinstance(claim, OrderClaim | EqualClaim):
        values = differences(record, claim, measure)
        label, axis = "no difference", _with_unit("advantage, seed by seed", measure)
    else:
        run = record.run(claim.run)
        values = list(run.finite(claim.metric).values()) if run else []
        label = "exact" if isinstance(claim, ExactClaim) else label
    if not values or found.target is None:
        return None
    mean, low, high = found.numbers
    seeds = plots.Seeds(
        values=tuple(values),
        mean=mean,
        ends=(low, high),
        target=found.target,
        band=_band(claim, found),
        axis=axis,
        target_label=label,
    )
    return plots.strip(f"plot-{anchor}", f"{claim.id}: seeds, mean and margin", seeds)


def _together(
    record: Record, claim: PooledClaim, measure: Measure, found: Finding, anchor: str
) -> Element | None:
    if not isinstance(found, PooledFinding) or found.interval is None:
        return None
    ends = found.interval.low, found.interval.high
    runs = [r for name in runs_of(claim) if (r := record.run(name)) is not None]
    each = [(r.label, tuple(r.finite(claim.metric).values())) for r in runs]
    axis = _with_unit(measure.label, measure)
    shown = Pooled(
        runs=() if claim.statistic == "correlation" else tuple(run for run in each if run[1]),
        axis=axis,
        statistic=named(claim, axis),
        span=span(claim, ends),
        mean=found.interval.mean,
        ends=ends,
        bound=claim.bound,
        above=claim.sense == "above",
    )
    return pooled(f"plot-{anchor}", f"{claim.id}: the runs and their statistic", shown)


def _with_unit(label: str, measure: Measure) -> str:
    return f"{label}, {measure.unit}" if measure.unit else label


def _band(claim: Claim, found: Finding) -> tuple[float, float]:
    """The margin's two ends in the metric's unit."""
    target, margin = found.target or 0.0, found.margin or 0.0
    if _in_logs(claim):
        return target * math.exp(-margin), target * math.exp(margin)
    return target - margin, target + margin


def _in_logs(claim: Claim) -> bool:
    return isinstance(claim, FigureClaim) and claim.log_axis


def _sweep(record: Record, claim: TrendClaim, axis: str, anchor: str) -> Element | None:
    found = [r for name in claim.runs if (r := record.run(name)) is not None]
    values = [(r.label, list(r.finite(claim.metric).values())) for r in found]
    runs = [(label, seeds) for label, seeds in values if seeds]
    if len(runs) < 2:
        return None
    return plots.sweep(f"plot-{anchor}", f"{claim.id}: the sweep, seed by seed", runs, axis)


def _distance(claim: Claim, measure: Measure, verdict: Verdict) -> forest.Distance | None:
    found = verdict.finding
    mean, low, high = found.numbers
    if math.isnan(mean) or not found.margin:
        return None
    target, margin, ends = found.target or 0.0, found.margin, (mean, low, high)
    if _in_logs(claim):
        ends, target = (math.log(mean), math.log(low), math.log(high)), math.log(target)
    factor = measure.sign if _kind(claim) == "values" else 1
    least = claim.material if isinstance(claim, OrderClaim) else None
    middle, one, other = (factor * (end - target) / margin for end in ends)
    first, last = (one, other) if factor > 0 else (other, one)
    return forest.Distance(word(verdict.word).style, middle, first, last, least)
