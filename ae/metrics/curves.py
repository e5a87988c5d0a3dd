"""How training went: the terms of an objective against the examples seen."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.metrics.members import finite
from ae.trained import Trained


class Line(NamedTuple):
    """A term over all stages: `values[seed, point]` after `examples[point]` examples."""

    examples: NDArray[np.int64]
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
    before, seen = {}, 0
    for curve in trained.curves:
        if curve.stage not in before:
            before[curve.stage] = seen
            seen += curve.examples[-1]
    return Line(
        np.concatenate([np.array(c.examples, np.int64) + before[c.stage] for c in found]),
        np.concatenate([np.array(c.values, float) for c in found], 1),
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


def last_stage(trained: Trained, *, part: str) -> list[float]:
    """Mean of a term over all steps of the last stage that records it, while it learns.

    Raises:
        UserError: No stage of the run records the term.
    """
    line(trained, part)
    last = next(c for c in reversed(trained.curves) if c.part == part)
    steps = np.diff(np.array([0, *last.steps])) / last.steps[-1]
    return finite(np.array(last.values, float) @ steps)
