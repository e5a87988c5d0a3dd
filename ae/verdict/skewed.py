"""How far a mean of a few seeds may lie from the truth, in standard errors.

Student's quantile is right where seeds are normal. Where they have one long tail it is not: with five
seeds of an exponential law the mean lies further away than Student's 95 % quantile 16 % of the
time. The quantile here is that of an exponential law itself, the most skewed one without a heavy
tail, on the side where its tail is not seen; or Student's, where that is larger.

The t statistic of n exponential values falls below -t exactly when their sum, a gamma variable, is
below n / (1 + t v / sqrt(n)), v being their coefficient of variation, which is independent of the
sum. So P = E[ P(n, n / (1 + t v / sqrt(n))) ] with the regularised incomplete gamma function P; the
expectation over v is taken over a fixed sample.
"""

import functools
import math

import numpy as np
from scipy.special import gammainc, stdtr

from ae.verdict.permutation import SEED
from ae.verdict.result import Array

SAMPLE = 1_000_000  # values behind the law of v, but at least FEWEST samples
FEWEST = 20_000
LOWEST = 2000  # of the sample, kept one by one: they decide the far tail
GROUP = 100  # of the others, as one
FARTHEST = 1e6  # standard errors
POINTS = 200
TINY = 1e-300


@functools.cache
def _variations(seeds: int) -> tuple[Array, Array]:
    """Coefficients of variation of `seeds` exponential values, and their weights."""
    size = max(FEWEST, SAMPLE // seeds)
    size -= (size - LOWEST) % GROUP
    uniform = np.random.default_rng(SEED).random((size, seeds))
    values = -np.log1p(-uniform)
    found = np.sort(values.std(-1, ddof=1) / values.mean(-1))
    others = found[LOWEST:].reshape(-1, GROUP).mean(-1)
    weights = np.concatenate([np.full(LOWEST, 1.0), np.full(others.size, float(GROUP))])
    return np.concatenate([found[:LOWEST], others]), weights / size


@functools.cache
def _tail(seeds: int) -> tuple[Array, Array]:
    """log t and log P(T > t), T falling with t; t from 0.02 on."""
    t = np.geomspace(0.02, FARTHEST, POINTS)
    variation, weight = _variations(seeds)
    scaled = t[:, None] * variation / math.sqrt(seeds)
    skewed = gammainc(seeds, seeds / (1 + scaled)) @ weight
    return np.log(t), np.log(np.maximum(skewed, stdtr(seeds - 1, -t)) + TINY)


def quantile(seeds: int, alpha: float | Array) -> Array:
    """How many standard errors bound a mean from one side, wrong with probability `alpha`."""
    t, p = _tail(seeds)
    return np.exp(np.interp(-np.log(alpha), -p, t))
