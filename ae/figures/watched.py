"""What was evaluated while a model learned, seed by seed, against what its source printed."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ae.errors import UserError
from ae.figures.layout.drawing import DASHES, INK, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.metrics.curves import steps_and_values
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
HIGH = 430  # pixels of a row of panels
TITLE = 40  # letters of a panel's title in a line
MISSED = 0.15  # of what is drawn may lie above: how high a curve begins hides how it ends


def published(
    runs: list[Trained],
    *,
    part: str,
    label: str,
    panels: list[list[str]],
    titles: list[str],
    steps: list[list[int]],
    values: list[list[float]],
    source: str,
    every: int,
    axis: str,
) -> Drawing:
    """A watched term against the steps of its stage: a line a seed, their mean, the source's points.

    A seed's line ends where it stopped. A panel's axis holds all but the highest seventh of what is
    drawn.

    Args:
        runs: What is drawn, where `panels` names it; runs that a tier leaves out are left out.
        part: The term, such as `test/loss`.
        label: What the vertical axis shows, with its unit.
        panels: Names of runs, a list a panel.
        titles: What stands over each panel.
        steps: At which steps the source has values, a list a panel.
        values: These values.
        source: What they are.
        every: Steps to a unit of the horizontal axis.
        axis: What that unit is, such as `epochs`.

    Raises:
        UserError: The lists do not fit each other, or a run does not record the part.
    """
    for key, given in (("titles", titles), ("steps", steps), ("values", values)):
        if len(given) != len(panels):
            raise UserError(
                f"watched.published: {key}: found {len(given)}; expected {len(panels)}, one a panel"
            )
    if uneven := [i for i, at in enumerate(steps) if len(at) != len(values[i])]:
        raise UserError(f"watched.published: values[{uneven[0]}]: expected as many as steps")
    found = {run.name: run for run in runs}
    kept = [i for i, panel in enumerate(panels) if any(name in found for name in panel)]
    arrays: Arrays = {
        "titles": np.array([titles[i] for i in kept]),
        "text": np.array([label, source, axis]),
    }
    for row, i in enumerate(kept):
        arrays[f"{row}/steps"] = np.array(steps[i], float) / every
        arrays[f"{row}/values"] = np.array(values[i], float)
        for place, name in enumerate(n for n in panels[i] if n in found):
            at, seen = steps_and_values(found[name], part)
            arrays[f"{row}/run/{place}/steps"] = at / every
            arrays[f"{row}/run/{place}/values"] = seen
            arrays[f"{row}/run/{place}/name"] = np.array(found[name].label)
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def _paint(arrays: Arrays) -> "Figure":
    count = len(arrays["titles"])
    across = min(ACROSS, count)
    down = -(-count // across)
    figure = sheet(WIDTH if across > 1 else 1100, HIGH * down + 90)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    handles: dict[str, Any] = {}
    for i, axes in enumerate(grid[:count]):
        handles |= _panel(axes, i, arrays)
        axes.set_title(wrapped(str(arrays["titles"][i]), TITLE, 2))
        axes.set_xlabel(str(arrays["text"][2]))
        if i % across == 0:
            axes.set_ylabel(wrapped(str(arrays["text"][0]), 34, 2))
    for axes in grid[count:]:
        axes.set_axis_off()
    names = [wrapped(name, TITLE, 2) for name in handles]
    figure.legend(handles.values(), names, loc="outside lower center", ncols=min(4, len(names)))
    return figure


def _panel(axes: "Axes", index: int, arrays: Arrays) -> dict[str, Any]:
    """Draw one panel; name -> what the legend shows of it."""
    handles: dict[str, Any] = {}
    drawn = [arrays[f"{index}/values"]]
    places = sorted(k for k in arrays if k.startswith(f"{index}/run/") and k.endswith("/name"))
    for turn, place in enumerate(places):
        key = place.removesuffix("/name")
        at, values = arrays[f"{key}/steps"], arrays[f"{key}/values"]
        colour, dash = PALETTE[turn % len(PALETTE)], DASHES[turn % len(DASHES)]
        for seed in values:
            axes.plot(at, seed, color=colour, linewidth=0.7, alpha=0.4)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where all seeds have stopped
            mean = np.nanmean(values, 0)
        name = f"{arrays[f'{key}/name']}, mean of seeds"
        (handles[name],) = axes.plot(at, mean, color=colour, linestyle=dash, linewidth=1.8)
        drawn.append(values.ravel())
    whole = np.concatenate(drawn)
    whole = whole[np.isfinite(whole)]
    if len(whole):
        low, high = whole.min(), np.quantile(whole, 1 - MISSED)
        axes.set_ylim(low - 0.08 * (high - low or 1.0), high + 0.1 * (high - low or 1.0))
    if len(arrays[f"{index}/steps"]):
        handles[str(arrays["text"][1])] = _points(axes, index, arrays)
    return handles


def _points(axes: "Axes", index: int, arrays: Arrays) -> Any:
    """Draw the source's points, whole also where they lie on an edge; say how many lie above."""
    at, values = arrays[f"{index}/steps"], arrays[f"{index}/values"]
    above = values > axes.get_ylim()[1]
    if above.any():
        text = f"{above.sum()} of {len(values)} points above"
        back = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(0.98, 0.97, text, size="small", bbox=back, **place)
    (points,) = axes.plot(
        at[~above],
        values[~above],
        color=INK,
        linestyle="",
        marker="o",
        markerfacecolor="none",
        clip_on=False,
    )
    return points
