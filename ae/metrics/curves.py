"""How training went: the terms of an objective against the examples seen."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from ae.errors import UserError
from ae.metrics.shared import finite
from ae.spec.facts import measure
from ae.training.trained_run import Trained


class Line(NamedTuple):
    """A term over all stages: `values[seed, point]` after `examples[point]` examples."""

    examples: NDArray[np.int64]
    values: NDArray[np.float64]


class Stage(NamedTuple):
    """A term in one stage, and its name for people: `values[seed, point]` after `steps[point]` steps."""

    name: str
    steps: list[int]
    values: NDArray[np.float64]


def line(trained: Trained, part: str) -> Line:
    """One term of the objectives over all the stages that record it, the first at its start.

    Each value is a mean over the steps since the point before it. Examples count on through the
    stages, those that do not record the term included.

    Raises:
        UserError: No stage of the run records it.
    """
    found = [curve for curve in trained.curves if curve.part == part]
    if not found:
        known = sorted({curve.part for curve in trained.curves})
        raise UserError(
            f"run {trained.name!r}: part: found {part!r}; expected one of its curves: "
            f"{', '.join(known) or 'none, as it is not trained by descent'}"
        )
    ends: dict[str, int] = {}
    for curve in trained.curves:
        ends[curve.stage] = max(ends.get(curve.stage, 0), curve.examples[-1])
    before, seen = {}, 0
    for stage, end in ends.items():
        before[stage] = seen
        seen += end
    return Line(
        np.concatenate([np.array(c.examples, np.int64) + before[c.stage] for c in found]),
        np.concatenate([np.array(c.values, float) for c in found], 1),
    )


@measure(
    label="{part:words} in training, averaged over the logarithm of the images seen",
    unit=None,
    better=None,
)
def average(trained: Trained, *, part: str) -> list[float]:
    """Mean height of a term's curve over the logarithm of the examples seen, by trapezoids.

    What a figure with a logarithmic axis shows of how fast a method learns: of two runs that end
    at the same height, the one that is there earlier has the better average.

    Raises:
        UserError: No stage of the run records the term, or at fewer than two points.
    """
    examples, values = line(trained, part)
    if len(examples) < 2:
        raise UserError(
            f"curves.average: run {trained.name!r} has one point of {part!r}; expected two or more"
        )
    at = np.log(examples)
    steps = np.diff(at) / (at[-1] - at[0])
    heights = ((values[:, 1:] + values[:, :-1]) / 2) @ steps
    return finite(heights)


@measure(label="Change of the {part:words} in training", unit=None, better=None)
def change(trained: Trained, *, part: str, early: list[float], late: list[float]) -> list[float]:
    """What a term has risen by: its mean over the window `late` less that over `early`.

    Windows are two shares of all the examples seen, such as [0.9, 1.0]; a point, which is a mean
    over the steps since the one before, counts by its examples where its end lies in the window.

    Raises:
        UserError: No stage of the run records the term, or no point of it is in a window.
    """
    examples, values = line(trained, part)
    weights = np.diff(np.array([0, *examples]))
    means = []
    for name, (start, end) in (("early", early), ("late", late)):
        inside = weights * ((examples > start * examples[-1]) & (examples <= end * examples[-1]))
        if not inside.any():
            raise UserError(
                f"curves.change: run {trained.name!r}: {name}: no point of {part!r} lies in "
                f"{[start, end]}; it has {len(examples)}"
            )
        means.append(values @ inside / inside.sum())
    return finite(means[1] - means[0])


@measure(
    label="{part:words} in training, mean of steps {begin:,} to {end:,}", unit=None, better=None
)
def window(trained: Trained, *, part: str, begin: int, end: int) -> list[float]:
    """Mean of a term over the steps `begin` to `end` of the first stage that records it.

    A curve's points are means over the steps since the one before, so that the sum of the term is
    known there; between them it is interpolated by monotone cubics (PCHIP).

    Raises:
        UserError: No stage of the run records the term, or it has no such steps.
    """
    line(trained, part)
    curve = next(c for c in trained.curves if c.part == part)
    if not 1 <= begin <= end <= curve.steps[-1]:
        raise UserError(
            f"curves.window: run {trained.name!r}: found steps {begin} to {end}; expected some of 1 "
            f"to {curve.steps[-1]}"
        )
    steps = np.array([0, *curve.steps])
    return [_mean(np.array(own, float), steps, begin, end) for own in curve.values]


def _mean(values: NDArray[np.float64], steps: NDArray[np.int64], begin: int, end: int) -> float:
    if not np.isfinite(values).all():
        return math.nan
    sums = np.concatenate([[0.0], np.cumsum(values * np.diff(steps))])
    before, after = PchipInterpolator(steps, sums)([begin - 1, end])
    return float(after - before) / (end - begin + 1)


@measure(label="{part:words} in training, mean of the last stage", unit=None, better=None)
def last_stage(trained: Trained, *, part: str) -> list[float]:
    """Mean of a term over all steps of the last stage that records it, while it learns.

    Raises:
        UserError: No stage of the run records the term.
    """
    last = _last(trained, part)
    steps = np.diff(np.array([0, *last.steps])) / last.steps[-1]
    return finite(last.values @ steps)


@measure(
    label="{part:words} while it learns, mean of steps {after:,} to {to:,}", unit=None, better=None
)
def between(trained: Trained, *, part: str, after: int, to: int) -> list[float]:
    """Mean of a term over the steps `after` + 1 to `to` of the last stage that records it.

    What a log prints of an epoch: the mean while the model learns.

    Raises:
        UserError: No stage records the term, or its curve has no point at one of the two steps.
    """
    last = _last(trained, part)
    first = 0 if after == 0 else _place(trained, last, after) + 1
    end = _place(trained, last, to) + 1
    if end <= first:
        raise UserError(f"curves.between: after: found {after}; expected a step before {to}")
    steps = np.diff(np.array([after, *last.steps[first:end]]))
    return finite(last.values[:, first:end] @ steps / steps.sum())


@measure(label="{part:words} after step {step:,}", unit=None, better=None)
def at_step(trained: Trained, *, part: str, step: int) -> list[float]:
    """What was watched after a step of the last stage that watches it; NaN of a seed that had stopped.

    Raises:
        UserError: No stage records the term, or nothing was evaluated at that step.
    """
    last = _last(trained, part)
    return finite(last.values[:, _place(trained, last, step)])


@measure(label="{part:words}, least of all evaluations", unit=None, better=None)
def least(trained: Trained, *, part: str) -> list[float]:
    """Each seed's least value of what the last stage watched, from the first evaluation to its last.

    Raises:
        UserError: No stage records the term.
    """
    values = _last(trained, part).values
    return finite(np.where(np.isnan(values), np.inf, values).min(1))


@measure(label="{part:words}, greatest of all evaluations", unit=None, better=None)
def greatest(trained: Trained, *, part: str) -> list[float]:
    """Each seed's greatest value of what the last stage watched, as `least`.

    Raises:
        UserError: No stage records the term.
    """
    values = _last(trained, part).values
    return finite(np.where(np.isnan(values), -np.inf, values).max(1))


@measure(label="{part:words} at the end less {over:words}", unit=None, better=None)
def gain(trained: Trained, *, part: str, over: str) -> list[float]:
    """The last value of one term less the last value of another, which an earlier stage may have."""
    last, before = (_last(trained, name).values[:, -1] for name in (part, over))
    return finite(last - before)


@measure(label="Evaluations of {part:words} until it stops", unit="", better="lower")
def evaluations(trained: Trained, *, part: str) -> list[float]:
    """How many evaluations of what the last stage watched each seed had before it stopped.

    Raises:
        UserError: No stage records the term.
    """
    seen = ~np.isnan(_last(trained, part).values)
    return [float(row.sum()) for row in seen]


def steps_and_values(trained: Trained, part: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The steps of a term's last curve, and its values (seed, point); NaN where a seed had stopped.

    Raises:
        UserError: No stage records the term.
    """
    last = _last(trained, part)
    return np.array(last.steps, np.int64), last.values


def _last(trained: Trained, part: str) -> Stage:
    """A term in the last stage that records it."""
    line(trained, part)
    found = next(c for c in reversed(trained.curves) if c.part == part)
    return Stage(f"{part!r} of stage {found.stage!r}", found.steps, np.array(found.values, float))


def _place(trained: Trained, stage: Stage, step: int) -> int:
    """Which point of a stage's curve is at a step."""
    if step in stage.steps:
        return stage.steps.index(step)
    nearest = min(stage.steps, key=lambda s: abs(s - step))
    raise UserError(
        f"run {trained.name!r}: {stage.name} has no point at step {step}, the nearest is {nearest}: "
        "add it to the stage's `points`, or let `every` divide it"
    )
