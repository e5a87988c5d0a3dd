"""One spec's metrics under other splits of the same seeds into a baseline and new ones.

If nothing changed, any split was as likely as the one that came about. So how often the least p of a
spec would be as small under another split is its p, whatever the law of its metrics, heavy-tailed,
skewed or discrete, and however they are correlated: the splits move all of them together.
"""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from ae.verdict.intervals import least_margin
from ae.verdict.permutation import SEED
from ae.verdict.result import ALPHA, Array
from ae.verdict.shift import LEAP, fine, grid

LISTED = 20_000  # splits that are all taken
DRAWS = 2_000  # random ones, where there are more
MANY = 10_000  # the same of a second look, where one spec's own p is to be small
CHUNK = 50  # metrics at a time
Order = NDArray[np.int64]


class Group(NamedTuple):
    """Metrics that share their seeds: (metrics, n) and (metrics, K), higher being better.

    `two_sided` and `scale`, (metrics,): whether any move counts as worse; the magnitude.
    """

    baseline: Array
    new: Array
    two_sided: Array
    scale: Array


class Rows(NamedTuple):
    """One side of a group: the metrics whose own p is at most 5 %, and the least p of the others.

    `at` are their places, `p` (rows, splits), `rest` (splits,); the first split is the true one.
    """

    at: list[int]
    p: list[Array]
    rest: Array

    @property
    def least(self) -> Array:
        """The least p of all metrics under every split."""
        return functools.reduce(np.minimum, self.p, self.rest)


def rows(group: Group, draws: int = DRAWS) -> tuple[Rows, Rows]:
    """The p of "worse" and of "better" of each metric alone, under every split."""
    n, k = group.baseline.shape[-1], group.new.shape[-1]
    chosen = choices(n, k, draws)
    down, up = (Rows([], [], np.ones(len(chosen))) for _ in range(2))
    for start in range(0, len(group.new), CHUNK):
        part = Group(*(values[start : start + CHUNK] for values in group))
        down, up = (
            _kept(side, p, start) for side, p in zip((down, up), alone(part, chosen), strict=True)
        )
    return down, up


def _kept(side: Rows, p: Array, start: int) -> Rows:
    striking = p[:, 0] <= ALPHA
    at = [start + int(i) for i in np.flatnonzero(striking)]
    rest = np.minimum(side.rest, p[~striking].min(axis=0, initial=1.0))
    return Rows(side.at + at, side.p + list(p[striking]), rest)


@functools.cache
def choices(n: int, k: int, draws: int = DRAWS) -> Order:
    """Which of n + k seeds are the new ones, (splits, k): the last k first, then all, or random."""
    if math.comb(n + k, k) <= LISTED:
        return np.array(sorted(itertools.combinations(range(n + k), k), reverse=True))
    rng = np.random.default_rng(SEED)
    drawn = rng.random((draws - 1, n + k)).argpartition(k, axis=1)[:, :k]
    return np.concatenate([np.arange(n, n + k)[None], drawn])


def alone(group: Group, chosen: Order) -> tuple[Array, Array]:
    """p of "worse" and of "better" as in `shift`, of every metric and split: (metrics, splits)."""
    n, k = group.baseline.shape[-1], group.new.shape[-1]
    both = np.concatenate([group.baseline, group.new], axis=-1)
    centre = both.mean(-1, keepdims=True)
    own = np.zeros((n + k, len(chosen)))
    own[chosen.T, np.arange(len(chosen))] = 1.0
    x = both - centre
    sums, squares = x @ own, x**2 @ own
    new, old = sums / k, -sums / n  # means about the centre
    within_new = np.maximum(squares - k * new**2, 0.0)
    within_old = np.maximum((x**2).sum(-1, keepdims=True) - squares - n * old**2, 0.0)
    step = grid(both)[:, None]
    floor = np.maximum(fine(old + centre, group.scale[:, None]), step / 2)
    margin = least_margin(k) * np.maximum(np.sqrt(within_old / (n - 1)), floor)
    nu = n + k - 2
    u = np.maximum(np.sqrt((within_old + within_new) / nu), floor) * math.sqrt(1 / n + 1 / k)
    t = (new - old) / u
    below, above = stdtr(nu, t), stdtr(nu, -t)
    two = group.two_sided[:, None] > 0
    good = np.where(two, above, stdtr(nu, LEAP * margin / u - t))
    least = np.minimum(below, good)
    worse = np.where(two, np.minimum(2 * least, 1.0), least)
    return worse, np.where(two, 1.0, above)
