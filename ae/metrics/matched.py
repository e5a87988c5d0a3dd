"""Measures of measures: one where another is equal, on a method's trade-off; one over another.

A method with a weight to choose is not one run but a curve: a heavier weight buys disentanglement
with reconstruction. Whether another method is better is asked at equal reconstruction, where a run
is compared with the curve's value at the run's own reconstruction. These functions see only what was
measured before, `trained.measured`, and pair runs by seed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.metrics.shared import finite
from ae.spec.facts import measure
from ae.training.trained_run import Trained

LEAST = 2  # runs that make a curve


class Curve(NamedTuple):
    """One seed of several runs, by rising `at`; runs whose seed diverged are left out."""

    at: NDArray[np.float64]
    value: NDArray[np.float64]


@measure(
    label="{metric:words} above that of the curve at equal {at:words}", unit=None, better="higher"
)
def advantage(trained: Trained, *, metric: str, at: str, curve: list[str]) -> list[float]:
    """metric - f(at), f the line through the points (at, metric) of the runs of `curve`.

    Of every seed by itself: its f joins the same seed of the other runs by straight lines, in the
    order of `at`, and goes on level beyond its ends, where nothing is equal: `distance` tells. A run
    of the curve has 0, exactly. In the unit and with the sign of `metric`.

    Args:
        trained: The run that is compared.
        metric: The measure that is compared, such as a disentanglement score.
        at: The measure at whose equal value it is, such as the reconstruction.
        curve: Runs of the other method, in any order; those that a tier leaves out are left out.

    Raises:
        UserError: A measure was not taken before, or fewer than two runs of the curve are there.
    """
    mine = zip(
        values(trained, trained.name, at), values(trained, trained.name, metric), strict=True
    )
    lines = curves(trained, metric, at, curve)
    return finite(
        value - float(np.interp(x, line.at, line.value)) if len(line.at) >= LEAST else np.nan
        for (x, value), line in zip(mine, lines, strict=True)
    )


@measure(label="{at:words} outside what the curve spans", unit=None, better="lower")
def distance(trained: Trained, *, at: str, curve: list[str]) -> list[float]:
    """How far `at` lies outside the values that the runs of `curve` span, seed by seed; 0 within.

    Where it is 0, `advantage` compares at equal `at`.

    Raises:
        UserError: As `advantage`.
    """
    mine = values(trained, trained.name, at)
    lines = curves(trained, at, at, curve)
    return finite(
        max(line.at[0] - x, x - line.at[-1], 0.0)
        if len(line.at) >= LEAST and np.isfinite(x)
        else np.nan
        for x, line in zip(mine, lines, strict=True)
    )


@measure(label="{metric:words} over {at:words}", unit="", better="higher")
def ratio(trained: Trained, *, metric: str, at: str) -> list[float]:
    """metric / at of the run's own, seed by seed; NaN where `at` is 0.

    Raises:
        UserError: A measure was not taken before.
    """
    pairs = zip(
        values(trained, trained.name, metric), values(trained, trained.name, at), strict=True
    )
    return finite(a / b if b else np.nan for a, b in pairs)


def curves(trained: Trained, metric: str, at: str, runs: list[str]) -> list[Curve]:
    """The curve of every seed of `trained` over those of the runs that the tier has.

    Raises:
        UserError: Fewer than two are there, or one was not measured.
    """
    there = [run for run in runs if run in trained.measured]
    if len(there) < LEAST:
        raise UserError(
            f"matched, on run {trained.name!r}: curve: found {len(there)} of the runs "
            f"{', '.join(runs) or '(none)'} in this tier; expected {LEAST} or more"
        )
    points = np.array([[values(trained, run, name) for name in (at, metric)] for run in there])
    return [_curve(seed[np.isfinite(seed).all(1)]) for seed in points.transpose(2, 0, 1)]


def _curve(points: NDArray[np.float64]) -> Curve:
    at, value = points[points[:, 0].argsort(kind="stable")].T
    return Curve(at, value)


def values(trained: Trained, run: str, measure: str) -> list[float]:
    """What was measured of a run, for each seed of `trained`; NaN for a seed that diverged.

    Raises:
        UserError: The measure was not taken before on the run, or not of all these seeds.
    """
    found = trained.measured.get(run, {}).get(measure)
    if found is None:
        raise UserError(
            f"run {trained.name!r}: {measure!r} of run {run!r} is not known when it is needed; "
            "expected a measure of that run that stands before in the spec"
        )
    if missing := [seed for seed in trained.seeds if seed not in found]:
        raise UserError(
            f"run {trained.name!r}: run {run!r} has no seed {missing[0]}; runs that are compared "
            "seed by seed need the same seeds"
        )
    return [found[seed] for seed in trained.seeds]
