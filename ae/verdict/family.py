"""Many metrics judged at once: the probability of one false alarm in the whole family is 5 %.

Step-down after Westfall and Young (1993): if nothing changed, any split of all seeds into baseline
and new ones was as likely as the one that came about. A metric's p is how often the smallest p
among it and the less striking ones would be as small under another split. The splits move all
metrics of a group (runs of one spec, which share their seeds) together. So the level holds for
any law, heavy-tailed, skewed or discrete, and for correlated metrics.

One new seed has too few splits to reject by: it is judged by Holm on the normal law.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ae.verdict.permutation import SEED, holm
from ae.verdict.result import ALPHA, Array
from ae.verdict.shift import Shift, grid, shift

DRAWS = 1000  # splits, where there are more
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


def worse(found: Shift, two_sided: Array) -> Array:
    """p of each metric alone: that it would be so much worse, or too good, without a change."""
    either = np.minimum(2 * np.minimum(found.below, found.above), 1.0)
    return np.where(two_sided > 0, either, np.minimum(found.below, found.leap))


def better(found: Shift, two_sided: Array) -> Array:
    """p of each metric alone: that it would be so much better without a change."""
    return np.where(two_sided > 0, 1.0, found.above)


def adjust(groups: Sequence[Group]) -> list[tuple[Array, Array]]:
    """p of "worse" and of "better" for each group's metrics, adjusted for all metrics of all.

    1 where the p of the metric alone is above 5 %.
    """
    lone = [i for i, g in enumerate(groups) if g.new.shape[-1] == 1]
    many = [i for i, g in enumerate(groups) if g.new.shape[-1] > 1]
    parts = 1 + bool(lone and many)  # two families in one run share the 5 %
    adjusted: dict[int, tuple[Array, Array]] = {}
    for indices, how in ((lone, _by_holm), (many, _by_splits)):
        found = how([groups[i] for i in indices])
        for i, (p, q) in zip(indices, found, strict=True):
            adjusted[i] = np.minimum(parts * p, 1.0), np.minimum(parts * q, 1.0)
    return [adjusted[i] for i in range(len(groups))]


def _by_holm(groups: Sequence[Group]) -> list[tuple[Array, Array]]:
    if not groups:
        return []
    found = [shift(g.baseline, g.new, scale=g.scale) for g in groups]
    ends = np.cumsum([len(g.new) for g in groups])[:-1]
    sides = []
    for side in (worse, better):
        p = [side(f, g.two_sided) for f, g in zip(found, groups, strict=True)]
        sides.append(np.split(holm(np.concatenate(p)), ends))
    return list(zip(*sides, strict=True))


def _by_splits(groups: Sequence[Group]) -> list[tuple[Array, Array]]:
    """Step-down over splits; of each group the first split is the true one."""
    rng = np.random.default_rng(SEED)
    down, up = _StepDown(), _StepDown()
    for group in groups:
        n, k = group.baseline.shape[-1], group.new.shape[-1]
        few = len(groups) == 1 and math.comb(n + k, k) <= DRAWS
        splits = _all_splits(n, k) if few else _random_splits(n + k, rng)
        p, q = zip(*(_alone(group, splits, at) for at in _chunks(len(group.new))), strict=True)
        down.add(np.concatenate(p))
        up.add(np.concatenate(q))
    return list(zip(down.adjusted(), up.adjusted(), strict=True))


def _chunks(count: int) -> list[slice]:
    return [slice(i, i + CHUNK) for i in range(0, count, CHUNK)]


def _alone(group: Group, splits: Order, at: slice) -> tuple[Array, Array]:
    """p of some metrics, each alone, under every split: (metrics, splits)."""
    baseline, new = group.baseline[at], group.new[at]
    both = np.concatenate([baseline, new], axis=-1)
    values, n = both[:, splits], baseline.shape[-1]
    scale, step = group.scale[at, None], grid(both)[:, None]
    found = shift(values[..., :n], values[..., n:], scale=scale, step=step)
    two = group.two_sided[at, None]
    return worse(found, two), better(found, two)


def _random_splits(seeds: int, rng: np.random.Generator) -> Order:
    """Orders of the seeds, (splits, seeds), the true one first."""
    rows = np.tile(np.arange(seeds), (DRAWS, 1))
    rows[1:] = rng.permuted(rows[1:], axis=1)
    return rows


@functools.cache
def _all_splits(n: int, k: int) -> Order:
    """Every choice of the new seeds, the true one, the last k, first."""
    seeds = range(n + k)
    chosen = sorted(itertools.combinations(seeds, k), reverse=True)
    return np.array([[s for s in seeds if s not in new] + list(new) for new in chosen])


class _StepDown:
    """Adjusts p over the splits; keeps the metrics apart whose own p is at most 5 %."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.rest: Array | None = None
        self.places: list[int] = []
        self.rows: list[Array] = []

    def add(self, p: Array) -> None:
        """Take (metrics, splits), of which the first split is the true one."""
        striking = p[:, 0] <= ALPHA
        start = sum(self.sizes)
        self.sizes.append(len(p))
        self.places += [start + int(i) for i in np.flatnonzero(striking)]
        self.rows += list(p[striking])
        least = p[~striking].min(axis=0, initial=1.0)
        self.rest = least if self.rest is None else np.minimum(self.rest, least)

    def adjusted(self) -> list[Array]:
        """One array for each that was added."""
        flat = np.ones(sum(self.sizes))
        if self.rest is None:
            return []
        running, found = self.rest.copy(), []
        order = sorted(range(len(self.rows)), key=lambda i: -self.rows[i][0])
        for i in order:
            running = np.minimum(running, self.rows[i])
            found.append(float((running <= self.rows[i][0] * (1 + 1e-9)).mean()))
        largest = 0.0
        for i, p in zip(reversed(order), reversed(found), strict=True):
            largest = max(largest, p)
            flat[self.places[i]] = largest
        return np.split(flat, np.cumsum(self.sizes)[:-1])
