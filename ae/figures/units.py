"""Which units of a code are used: how much their posterior means vary over examples."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import FAINT, INK, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, panels, wrapped
from ae.metrics.likelihood import variance_of_means
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
HIGH = 370  # pixels of a row of panels
LEAST = 1e-6  # where the logarithmic axis begins at the lowest
UNUSED = "#b8bfc7"


def activity(
    runs: list[Trained], *, split: Split, examples: int, threshold: float, code: str
) -> Drawing:
    """Var_x E[z_j given x] of each unit j, the largest first: a panel a run.

    Units above `threshold` are active. A bar is the geometric mean over seeds of the unit of that
    rank, its whisker their range; each panel says the mean number of active units and its range.
    `code` is the model's method that gives the posterior mean, of the layer that is asked about.
    """
    arrays: Arrays = {
        "runs": np.array([run.label for run in runs]),
        "threshold": np.array(threshold),
    }
    for i, run in enumerate(runs):
        variance = variance_of_means(run, split, examples, code).cpu().numpy()
        arrays[f"variance_{i}"] = np.sort(variance)[:, ::-1]
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def counted(variance: NDArray[Any], threshold: float) -> str:
    """How many of the units (seed, unit) are active, in words: the mean and the range of seeds."""
    active = (variance > threshold).sum(1)
    if not len(active):
        return "diverged"
    low, high = active.min(), active.max()
    span = f" ({low} to {high})" if high > low else ""
    return f"{active.mean():.3g} of {variance.shape[1]} active{span}"


def _paint(arrays: Arrays) -> "Figure":
    names, threshold = arrays["runs"], float(arrays["threshold"])
    across = min(ACROSS, len(names))
    figure, grid = panels(len(names), across, max(640, WIDTH // ACROSS * across), HIGH, sharey=True)
    for i, (axes, name) in enumerate(zip(grid, names, strict=True)):
        variance = arrays[f"variance_{i}"]
        variance = variance[np.isfinite(variance).all(1)]
        axes.set_title(f"{wrapped(str(name), 38, 1)}\n{counted(variance, threshold)}")
        _bars(axes, variance, threshold)
        if i % across == 0:
            axes.set_ylabel("variance of the mean")
        if i + across >= len(names):
            axes.set_xlabel("unit, by rank")
    return figure


def _bars(axes: "Axes", variance: NDArray[Any], threshold: float) -> None:
    bars(axes, np.arange(1, variance.shape[1] + 1), variance, threshold, LEAST)
    scaled(axes, threshold, LEAST, 10.0)


def bars(
    axes: "Axes",
    place: NDArray[Any],
    units: NDArray[Any],
    threshold: float,
    least: float,
) -> None:
    """A bar a unit, the geometric mean over seeds, and a line over their range; (seed, unit)."""
    if len(units):
        kept = units.clip(least)
        height = np.exp(np.log(kept).mean(0))
        colours = np.where(height > threshold, PALETTE[0], UNUSED)
        axes.bar(place, height, width=0.8, color=colours)
        axes.vlines(place, kept.min(0), kept.max(0), color=INK, linewidth=0.8)


def scaled(axes: "Axes", threshold: float, least: float, most: float) -> None:
    """Logarithms upwards, from `least` to `most`, and a line at the threshold."""
    axes.axhline(threshold, color=FAINT, linestyle="--", linewidth=1.2)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(least, most)
