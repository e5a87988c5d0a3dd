"""Every claim of a record, judged; and the paper's headline (section 8 of the rule)."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ae.record import Record
from ae.spec import (
    Claim,
    Direction,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    TrendClaim,
    ValueClaim,
    metrics_of,
    runs_of,
)
from ae.verdict.comparison import PAIRED, compared
from ae.verdict.exact import verdict_exact
from ae.verdict.order import verdict_equal, verdict_order
from ae.verdict.permutation import holm
from ae.verdict.pooled import verdict_pooled
from ae.verdict.present import published
from ae.verdict.result import Array, Finding, Verdict, Word, significant
from ae.verdict.trend import verdict_trend
from ae.verdict.value import verdict_figure, verdict_value

Values = dict[int, float]


def judge(record: Record) -> list[Verdict]:
    """Judge every claim of the record's spec, in the spec's order.

    Raises:
        UserError: if the record's spec is of another format than this version's.
    """
    spec = record.meaning
    directions: dict[str, Direction] = {m.name: m.direction for m in spec.measure}
    reasons = {claim.id: _untested(claim, record) for claim in spec.claim}
    tested = [claim for claim in spec.claim if not reasons[claim.id]]
    families = _families(tested, record, directions)
    verdicts = []
    for claim in spec.claim:
        direction = directions[claim.metric]
        if reasons[claim.id]:
            found = Finding("UNTESTED", reasons[claim.id], "", 0)
        else:
            found = _find(claim, record, direction, families.get(claim.id))
        verdicts.append(_verdict(claim, found, published(claim, direction), record.tier))
    return verdicts


def headline(verdicts: Iterable[Verdict]) -> tuple[Word, str]:
    """The paper's word over its primary claims, and why.

    SHORT counts after Holm over the primaries that were tested. A primary claim that was not
    tested keeps the headline from being REPRODUCED.
    """
    primary = [v for v in verdicts if v.primary]
    tested = [v for v in primary if v.word != "UNTESTED"]
    if not primary:
        return "UNTESTED", "no claim is primary"
    if not tested:
        return "UNTESTED", f"none of the {len(primary)} primary claims was tested"
    p = np.array([v.extra.get("p_short", float(v.word != "SHORT")) for v in tested])
    failed = significant(holm(p))
    short = [v.claim for v, bad in zip(tested, failed, strict=True) if bad and v.word == "SHORT"]
    if short:
        return (
            "SHORT",
            f"{len(short)} of {len(tested)} primary claims fall short: {', '.join(short)}",
        )
    good = sum(v.word in ("REPRODUCED", "BETTER") for v in tested)
    if good == len(primary):
        return "REPRODUCED", f"all {good} primary claims reproduced"
    note = f"{good} of {len(primary)} primary claims reproduced"
    if len(tested) < len(primary):
        note += f", {len(primary) - len(tested)} not tested"
    weak = [v.claim for v in tested if v.word == "SHORT"]
    return "INCONCLUSIVE", note + (f"; short before Holm: {', '.join(weak)}" if weak else "")


def _untested(claim: Claim, record: Record) -> str:
    """Why a claim cannot be tested on this record, or nothing."""
    number = isinstance(claim, ValueClaim | FigureClaim)
    if number and record.tier != "paper" and not claim.control:
        return "a quick run never tests a published number"
    if record.tier not in claim.tiers:
        return f"not judged in tier {record.tier}, only in {', '.join(claim.tiers)}"
    for name in runs_of(claim):
        run = record.run(name)
        if run is None:
            return f"run '{name}' is not part of this {record.tier} run"
        for metric in metrics_of(claim):
            if not run.metrics.get(metric):
                return f"'{metric}' was not measured on run '{name}'"
    return ""


def _values(record: Record, run: str, metric: str) -> Values:
    """The metric by seed; NaN where the run diverged."""
    found = record.run(run)
    assert found is not None
    pairs = zip(found.seeds, found.metrics[metric], strict=True)
    return {seed: math.nan if seed in found.diverged else value for seed, value in pairs}


def _array(values: Values) -> Array:
    return np.array(list(values.values()), dtype=float)


def _common(arms: Sequence[Values]) -> Array:
    """(seeds, runs) over the seeds that all runs have."""
    seeds = sorted(set.intersection(*(set(arm) for arm in arms)))
    rows = [[arm[seed] for arm in arms] for seed in seeds]
    return np.array(rows, dtype=float).reshape(len(seeds), len(arms))


def _arms(record: Record, runs: tuple[str, ...], metric: str) -> tuple[Array, Array, bool]:
    """Two arms and whether they are paired: on five common seeds or more, else all values."""
    first, second = (_values(record, run, metric) for run in runs)
    both = _common((first, second))
    if len(both) >= PAIRED:
        return both[:, 0], both[:, 1], True
    return _array(first), _array(second), False


def _families(
    tested: Sequence[Claim], record: Record, directions: dict[str, Direction]
) -> dict[str, tuple[float, int]]:
    """Holm's adjusted p of every order claim, over those on its metric, and their number."""
    p: dict[str, dict[str, float]] = {}
    for claim in tested:
        if not isinstance(claim, OrderClaim):
            continue
        better, worse, paired = _arms(record, (claim.better, claim.worse), claim.metric)
        sign = 1.0 if directions[claim.metric] == "higher" else -1.0
        found = compared(better, worse, sign=sign, sigma_pin=claim.sigma_pin, paired=paired)
        if found is not None:
            p.setdefault(claim.metric, {})[claim.id] = found.p.item()
    return {
        name: (float(adjusted), len(family))
        for family in p.values()
        for name, adjusted in zip(family, holm(np.array(list(family.values()))), strict=True)
    }


def _find(
    claim: Claim, record: Record, direction: Direction, family: tuple[float, int] | None
) -> Finding:
    """Judge one claim by the rule of its kind."""
    match claim:
        case ValueClaim():
            values = _array(_values(record, claim.run, claim.metric))
            return verdict_value(claim, values, direction=direction)
        case FigureClaim():
            values = _array(_values(record, claim.run, claim.metric))
            return verdict_figure(claim, values, direction=direction)
        case ExactClaim():
            return verdict_exact(claim, _array(_values(record, claim.run, claim.metric)))
        case OrderClaim():
            better, worse, paired = _arms(record, runs_of(claim), claim.metric)
            return verdict_order(
                claim, better, worse, direction=direction, paired=paired, family=family
            )
        case EqualClaim():
            first, second, paired = _arms(record, claim.runs, claim.metric)
            return verdict_equal(claim, first, second, direction=direction, paired=paired)
        case TrendClaim():
            sweep = _common([_values(record, run, claim.metric) for run in claim.runs])
            if not len(sweep):
                return Finding("INCONCLUSIVE", "no seed is common to all runs", "(n = 0)", 0)
            return verdict_trend(claim, sweep, direction=direction)
        case PooledClaim():
            arms = [_values(record, run, m) for m in metrics_of(claim) for run in runs_of(claim)]
            both = _common(arms)
            shape = (len(both), len(metrics_of(claim)), len(runs_of(claim)))
            return verdict_pooled(claim, both.reshape(shape).swapaxes(0, 1))


def _verdict(claim: Claim, found: Finding, paper: str, tier: str) -> Verdict:
    return Verdict(
        claim=claim.id,
        word=found.word,
        note=found.note,
        published=paper,
        ours=found.ours,
        mean=found.mean,
        low=found.low,
        high=found.high,
        target=found.target,
        margin=found.margin,
        seeds=found.seeds,
        sd=found.sd,
        p=found.p,
        extra=found.extra,
        primary=claim.primary,
        control=claim.control,
        tier=tier,
    )
