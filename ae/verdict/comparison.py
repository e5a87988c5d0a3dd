"""Two arms of a comparison, stacked: the statistics and the words of rule c."""

import math
from typing import NamedTuple

import numpy as np

from ae.verdict.intervals import Estimate, Term, combine, estimate
from ae.verdict.permutation import rank_sum, sign_flip, superiority
from ae.verdict.result import Array, Words, significant, usable, with_worst

PAIRED = 5
UNPAIRED = 3
CLEAR = 0.75  # a meaningful probability of superiority (Bouthillier et al. 2021)


class Comparison(NamedTuple):
    """Two arms, stacked (samples,); `advantage` is positive where the first is better."""

    advantage: Estimate
    p: Array
    p_reversed: Array
    superiority: Array
    seeds: int


def compare(better: Array, worse: Array, *, paired: bool, floor: float = 0.0) -> Comparison:
    """Compare two arms, (samples, seeds) each, in which higher is better and NaN diverged.

    Paired: sign flips and Student's t of the differences. Unpaired: rank sum and Welch's t.
    """
    count = better.shape[-1]
    both = with_worst(np.concatenate([better, worse], axis=-1))
    first, second = both[..., :count], both[..., count:]
    share = superiority(first, second)
    if paired:
        advantage = estimate(better - worse, floor=floor)
        step = first - second
        return Comparison(advantage, sign_flip(step), sign_flip(-step), share, count)
    one, two = estimate(better, floor=floor), estimate(worse, floor=floor)
    other = worse.shape[-1]
    u, nu = combine([Term(one.sigma**2 / count, count - 1), Term(two.sigma**2 / other, other - 1)])
    sd = np.sqrt((one.sd**2 + two.sd**2) / 2)
    sigma = np.sqrt((one.sigma**2 + two.sigma**2) / 2)
    advantage = Estimate(one.mean - two.mean, sd, sigma, u, nu)
    p, p_reversed = rank_sum(first, second), rank_sum(second, first)
    return Comparison(advantage, p, p_reversed, share, min(count, other))


def order_words(found: Comparison, p: Array, *, margin: float, gap: float | None) -> Words:
    """The words of rule c for a claimed difference; `p` is the p that counts (Holm's, or own)."""
    low, high = found.advantage.low, found.advantage.high
    held = significant(p) & (found.superiority >= CLEAR)
    far = held & (low > (math.inf if gap is None else abs(gap) + margin))
    reversed_ = significant(found.p_reversed) & (found.superiority <= 1 - CLEAR)
    tie = (low > -margin) & (high < margin)
    return np.select(
        [far, held, reversed_ | tie], ["BETTER", "REPRODUCED", "SHORT"], "INCONCLUSIVE"
    )


def equal_words(found: Comparison, *, margin: float) -> Words:
    """The words of rule c for a claim of no difference."""
    low, high = found.advantage.low, found.advantage.high
    within = (low > -margin) & (high < margin)
    apart = (low > margin) | (high < -margin)
    return np.select([within, apart], ["REPRODUCED", "SHORT"], "INCONCLUSIVE")


def compared(
    better: Array, worse: Array, *, sign: float, sigma_pin: float | None, paired: bool
) -> Comparison | None:
    """The comparison of two runs (seeds,), or None if they have too few seeds.

    Paired from five seeds on; below that, or when the runs have too few seeds in common, all
    values of both count unpaired, if each has three.
    """
    paired = paired and better.size >= PAIRED
    if not paired and min(better.size, worse.size) < UNPAIRED:
        return None
    first, second = sign * usable(better)[None], sign * usable(worse)[None]
    return compare(first, second, paired=paired, floor=(sigma_pin or 0.0) / 2)
