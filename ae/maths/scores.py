"""Statistics of one score over many runs and seeds, and how sure the seeds make them.

Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of Disentangled
Representations, ICML 2019, https://arxiv.org/abs/1811.12359, asks such questions of thousands of
runs. Arrays are (seed, run): a column a run, a row a seed that all runs have.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


def explained(scores: Scores, groups: Sequence[int]) -> float:
    """Share of the variance of all values that the runs' groups explain, in percent.

    100 (1 - within / total sum of squares): R^2 of a regression on the groups. By the objective
    alone, or with a group for every run by objective and strength; the rest is then the seeds'.
    NaN where all values are the same.
    """
    total = ((scores - scores.mean()) ** 2).sum()
    within = sum(
        ((part - part.mean()) ** 2).sum()
        for part in (scores[:, [g == group for g in groups]] for group in set(groups))
    )
    return float(100 * (1 - within / total)) if total > 0 else float("nan")


def dominance(scores: Scores, groups: Sequence[int]) -> float:
    """The best group's chance to score higher than another group, the least of these; in percent.

    The largest over groups of the smallest over other groups of `chances`. 100: one group is
    always best. 50 or less: none is better than each of the others more often than not.
    """
    found = chances(scores, groups)
    return float(100 * max(min(np.delete(row, i)) for i, row in enumerate(found)))


def chances(scores: Scores, groups: Sequence[int]) -> Scores:
    """How often each group scores higher than each other one: (groups, groups), NaN with itself.

    P(a > b) + P(a = b) / 2 for a value of the one group and one of the other, whichever run and
    seed they are of.
    """
    parts = [scores[:, [g == group for g in groups]].ravel() for group in sorted(set(groups))]
    found = np.full((len(parts), len(parts)), np.nan)
    for i, one in enumerate(parts):
        for j, other in enumerate(parts[:i]):
            found[i, j] = _chance(one, other)
            found[j, i] = 1 - found[i, j]
    return found


def _chance(one: Scores, other: Scores) -> float:
    places = ranks(np.concatenate([one, other]))[: one.size]
    return float((places.sum() - one.size * (one.size + 1) / 2) / (one.size * other.size))


def correlation(scores: Scores, others: Sequence[Scores]) -> float:
    """Spearman's rank correlation with each of the other scores over runs and seeds; their mean.

    NaN where all values of a score are the same.
    """
    mine = ranks(scores.ravel())
    return float(np.mean([_pearson(mine, ranks(other.ravel())) for other in others]))


def _pearson(a: Scores, b: Scores) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def ranks(values: Scores) -> Scores:
    """Ranks from 1; equal values share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Scores = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return found


def jackknifed(statistic: Callable[[NDArray[np.intp]], Scores | float], seeds: int) -> Scores:
    """One pseudo-value a seed: what the statistic of the rows `index` would be of that seed alone.

    K t(all) - (K - 1) t(all but one), Tukey's: their mean is the statistic without its bias of
    order 1 / K, and the interval of that mean its interval. Of a mean over the runs they are the
    seeds' own means. All runs of a seed are left out together, for they may share initial weights.
    The seeds come last, after the statistic's own axes.
    """
    rows = np.arange(seeds)
    whole = np.asarray(statistic(rows), dtype=float)
    without = np.stack([np.asarray(statistic(np.delete(rows, k))) for k in rows], axis=-1)
    found: Scores = seeds * whole[..., None] - (seeds - 1) * without
    return found
