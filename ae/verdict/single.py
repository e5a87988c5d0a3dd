"""What a mean cannot see: one seed far outside the others, and seeds that agree far too well.

No split of a few seeds can tell either (of ten and three the farthest is a new one in 23 % of
splits), so here something is assumed of the law, and little: tails no heavier than those of Student's
t with four degrees of freedom, and a density without spikes.
"""

import math

import numpy as np
from scipy.special import stdtr

from ae.verdict.result import Array
from ae.verdict.shift import LONE, fine, grid


def outlying(baseline: Array, new: Array, scale: Array) -> Array:
    """p of "one new seed, or two of three, are as far from the baseline's mean, either way".

    For (metrics, seeds). Of k seeds with a chance p_1 each to be as far as the farthest, k p_1; of two
    as far as the second, k (k - 1) / 2 p_2^2; the less of the two, twice. 1 where the nearest seed is
    more than half as far as the farthest: then all have moved, which is asked of their mean.
    """
    n, k = baseline.shape[-1], new.shape[-1]
    if k < 2:
        return np.ones(len(new))
    middle = baseline.mean(-1)
    step = grid(np.concatenate([baseline, new], axis=-1))
    sigma = np.maximum(baseline.std(-1, ddof=1), np.maximum(fine(middle, scale), step / 2))
    away = np.sort(np.abs(new - middle[:, None]), axis=-1) / (sigma * math.sqrt(1 + 1 / n))[:, None]
    p = 2 * stdtr(LONE, -away)
    found = k * p[:, -1]
    if k > 2:
        found = 2 * np.minimum(found, math.comb(k, 2) * p[:, -2] ** 2)
    apart = away[:, 0] < away[:, -1] / 2
    return np.where(apart, np.minimum(found, 1.0), 1.0)


def agreeing(baseline: Array, new: Array) -> Array:
    """p of "the new seeds lie as close together", for (metrics, seeds).

    The chance that k values of one law lie within r falls as r to the k - 1. Of the (n over k)
    choices from the baseline the closest lies within r_0, so that r has about the chance
    (r / r_0)^(k - 1) / (n over k); twice that is never too small. 1 where the baseline has equal
    values, or fewer than k, or where the metric counts.
    """
    n, k = baseline.shape[-1], new.shape[-1]
    if not 2 < k <= n:
        return np.ones(len(new))
    ordered = np.sort(baseline, axis=-1)
    closest = (ordered[:, k - 1 :] - ordered[:, : n - k + 1]).min(-1)
    told = (np.diff(ordered, axis=-1) > 0).all(-1) & (grid(baseline) == 0)
    ratio = np.ptp(new, axis=-1) / np.where(told, closest, 1.0)
    return np.where(told, np.minimum(2 * ratio ** (k - 1) / math.comb(n, k), 1.0), 1.0)
