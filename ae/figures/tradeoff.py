"""One measure against another, all settings and seeds of several methods."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import DASHES, FAINT, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import sheet, wrapped
from ae.metrics.matched import values
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = "osD^vP"


def scatter(
    runs: list[Trained],
    *,
    metric: str,
    at: str,
    lines: list[list[str]],
    names: list[str],
    settings: list[list[str]],
    labels: list[str],
) -> Drawing:
    """`metric` against `at`: a dot a seed, a colour a method, its settings' means joined.

    Args:
        runs: What is drawn, where `lines` names it; runs that a tier leaves out are left out.
        metric: The measure on the vertical axis.
        at: The measure on the horizontal axis.
        lines: Names of runs, a list a method, in the order in which they are joined.
        names: What each method is.
        settings: What is written beside each run's mean, such as its weight, in lists like `lines`.
        labels: What the horizontal and the vertical axis show, with units.

    Raises:
        UserError: The lists do not fit each other, or a measure was not taken.
    """
    _fit(lines, names, settings, labels)
    found = {run.name: run for run in runs}
    arrays: Arrays = {"labels": np.array(labels)}
    for i, line in enumerate(lines):
        here = [j for j, name in enumerate(line) if name in found]
        if here:
            axes = [[values(found[line[j]], line[j], name) for name in (at, metric)] for j in here]
            arrays |= {
                f"{i}/name": np.array(names[i]),
                f"{i}/settings": np.array([settings[i][j] for j in here]),
                f"{i}/points": _padded(axes),
            }
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def _padded(axes: list[list[list[float]]]) -> NDArray[np.float64]:
    """Points (run, at or metric, seed); NaN where a run has fewer seeds than another."""
    most = max(len(run[0]) for run in axes)
    points = np.full((len(axes), 2, most), np.nan)
    for row, run in zip(points, axes, strict=True):
        row[:, : len(run[0])] = run
    return points


def _fit(
    lines: list[list[str]], names: list[str], settings: list[list[str]], labels: list[str]
) -> None:
    for key, given in (("names", names), ("settings", settings)):
        if len(given) != len(lines):
            raise UserError(
                f"tradeoff.scatter: {key}: found {len(given)}; expected {len(lines)}, one a method"
            )
    for name, line, texts in zip(names, lines, settings, strict=True):
        if len(texts) != len(line):
            raise UserError(
                f"tradeoff.scatter: settings: found {len(texts)} for {name!r}; expected "
                f"{len(line)}, one a run"
            )
    if len(labels) != 2:
        raise UserError(f"tradeoff.scatter: labels: found {len(labels)}; expected 2")


def _paint(arrays: Arrays) -> "Figure":
    figure = sheet(1300, 720)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    order = sorted(int(key.removesuffix("/name")) for key in arrays if key.endswith("/name"))
    for i in order:
        _method(axes, arrays, i)
    across, along = arrays["labels"]
    axes.set(xlabel=str(across), ylabel=str(along))
    axes.margins(0.08)
    figure.legend(title="mean, a dot a seed", loc="outside right upper")
    return figure


def _method(axes: "Axes", arrays: Arrays, i: int) -> None:
    from matplotlib.patheffects import withStroke

    points = arrays[f"{i}/points"]
    colour, mark = PALETTE[i % len(PALETTE)], MARKS[i % len(MARKS)]
    known = np.asarray(np.isfinite(points).all(1))
    drawn = np.asarray(known.any(1))
    total = np.where(known[:, None], points, 0).sum(-1)
    means = (total / known.sum(-1).clip(1)[:, None])[drawn]
    axes.plot(
        *means.T,
        color=colour,
        linestyle=DASHES[i % len(DASHES)],
        marker=mark,
        markersize=7,
        label=wrapped(str(arrays[f"{i}/name"]), 30, 3),
    )
    axes.plot(
        *points.transpose(1, 0, 2)[:, known], color=colour, linestyle="", marker=".", alpha=0.45
    )
    for place, text in zip(means, arrays[f"{i}/settings"][drawn], strict=True):
        axes.annotate(
            str(text),
            tuple(place),
            xytext=(0, 8 if i % 2 else -15),
            textcoords="offset points",
            ha="center",
            color=colour,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    if lost := [str(text) for text in arrays[f"{i}/settings"][~drawn]]:
        said = f"{arrays[f'{i}/name']}: diverged at {', '.join(lost)}"
        axes.annotate(said, (0.01, 0.01 + 0.04 * i), xycoords="axes fraction", color=FAINT)
