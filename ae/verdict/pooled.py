"""A statistic of many runs' values together against a bound.

Its interval is that of the seeds' jackknife pseudo-values (`bounds`), so that what a seed has in
common over the runs counts once. Each statistic is judged on the scale on which its spread hardly
depends on it: a share explained and a chance by arcsin(sqrt(share)), a correlation by Fisher's z.

* A share explained is a ratio of variances. Where seeds have much in common, the variance within has
  as few degrees of freedom as there are seeds: the interval is at least as wide as that of a
  chi-squared variance with K - 1 of them.
* The best group's least chance is the largest of some smallest values, which no interval of its own
  follows where groups are near each other: the chance of each pair is bounded instead. It is above a
  bound if one group's chances against all others are; it is below if every group has a rival against
  which its chance is, corrected for the choice of the rival (Bonferroni).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from ae.maths import scores as pooled
from ae.spec import PooledClaim
from ae.verdict.bounds import Mean, half_width, mean_of, smallest, would_decide
from ae.verdict.finding import Diverged, Finding, PooledFinding, Reason
from ae.verdict.numbers import Interval, at_level
from ae.verdict.order import ALONE
from ae.verdict.result import ALPHA, Array, Word, significant, usable

FEWEST = 5  # seeds that all runs have
EDGE = 1e-12  # from a correlation of 1


class Bounds(NamedTuple):
    """A statistic, in its own unit, and its ends for an error of alpha on either side."""

    mean: float
    low: Callable[[float | Array], Array]
    high: Callable[[float | Array], Array]


def verdict_pooled(
    claim: PooledClaim,
    values: Array,
    *,
    family: tuple[float, int] = ALONE,
    level: float = ALPHA,
) -> Finding:
    """Judge "the statistic is above (below) the bound".

    REPRODUCED where the interval lies on the claimed side of the bound, SHORT where it lies on the
    other. The statistic is of all runs and seeds: where one diverged there is none.

    Args:
        claim: The statistic, its groups and its bound.
        values: (metric, seed, run) on the seeds that all runs have; the claim's own metric first,
            runs in the order of the groups; NaN diverged.
        family: The p adjusted for all claims about the same runs, and their number.
        level: The error that the word may have.
    """
    values = usable(values)
    seeds = values.shape[1]
    if lost := int(np.isnan(values).any((0, 2)).sum()):
        return _lost(lost, seeds)
    if seeds < FEWEST:
        few = f"K = {seeds}: a pooled claim needs {FEWEST} seeds that all runs have"
        return Finding(word="INCONCLUSIVE", note=few, seeds=seeds, target=claim.bound)
    bounds = bounds_of(claim, values)
    if bounds is None:
        why = "all values of a metric are the same"
        return Finding(word="INCONCLUSIVE", note=why, seeds=seeds, target=claim.bound)
    return _finding(claim, bounds, seeds, family, level)


def _lost(lost: int, seeds: int) -> Finding:
    note = f"not valid: {lost} of {seeds} seeds diverged in a run, and the statistic is of all"
    return Diverged(
        word="INVALID", reason="diverged", note=note, seeds=seeds, lost={"any run": lost}
    )


def bounds_of(claim: PooledClaim, values: Array) -> Bounds | None:
    """The statistic with its ends; None where all values of a metric are the same."""
    own, *others = values
    groups = [i for i, group in enumerate(claim.groups) for _ in group]
    match claim.statistic:
        case "mean":
            return _plain(mean_of(own.mean(-1)[None]))
        case "explained":
            return _explained(own, groups)
        case "dominance":
            return _dominance(own, groups)
        case "correlation":
            return _correlation(own, others)


def _plain(found: Mean) -> Bounds:
    return Bounds(found.mean.item(), found.low, found.high)


def _pseudo(statistic: Callable[[NDArray[np.intp]], Array | float], seeds: int) -> Mean:
    """The mean of the pseudo-values, its stack flat: (1,) for a number."""
    return mean_of(pooled.jackknifed(statistic, seeds).reshape(-1, seeds))


def _arc(share: Array | float) -> Array:
    return np.asarray(np.arcsin(np.sqrt(np.clip(share, 0.0, 1.0))))


def _percent(arc: Array) -> Array:
    return np.asarray(100 * np.sin(np.clip(arc, 0.0, math.pi / 2)) ** 2)


def _explained(own: Array, groups: list[int]) -> Bounds | None:
    if not math.isfinite(pooled.explained(own, groups)):
        return None

    def statistic(rows: NDArray[np.intp]) -> Array:
        return _arc(pooled.explained(own[rows], groups) / 100)

    seeds = len(own)
    found = _pseudo(statistic, seeds)
    share = _percent(found.mean).item() / 100
    odds = share / (1 - share) if share < 1 else math.inf

    def from_odds(quantile: Array) -> Array:
        scaled = odds * quantile / (seeds - 1)
        return np.asarray(100 * scaled / (1 + scaled) if odds < math.inf else 100.0)

    return Bounds(
        100 * share,
        lambda a: np.minimum(_percent(found.low(a)), from_odds(_chi2(seeds - 1, a))),
        lambda a: np.maximum(
            _percent(found.high(a)), from_odds(_chi2(seeds - 1, 1 - np.asarray(a)))
        ),
    )


def _chi2(nu: int, p: float | Array) -> Array:
    """The quantile of a chi-squared variance."""
    return np.asarray(chdtri(nu, 1 - np.asarray(p)), dtype=float)


def _dominance(own: Array, groups: list[int]) -> Bounds:
    count = len(set(groups))
    itself = np.eye(count, dtype=bool)

    def statistic(rows: NDArray[np.intp]) -> Array:
        return _arc(np.where(itself, 0.5, pooled.chances(own[rows], groups)))

    found = _pseudo(statistic, len(own))

    def best(end: Array) -> Array:
        pairs = np.where(itself, math.inf, end.reshape(count, count))
        return _percent(np.atleast_1d(np.asarray(pairs.min(-1).max())))

    return Bounds(
        best(found.mean).item(),
        lambda a: best(found.low(a)),
        lambda a: best(found.high(np.asarray(a) / (count - 1))),
    )


def _correlation(own: Array, others: list[Array]) -> Bounds | None:
    if not math.isfinite(pooled.correlation(own, others)):
        return None

    def statistic(rows: NDArray[np.intp]) -> float:
        found = pooled.correlation(own[rows], [other[rows] for other in others])
        return math.atanh(min(max(found, EDGE - 1), 1 - EDGE))

    found = _pseudo(statistic, len(own))
    if not np.isfinite(found.mean).all():
        return None
    mean = math.tanh(found.mean.item())
    return Bounds(mean, lambda a: np.tanh(found.low(a)), lambda a: np.tanh(found.high(a)))


def p_values(claim: PooledClaim, bounds: Bounds) -> tuple[float, float]:
    """p of the claim, and p of SHORT."""
    above = smallest(lambda a: np.atleast_1d(bounds.low(a) > claim.bound)).item()
    below = smallest(lambda a: np.atleast_1d(bounds.high(a) < claim.bound)).item()
    return (above, below) if claim.sense == "above" else (below, above)


def _finding(
    claim: PooledClaim, bounds: Bounds, seeds: int, family: tuple[float, int], level: float
) -> Finding:
    low, high = (float(np.asarray(end(level)).item()) for end in (bounds.low, bounds.high))
    alone, p_short = p_values(claim, bounds)
    p = max(alone, family[0])
    sides = {"above": low > claim.bound, "below": high < claim.bound}
    other = "below" if claim.sense == "above" else "above"
    word: Word = "INCONCLUSIVE"
    reason: Reason | None = None
    note = f"the {at_level(level)} lies {claim.sense} {claim.bound:g}"
    if sides[claim.sense] and significant(p, level).item():
        word = "REPRODUCED"
    elif sides[claim.sense]:
        note += f", but corrected for {family[1]} claims about the same runs p is {p:.2g}"
    elif sides[other]:
        word, note = "SHORT", f"the {at_level(level)} lies {other} {claim.bound:g}"
        reason = "too low" if other == "below" else "too high"
    else:
        note = would_decide(partial(_decides, bounds.mean - claim.bound, high - low, seeds), seeds)
    return PooledFinding(
        word=word,
        reason=reason,
        note=note,
        seeds=seeds,
        level=level,
        interval=Interval(bounds.mean, low, high),
        target=claim.bound,
        p=alone,
        p_short=p_short,
        p_adjusted=p,
        family=family[1],
    )


def _decides(away: float, width: float, now: int, seeds: int) -> bool:
    """Whether the interval, shrunk to so many seeds, would lie on one side of the bound."""
    return abs(away) > width / 2 * half_width(1.0, seeds) / half_width(1.0, now)
