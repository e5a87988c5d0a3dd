"""A statistic of many runs' values together against a bound.

Its interval is Student's t of the seeds' jackknife pseudo-values, so that what a seed has in common
over the runs counts once. Shares are judged on the scale of arcsin(sqrt(share)), on which their
spread hardly depends on the share; without it, shares near 0 are called too small in 8 to 12 % of
samples that are not.
"""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ae import pooled
from ae.spec import PooledClaim
from ae.verdict.intervals import estimate, first_true, more_seeds, p_above, p_below, would_decide
from ae.verdict.result import Array, Finding, Word, optional, unstable, usable, with_uncertainty

FEWEST = 5  # seeds that all runs have
SHARES = ("explained", "dominance")  # statistics in percent


def verdict_pooled(claim: PooledClaim, values: Array) -> Finding:
    """Judge "the statistic is above (below) the bound".

    REPRODUCED where the 90 % interval lies on the claimed side of the bound, SHORT where it lies on
    the other, each wrong at most 5 % of the time. Seeds that diverged in a run are left out.

    Args:
        claim: The statistic, its groups and its bound.
        values: (metric, seed, run) on the seeds that all runs have; the claim's own metric first,
            runs in the order of the groups; NaN diverged.
    """
    values = usable(values)
    lost = np.isnan(values).any((0, 2))
    kept = values[:, ~lost]
    seeds = kept.shape[1]
    losses = f"{int(lost.sum())} of {lost.size} seeds diverged in a run" if lost.any() else ""
    if unstable(np.where(lost, np.nan, 0.0)):
        extra = {"p_short": 0.0}
        return Finding(
            "SHORT", f"unstable: {losses}", f"(n = {seeds})", seeds, target=claim.bound, extra=extra
        )
    few = f"K = {seeds}: a pooled claim needs {FEWEST} seeds that all runs have"
    single = pooled.jackknifed(partial(_statistic, claim, kept), seeds) if seeds >= FEWEST else None
    if single is None or not np.isfinite(single).all():
        why = few if single is None else "all values of a metric are the same"
        extra = {"p_short": 1.0}
        return Finding(
            "INCONCLUSIVE", why, f"(n = {seeds})", seeds, target=claim.bound, extra=extra
        )
    return _finding(claim, single, losses)


def _statistic(claim: PooledClaim, values: Array, rows: NDArray[np.intp]) -> float:
    own, *others = values[:, rows]
    groups = [i for i, group in enumerate(claim.groups) for _ in group]
    match claim.statistic:
        case "mean":
            return float(own.mean())
        case "explained":
            return _scaled(claim, pooled.explained(own, groups))
        case "dominance":
            return _scaled(claim, pooled.dominance(own, groups))
        case "correlation":
            return pooled.correlation(own, others)


def _scaled(claim: PooledClaim, value: float) -> float:
    if claim.statistic not in SHARES or math.isnan(value):
        return value
    return math.asin(math.sqrt(min(1.0, max(0.0, value / 100))))


def _unscaled(claim: PooledClaim, value: float) -> float:
    if claim.statistic not in SHARES:
        return value
    return 100 * math.sin(min(math.pi / 2, max(0.0, value))) ** 2


def _finding(claim: PooledClaim, single: Array, losses: str) -> Finding:
    seeds, bound = single.size, _scaled(claim, claim.bound)
    found = estimate(single[None])
    above, below = p_above(found, bound).item(), p_below(found, bound).item()
    p, p_short = (above, below) if claim.sense == "above" else (below, above)
    word: Word = "INCONCLUSIVE"
    note = f"the 90 % interval lies {claim.sense} {claim.bound:g}"
    away = (found.mean.item() - bound) * (1 if claim.sense == "above" else -1)
    if away > found.half.item():
        word = "REPRODUCED"
    elif away < -found.half.item():
        other = "below" if claim.sense == "above" else "above"
        word, note = "SHORT", f"the 90 % interval lies {other} {claim.bound:g}"
    else:
        ahead = more_seeds(abs(away), found.sigma.item(), seeds + 1)
        note = would_decide(first_true(ahead.low > 0, seeds + 1))
    mean, low, high = (_unscaled(claim, e.item()) for e in (found.mean, found.low, found.high))
    return Finding(
        word=word,
        note="; ".join(filter(None, [note, losses])),
        ours=f"{with_uncertainty(mean, (high - low) / 2)}, p = {p:.2g} (n = {seeds})",
        seeds=seeds,
        mean=optional(mean),
        low=optional(low),
        high=optional(high),
        target=claim.bound,
        p=optional(p),
        extra={"p_short": p_short},
    )
