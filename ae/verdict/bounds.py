"""Means and what bounds them: the one interval of this suite.

    mean ± half,    half = quantile(n, alpha) s / sqrt(n)

bounds the mean from either side with an error of at most alpha each, for normal seeds and for a law as
skewed as an exponential one (`skewed`). With five seeds or fewer it holds all of them.

What is known with another uncertainty (a published mean, a rounding, the other arm) is combined as
half^2 = sum half_i^2; a rounding or a reading, which is off by no more than a known step, adds that step
at most. Everything works on stacks: values are (samples, seeds), results (samples,).
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri, stdtrit

from ae.verdict.numbers import Interval
from ae.verdict.result import ALPHA, Array, Flags, Words
from ae.verdict.skewed import quantile

CALIBRATION = 10  # seeds behind a sigma_pin
SURE = 1e-9  # the least p that is told apart
STEPS = 40  # of a bisection
SCANNED = (3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50, 100)


class Part(Protocol):
    """An independent piece of the uncertainty of a mean."""

    def half(self, alpha: float | Array) -> Array:
        """What bounds it from one side, wrong with probability alpha."""


@dataclass(frozen=True)
class Seeds:
    """What so many seeds say of their mean, by the spread to believe.

    `behind` is how many seeds the spread is known from, where they are others.
    """

    sigma: Array
    count: int
    behind: int = 0

    def half(self, alpha: float | Array) -> Array:
        """As above."""
        return quantile(self.behind or self.count, alpha) * self.sigma / math.sqrt(self.count)


@dataclass(frozen=True)
class Known:
    """A standard uncertainty u of something else, known by nu degrees of freedom, or exactly."""

    u: float | Array
    nu: float = math.inf

    def half(self, alpha: float | Array) -> Array:
        """Student's quantile, or the normal one."""
        q = ndtri(1 - np.asarray(alpha)) if math.isinf(self.nu) else stdtrit(self.nu, 1 - alpha)
        return np.asarray(q * np.asarray(self.u))


@dataclass(frozen=True)
class Within:
    """Something else that is off by `most` at most, anywhere in between: a rounding, a reading."""

    most: float

    def half(self, alpha: float | Array) -> Array:
        """The normal quantile of a uniform law's standard deviation."""
        return np.asarray(ndtri(1 - np.asarray(alpha)) * self.most / math.sqrt(3))


@dataclass(frozen=True)
class Mean:
    """Means, (samples,), their seeds' standard deviation, and the parts of their uncertainty."""

    mean: Array
    sd: Array
    parts: tuple[Part, ...]

    def half(self, alpha: float | Array = ALPHA) -> Array:
        """Half the width of the interval that is wrong by alpha on either side.

        The root of the squares, or that of the parts without an end and `most` of every other: both
        bound the mean, whatever the seeds' share of the uncertainty, and the smaller is told.
        """
        ended = [part.most for part in self.parts if isinstance(part, Within)]
        root = _root(self.parts, alpha)
        if not ended:
            return root
        open_ones = [part for part in self.parts if not isinstance(part, Within)]
        return np.minimum(root, _root(open_ones, alpha) + math.fsum(ended))

    def low(self, alpha: float | Array = ALPHA) -> Array:
        """Its lower end."""
        return self.mean - self.half(alpha)

    def high(self, alpha: float | Array = ALPHA) -> Array:
        """Its upper end."""
        return self.mean + self.half(alpha)

    def compared(self, sign: float, target: float) -> "Mean":
        """sign (mean - target), with the same uncertainty."""
        return Mean(sign * (self.mean - target), self.sd, self.parts)


def _root(parts: Sequence[Part], alpha: float | Array) -> Array:
    squares = [np.square(part.half(alpha)) for part in parts]
    return np.asarray(np.sqrt(functools.reduce(np.add, squares)))


def mean_of(values: Array, *others: Part, floor: float | Array = 0.0) -> Mean:
    """The mean over the last axis, its sigma at least `floor`, and further uncertainties."""
    n = values.shape[-1]
    mean = values.mean(-1)
    sd = values.std(-1, ddof=1) if n > 1 else np.zeros_like(mean)
    return Mean(mean, sd, (Seeds(np.maximum(sd, floor), n), *others))


def pinned(values: Array, sigma: float | Array, *others: Part) -> Mean:
    """The mean of one or two seeds whose sigma ten others gave."""
    found = mean_of(values, floor=sigma)
    part = Seeds(np.maximum(found.sd, sigma), values.shape[-1], CALIBRATION)
    return Mean(found.mean, found.sd, (part, *others))


def difference(first: Mean, second: Mean) -> Mean:
    """The difference of two independent means; sd is the root of the mean variance."""
    sd = np.sqrt((first.sd**2 + second.sd**2) / 2)
    return Mean(first.mean - second.mean, sd, (*first.parts, *second.parts))


def smallest(excludes: Callable[[Array], Flags], shape: tuple[int, ...] = (1,)) -> Array:
    """The smallest alpha at which a bound excludes what is tested: its p, by bisection.

    1 where it does not at alpha = 1/2.
    """
    low, high = np.full(shape, math.log(SURE)), np.full(shape, math.log(0.5))
    never = ~excludes(np.exp(high))
    for _ in range(STEPS):
        middle = (low + high) / 2
        hit = excludes(np.exp(middle))
        low, high = np.where(hit, low, middle), np.where(hit, middle, high)
    return np.where(never, 1.0, np.exp(high))


def p_above(found: Mean, bound: float) -> Array:
    """One-sided p of "the mean is at most `bound`" against "it is above"."""
    away = found.mean - bound
    return smallest(lambda alpha: found.half(alpha) < away, away.shape)


def p_below(found: Mean, bound: float) -> Array:
    """One-sided p of "the mean is at least `bound`" against "it is below"."""
    return p_above(found.compared(-1.0, 0.0), -bound)


def p_within(found: Mean, margin: float) -> Array:
    """p of two one-sided tests for "the mean lies within ±margin" (Schuirmann's TOST)."""
    return np.maximum(p_above(found, -margin), p_below(found, margin))


def decide(low: Array, high: Array, margin: float, *, at_least: bool = False) -> Words:
    """The word for an interval of d = how much better we are: an array of strings."""
    if at_least:
        return np.select([high < -margin, low > -margin], ["SHORT", "REPRODUCED"], "INCONCLUSIVE")
    within = (low > -margin) & (high < margin)
    return np.select(
        [low > margin, high < -margin, within], ["BETTER", "SHORT", "REPRODUCED"], "INCONCLUSIVE"
    )


def interval_of(values: Sequence[float]) -> Interval | None:
    """The mean of some seeds with its 90 % interval; None without a value."""
    if not values:
        return None
    if len(values) == 1:
        return Interval(values[0], math.nan, math.nan)
    found = mean_of(np.array([values], dtype=float))
    return Interval(found.mean.item(), found.low().item(), found.high().item())


def half_width(sigma: float, seeds: int, alpha: float = ALPHA) -> float:
    """Half the interval that so many seeds of this sigma would have."""
    return float(quantile(seeds, alpha)) * sigma / math.sqrt(seeds)


def would_decide(decides: Callable[[int], bool], after: int) -> str:
    """How many seeds would decide, if mean and spread stayed as they are, in a sentence."""
    found = next((n for n in SCANNED if n > after and decides(n)), None)
    if found is None:
        return f"no number of seeds up to {SCANNED[-1]} would decide at this mean and spread"
    return f"{found} seeds would decide at this mean and spread"
