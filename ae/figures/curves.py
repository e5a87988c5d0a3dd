"""Training curves: a term of the objective against the examples seen, with the seeds' band."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import DASHES, FAINT, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.figures.layout.ticks import amount, decades
from ae.metrics.curves import line
from ae.metrics.likelihood import elbo
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
HIGH = 430  # pixels of a row of panels
LEGEND = 112  # letters of the legend side by side, where there is more than one panel
LINE = 34  # pixels of a line of it
BESIDE = 9  # letters that the line before a name and the air behind it take
SETTLED = 0.2  # of a curve's points are left out of the lower limit: the fall at its beginning


def training(
    runs: list[Trained],
    *,
    part: str,
    label: str,
    panels: list[list[str]],
    titles: list[str],
    names: list[str],
    levels: list[float],
    level: str,
    test_examples: int,
) -> Drawing:
    """A term of the objective against the examples seen: a panel for each list of runs.

    The line is the mean over seeds, the band their least and greatest; a point is the mean over the
    steps since the one before it. The axis of examples is logarithmic.

    Args:
        runs: What is drawn, where `panels` names it; runs that a tier leaves out are left out.
        part: The term, such as `loss` or `bound`.
        label: What the vertical axis shows, with its unit.
        panels: Names of runs, a list a panel; empty for one panel of all runs.
        titles: What stands over each panel; empty for one panel of all runs.
        names: What the first, second, ... run of a panel is; empty for the runs' own labels.
        levels: The published value of each panel, drawn as a line; may be empty.
        level: What those values are.
        test_examples: A ring at the end of each curve is the bound on so many test images, one
            sample of the code each; 0 for no ring. Only for the part `bound`.

    Raises:
        UserError: The lists do not fit each other, or a run does not record the part.
    """
    panels = panels or [[run.name for run in runs]]
    titles = titles or [""]
    longest = max(len(panel) for panel in panels)
    _fit("titles", len(titles), len(panels), "a title a panel")
    _fit("levels", len(levels) or len(panels), len(panels), "a level a panel, or none")
    _fit("names", len(names) or longest, longest, "a name for each run of the largest panel")
    found = {run.name: run for run in runs}
    kept = [i for i, panel in enumerate(panels) if any(name in found for name in panel)]
    arrays: Arrays = {
        "titles": np.array([titles[i] for i in kept]),
        "levels": np.array([levels[i] for i in kept] if levels else []),
        "text": np.array([label, level]),
    }
    for row, i in enumerate(kept):
        for place, name in enumerate(panels[i]):
            if name in found:
                key = f"{row}/{place}"
                arrays |= _line(found[name], part, key, test_examples)
                arrays[f"{key}/name"] = np.array(names[place] if names else found[name].label)
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def _fit(key: str, found: int, expected: int, what: str) -> None:
    if found != expected:
        raise UserError(f"curves.training: {key}: found {found}; expected {expected}, {what}")


def _line(run: Trained, part: str, key: str, test_examples: int) -> Arrays:
    examples, values = line(run, part)
    arrays: Arrays = {f"{key}/examples": examples, f"{key}/values": values}
    if test_examples:
        ends = elbo(run, split="test", examples=test_examples, samples=1)
        arrays[f"{key}/test"] = np.array(ends)
    return arrays


def band(values: NDArray[Any]) -> NDArray[Any]:
    """Mean, least and greatest (3, point) of the seeds that are finite throughout."""
    finite = values[np.isfinite(values).all(-1)]
    if not len(finite):
        return np.full((3, values.shape[1]), np.nan)
    return np.stack([finite.mean(0), finite.min(0), finite.max(0)])


def limits(bands: Sequence[NDArray[Any]], others: Sequence[float]) -> tuple[float, float]:
    """Lower and upper end of an axis that shows these bands but their beginnings, and `others`."""
    settled = [b[:, int(SETTLED * b.shape[1]) :] for b in bands]
    seen = np.concatenate([*(b.ravel() for b in settled), np.array(others, float)])
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        return 0.0, 1.0
    margin = 0.06 * (seen.max() - seen.min()) or 1.0
    return float(seen.min() - margin), float(seen.max() + margin)


def _paint(arrays: Arrays) -> "Figure":
    count = len(arrays["titles"])
    across = min(ACROSS, count)
    down = -(-count // across)
    figure = sheet(WIDTH if across > 1 else 1100, HIGH * down + 90)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
    handles: dict[str, Any] = {}
    for i, axes in enumerate(grid[:count]):
        handles |= _panel(axes, i, arrays)
        axes.set_title(wrapped(str(arrays["titles"][i]), 38, 2))
        if i % across == 0:
            axes.set_ylabel(wrapped(str(arrays["text"][0]), 34, 2))
        if i + across >= count:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("training examples seen")
    for axes in grid[count:]:
        axes.set_axis_off()
    letters = LEGEND if across > 1 else 3 * LEGEND // 4
    names = [wrapped(name, letters - BESIDE, 2) for name in handles]
    beside = columns(names, letters)
    lines = -(-len(names) // beside) * (1 + max(name.count("\n") for name in names))
    figure.set_figheight(figure.get_figheight() + max(0, lines - 2) * LINE / figure.dpi)
    figure.legend(handles.values(), names, loc="outside lower center", ncols=beside)
    return figure


def columns(names: Sequence[str], letters: int) -> int:
    """How many names fit side by side into `letters` letters, five at most and one at least."""
    widest = max(len(line) for name in names for line in name.splitlines()) + BESIDE
    return max(1, min(5, len(names), letters // widest))


def _panel(axes: "Axes", index: int, arrays: Arrays) -> dict[str, Any]:
    """Draw one panel; name -> what the legend shows of it."""
    handles: dict[str, Any] = {}
    bands, others = [], []
    places = sorted(k for k in arrays if k.startswith(f"{index}/") and k.endswith("/name"))
    for key in (place.removesuffix("/name") for place in places):
        at, values = arrays[f"{key}/examples"], arrays[f"{key}/values"]
        turn = int(key.partition("/")[2])
        colour, dash = PALETTE[turn % len(PALETTE)], DASHES[turn % len(DASHES)]
        bands.append(band(values))
        mean, low, high = bands[-1]
        axes.fill_between(at, low, high, color=colour, alpha=0.25, linewidth=0)
        name = str(arrays[f"{key}/name"])
        (handles[name],) = axes.plot(at, mean, color=colour, linestyle=dash, linewidth=1.8)
        if f"{key}/test" in arrays:
            ends = arrays[f"{key}/test"]
            others += list(ends)
            (handles[f"{name}, test"],) = axes.plot(
                np.full(len(ends), at[-1]),
                ends,
                color=colour,
                linestyle="",
                marker="o",
                markerfacecolor="none",
                clip_on=False,
            )
    if len(arrays["levels"]):
        height = float(arrays["levels"][index])
        others.append(height)
        handles[str(arrays["text"][1])] = axes.axhline(
            height, color=FAINT, linestyle=(0, (1, 2)), linewidth=1.4
        )
    axes.set(xscale="log", ylim=limits(bands, others))
    decades(axes, amount)
    return handles
