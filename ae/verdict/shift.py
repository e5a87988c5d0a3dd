"""How far a stack of metrics moved between two samples of seeds; arithmetic of `movement`."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from ae.verdict.intervals import CALIBRATION, Estimate, Term, estimate, least_margin
from ae.verdict.result import Array, Flags

ROUNDING = 1e-4  # of a metric's magnitude: what another machine may change
SINGLE = 1e-6  # absolute: rounding of numbers of order one in single precision
LEAP = 2.0  # margins beyond which a gain is none
FEWEST = 3  # new seeds that have a spread of their own
LONE = 4.0  # degrees of freedom for one new seed, whose outliers nothing shows
DECIMALS = 3  # of a metric that counts


class Shift(NamedTuple):
    """A stack of differences, new minus baseline, higher being better; each (samples,).

    `found` holds them with rule a's interval. `below`, `above`, `leap` are p of "worse", "better",
    and "better by more than twice the margin", each against "no change" and for one metric.
    """

    found: Estimate
    sigma: Array
    margin: Array
    below: Array
    above: Array
    leap: Array


def shift(
    baseline: Array, new: Array, *, scale: float | Array = 0.0, step: float | Array | None = None
) -> Shift:
    """Compare (samples, n) with (samples, K), n at least 2; without NaN.

    Args:
        baseline: its values.
        new: the new values.
        scale: a magnitude of the metric, as in `fine`.
        step: `grid` of all the values of a sample, where that is known.
    """
    n, k = baseline.shape[-1], new.shape[-1]
    middle = baseline.mean(-1)
    if step is None:
        step = grid(np.concatenate([baseline, new], axis=-1))
    floor = np.maximum(fine(middle, scale), np.asarray(step) / 2)
    sigma = np.maximum(baseline.std(-1, ddof=1), floor)
    margin = least_margin(k) * sigma
    known = Term(sigma**2 / n, n - 1)
    if k >= FEWEST:
        found = estimate(new, [known], floor=sigma / 2)
    else:
        found = estimate(new, [known], floor=sigma, nu=CALIBRATION)
    found = found._replace(mean=found.mean - middle)
    squares = (n - 1) * baseline.var(-1, ddof=1) + k * new.var(-1)
    u = np.maximum(np.sqrt(squares / (n + k - 2)), floor) * math.sqrt(1 / n + 1 / k)
    nu = n + k - 2 if k > 1 else LONE
    t = found.mean / u
    below, above, leap = (np.asarray(stdtr(nu, x)) for x in (t, -t, LEAP * margin / u - t))
    if k == 1:  # one seed in 28 leaves a value that ten others share
        shared = np.ptp(baseline, axis=-1) <= fine(middle, scale)
        below, above, leap = (np.where(shared, 1.0, p) for p in (below, above, leap))
    return Shift(found, sigma, margin, below, above, leap)


def fine(middle: Array, scale: float | Array) -> Array:
    """The spread that rounding alone makes of a metric of this mean, or of this magnitude."""
    return np.maximum(ROUNDING / 2 * np.maximum(np.abs(middle), scale), SINGLE)


def exact(baseline: Array, *, scale: float | Array = 0.0) -> Flags:
    """Whether a baseline, (samples, n), is one number for all seeds, and none that counts."""
    constant = np.ptp(baseline, axis=-1) <= fine(baseline.mean(-1), scale)
    return np.asarray(constant & (grid(baseline) == 0))


def grid(values: Array) -> Array:
    """The step of a metric that counts: 1, 0.1, 0.01, 0.001 if all its values are such multiples.

    0 for any other, (samples,).
    """
    step = np.zeros(values.shape[:-1])
    for places in range(DECIMALS, -1, -1):
        scaled = values * 10.0**places
        on = (np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(1, np.abs(scaled))).all(-1)
        step = np.where(on, 10.0**-places, step)
    return step
