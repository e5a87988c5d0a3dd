"""Intervals of means for the gate: Student's t with combined degrees of freedom.

Everything works on stacks of samples: values are (samples, seeds), results (samples,). A sample
that holds NaN has NaN for an interval, and NaN decides nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from ae.verdict.result import ALPHA, Array

CALIBRATION = 9  # degrees of freedom of a sigma_pin: at least ten calibration seeds


class Term(NamedTuple):
    """A piece of the variance of a difference, and the degrees of freedom that it is known by."""

    variance: float | Array
    nu: float | Array


class Estimate(NamedTuple):
    """Means with their spread, standard uncertainty and degrees of freedom, each (samples,)."""

    mean: Array
    sd: Array
    sigma: Array
    u: Array
    nu: Array

    @property
    def half(self) -> Array:
        """Half the width of the 90 % interval."""
        return student(self.nu) * self.u

    @property
    def low(self) -> Array:
        """Lower end of the 90 % interval, a one-sided 95 % bound."""
        return self.mean - self.half

    @property
    def high(self) -> Array:
        """Upper end of the 90 % interval, a one-sided 95 % bound."""
        return self.mean + self.half


def student(nu: Array) -> Array:
    """The 95 % quantile of Student's t; the normal one where `nu` is infinite."""
    return np.asarray(stdtrit(nu, 1 - ALPHA))


def combine(terms: Sequence[Term], *, cautious: bool = False) -> tuple[Array, Array]:
    """Standard uncertainty u of a sum and its degrees of freedom nu.

    u^2 = sum v_i. After Welch and Satterthwaite 1 / nu = sum w_i^2 / nu_i with w_i = v_i / u^2.
    That is too hopeful where a variance from few runs meets one that is known exactly (a reading,
    a rounding) or from fewer than five runs: one-sided errors of 6 to 8 % instead of 5. Cautious:
    1 / nu = sum w_i / nu_i.
    """
    power = 1 if cautious else 2
    variance = np.asarray(sum(np.asarray(v) for v, _ in terms), dtype=float)
    weight = np.asarray(sum(np.power(v, power) / nu for v, nu in terms), dtype=float)
    nu = np.full_like(variance, np.inf)
    np.divide(variance**power, weight, out=nu, where=weight != 0)
    return np.sqrt(variance), nu


def estimate(
    values: Array,
    terms: Sequence[Term] = (),
    *,
    floor: float | Array = 0.0,
    nu: float | None = None,
    cautious: bool = False,
) -> Estimate:
    """The mean over the last axis, with sigma = max(sd, floor) and further terms of variance."""
    seeds = values.shape[-1]
    mean = values.mean(-1)
    sd = values.std(-1, ddof=1) if seeds > 1 else np.where(np.isnan(mean), np.nan, 0.0)
    sigma = np.maximum(sd, floor)
    ours = Term(sigma**2 / seeds, nu or max(seeds - 1, 1))
    return Estimate(mean, sd, sigma, *combine([ours, *terms], cautious=cautious))


def least_margin(seeds: int) -> float:
    """How many sigma a margin needs to be testable: 3 below five seeds, 2 at five, then less.

    Beyond five seeds the factor shrinks with the standard error, so that more seeds cure an
    under-powered claim.
    """
    return 3.0 if seeds < 5 else 2.0 * (5 / seeds) ** 0.5
