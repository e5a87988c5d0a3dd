"""Two arms of a comparison, stacked: the statistics and the words of rule c."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ae.verdict.bounds import Mean, difference, mean_of, p_below
from ae.verdict.permutation import rank_sum, sign_flip, sign_test, superiority
from ae.verdict.result import ALPHA, Array, Flags, Words, significant, usable

PAIRED = 5
UNPAIRED = 3
TINY = 1e-300  # the least advantage that is one
CLEAR = 0.75  # a meaningful probability of superiority (Bouthillier et al. 2021)


@dataclass(frozen=True)
class Arms:
    """The values of two runs by seed, NaN where one diverged; paired: they share their seeds."""

    first: Array
    second: Array
    paired: bool = True

    def turned(self, sign: int) -> "Arms":
        """The same with higher being better, and NaN for all that is no number."""
        return Arms(sign * usable(self.first), sign * usable(self.second), self.paired)


class Comparison(NamedTuple):
    """Two arms, stacked (samples,); `advantage` is positive where the first is better.

    `step` are the paired differences, (samples, seeds).
    """

    advantage: Mean
    p: Array
    p_reversed: Array
    superiority: Array
    seeds: int
    step: Array | None

    def typical(self, edge: float, level: float) -> Flags:
        """Whether a typical seed's advantage is at least `edge`: the sign test, for any law."""
        if self.step is None:
            return np.ones_like(self.p, dtype=bool)
        return significant(sign_test((self.step >= edge).sum(-1), self.seeds), level)

    @property
    def p_back(self) -> Array:
        """p of "it is the other way round": of the sign flips, the mean and a typical seed."""
        p = np.maximum(self.p_reversed, p_below(self.advantage, 0.0))
        if self.step is not None:
            p = np.maximum(p, sign_test((self.step < 0).sum(-1), self.seeds))
        return np.where(self.superiority <= 1 - CLEAR, p, 1.0)


def compare(better: Array, worse: Array, *, paired: bool, floor: float = 0.0) -> Comparison:
    """Compare two arms, (samples, seeds) each, in which higher is better and nothing NaN.

    Paired: sign flips, and the interval of the differences. Unpaired: rank sum, and the intervals
    of both arms combined.
    """
    share = superiority(better, worse)
    if paired:
        step = better - worse
        advantage = mean_of(step, floor=floor)
        p, p_reversed = sign_flip(step), sign_flip(-step)
        return Comparison(advantage, p, p_reversed, share, better.shape[-1], step)
    advantage = difference(mean_of(better, floor=floor), mean_of(worse, floor=floor))
    p, p_reversed = rank_sum(better, worse), rank_sum(worse, better)
    seeds = min(better.shape[-1], worse.shape[-1])
    return Comparison(advantage, p, p_reversed, share, seeds, None)


def order_words(
    found: Comparison,
    p: Array,
    *,
    margin: float,
    material: float,
    gap: float | None = None,
    level: float = ALPHA,
) -> Words:
    """The words of rule c for a claimed difference.

    `p` is the p that counts (adjusted for the family, or own), `material` what the lower end of the
    interval must reach.
    """
    low, high = found.advantage.low(level), found.advantage.high(level)
    there = significant(p, level) & (found.superiority >= CLEAR) & (low > 0)
    there &= found.typical(TINY, level)
    held = there & (low >= material) & found.typical(material, level)
    far = held & (low > (math.inf if gap is None else abs(gap) + margin))
    back = significant(found.p_back, level)
    tie = (low > -margin) & (high < margin)
    return np.select(
        [far, held, there, back | tie],
        ["BETTER", "REPRODUCED", "SMALLER", "SHORT"],
        "INCONCLUSIVE",
    )


def equal_words(found: Comparison, p: Array, *, margin: float, level: float = ALPHA) -> Words:
    """The words of rule c for a claim of no difference; `p` is the p that counts."""
    low, high = found.advantage.low(level), found.advantage.high(level)
    within = (low > -margin) & (high < margin) & significant(p, level)
    apart = (low > margin) | (high < -margin)
    return np.select([within, apart], ["REPRODUCED", "SHORT"], "INCONCLUSIVE")


def compared(arms: Arms, sigma_pin: float | None) -> Comparison | None:
    """The comparison of two runs, higher being better, or None if they have too few seeds.

    Paired from five seeds on; below that, or when the runs have too few seeds in common, all
    values of both count unpaired, if each has three.
    """
    paired = arms.paired and arms.first.size >= PAIRED
    if not paired and min(arms.first.size, arms.second.size) < UNPAIRED:
        return None
    floor = (sigma_pin or 0.0) / 2
    return compare(arms.first[None], arms.second[None], paired=paired, floor=floor)
