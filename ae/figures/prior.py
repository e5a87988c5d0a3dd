"""Codes in the plane upon samples of the prior that they are to be distributed as."""

from typing import TYPE_CHECKING

import numpy as np

from ae.errors import UserError
from ae.figures.embedding import legend, say
from ae.figures.layout.drawing import CLASSES, Arrays, Drawing, member
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.metrics.generated import drawn, encoded
from ae.metrics.shared import labels, up_to
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
GREY = "#c9ced4"  # of the prior's samples
REACH = 1.15  # of the axes, times what holds all but one in two hundred of the prior's samples


def codes(runs: list[Trained], *, examples: int, seed_index: int) -> Drawing:
    """Codes of the first test images, coloured by label, upon as many samples of the prior in grey.

    A panel a run. Codes are samples of the posterior where there is one. The axes are those of the
    prior; each panel says how many codes lie outside.

    Raises:
        UserError: Codes are not of two numbers, there are more than ten labels, or too few seeds.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        which, count = member(run, seed_index), up_to(run, "test", examples)
        own = encoded(run, "test", count)[which]
        if own.shape[1:] != (2,):
            raise UserError(
                f"prior.codes: run {run.name!r} has codes of shape {tuple(own.shape[1:])}; "
                "expected 2 numbers: leave the run out of the figure's 'runs'"
            )
        y = labels(run, "test", count)
        if (found := len(np.unique(y))) > len(CLASSES):
            raise UserError(f"prior.codes: found {found} labels; it tells {len(CLASSES)} apart")
        arrays[f"codes_{i}"] = own.float().cpu().numpy()
        arrays[f"prior_{i}"] = drawn(run, count)[which].float().cpu().numpy()
        arrays[f"labels_{i}"] = y
    return Drawing(arrays=arrays, paint=_paint, vector=False)


def _paint(arrays: Arrays) -> "Figure":
    names = arrays["runs"]
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)
    side = WIDTH // ACROSS if across == ACROSS else 600
    figure = sheet(side * across, (side + 40) * down + 60)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    classes = np.unique(np.concatenate([arrays[f"labels_{i}"] for i in range(len(names))]))
    for i, (axes, name) in enumerate(zip(grid, names, strict=False)):
        axes.set_title(wrapped(str(name), 42, 2), pad=20)
        y = np.searchsorted(classes, arrays[f"labels_{i}"])
        _panel(axes, arrays[f"codes_{i}"], arrays[f"prior_{i}"], y)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    legend(figure, classes)
    return figure


def _panel(axes: "Axes", own: "np.ndarray", prior: "np.ndarray", y: "np.ndarray") -> None:
    limit = REACH * float(np.quantile(np.abs(prior), 0.995))
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    axes.scatter(prior[:, 0], prior[:, 1], c=GREY, s=3, linewidths=0)
    if not np.isfinite(own).all():
        say(axes, 0.5, "diverged")
        return
    axes.scatter(own[:, 0], own[:, 1], c=np.array(CLASSES)[y], s=4, linewidths=0, alpha=0.65)
    outside = int((np.abs(own) > limit).any(1).sum())
    say(axes, 1.03, f"{outside} of {len(own)} codes lie outside")
