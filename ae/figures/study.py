"""Many runs and seeds at once: their scores, what these depend on, whether they agree.

Figures 2 to 4 of Locatello et al. (2019). Runs come in groups, such as one objective at several
strengths; `groups` lists them by name, and a tier may leave some out. Seeds that diverged in a run
are left out everywhere.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import FAINT, INK, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.maths.scores import correlation, explained
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PARTS = ("objective", "strength", "seed")
SHADES = (PALETTE[0], PALETTE[5], "#d0d7de")
LEAST = 6.0  # percent of a bar that has room for a number
CROWD = 20  # columns that a panel of half the width has room for
TALL = 420  # pixels of a row of panels
CELL, LOW = 120, 70  # pixels of a cell of a matrix, across and down


def strips(
    runs: list[Trained],
    *,
    measures: list[str],
    labels: list[str],
    groups: list[list[str]],
    names: list[str],
) -> Drawing:
    """Every seed's score, a column a run, a panel a measure.

    The bar is the median, the line the middle half.

    Raises:
        UserError: A run was not measured, or lists differ in length.
    """
    arrays = _measured(runs, measures, labels, groups, names)
    return Drawing(arrays=arrays, paint=_paint_strips, vector=False)


def shares(
    runs: list[Trained],
    *,
    measures: list[str],
    labels: list[str],
    groups: list[list[str]],
    names: list[str],
) -> Drawing:
    """Percent of each score's variance over runs and seeds: the groups', the runs' besides, the rest.

    Raises:
        UserError: A run was not measured, or lists differ in length.
    """
    arrays = _measured(runs, measures, labels, groups, names)
    which, each = arrays["group"].tolist(), list(range(len(runs)))
    alone, both = (
        np.array([explained(score, split) for score in arrays["scores"]]) for split in (which, each)
    )
    parts = np.stack([alone, both - alone, 100 - both], 1)
    return Drawing(arrays={**arrays, "shares": parts}, paint=_paint_shares, vector=True)


def agreement(runs: list[Trained], *, measures: list[str], labels: list[str]) -> Drawing:
    """Rank correlation of each pair of scores over all runs and seeds.

    Raises:
        UserError: A run was not measured, or lists differ in length.
    """
    arrays = _measured(runs, measures, labels, [[run.name for run in runs]], ["all"])
    scores = arrays["scores"]
    found = np.array([[correlation(one, [other]) for other in scores] for one in scores])
    return Drawing(arrays={**arrays, "ranks": found}, paint=_paint_agreement, vector=False)


def _measured(
    runs: list[Trained],
    measures: list[str],
    labels: list[str],
    groups: list[list[str]],
    names: list[str],
) -> Arrays:
    """Scores (measure, seed, run), runs in the order of the groups, and what to call them."""
    for key, one, other in (("labels", labels, measures), ("names", names, groups)):
        if len(one) != len(other):
            raise UserError(f"study: {key}: found {len(one)}; expected {len(other)}")
    there = {run.name: run for run in runs}
    group = [i for i, members in enumerate(groups) for name in members if name in there]
    order = [there[name] for members in groups for name in members if name in there]
    if len(order) != len(runs):
        raise UserError("study: groups: expected every run of the figure once")
    for run in order:
        if strange := [m for m in measures if m not in run.measured.get(run.name, {})]:
            raise UserError(f"study: run {run.name!r} has no measure {strange[0]!r}")
    seeds = sorted(set.intersection(*(set(run.seeds) for run in order)))
    found = np.array(
        [[[r.measured[r.name][m][seed] for r in order] for seed in seeds] for m in measures]
    )
    kept = np.isfinite(found).all((0, 2))
    return {
        "scores": found[:, kept],
        "seeds": np.array(seeds)[kept],
        "labels": np.array(labels),
        "group": np.array(group),
        "names": np.array(names),
        "ticks": np.array(
            [
                tick
                for members in groups
                for tick in own_words([there[n].label for n in members if n in there])
            ]
        ),
    }


def own_words(labels: Sequence[str]) -> list[str]:
    """Labels without the words that all of them begin with."""
    split = [label.split() for label in labels]
    most = min((len(words) for words in split), default=1) - 1
    same = 0
    while same < most and len({words[same] for words in split}) == 1:
        same += 1
    return [" ".join(words[same:]) for words in split]


def _places(group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where columns stand: side by side, a column's room between groups."""
    return np.arange(len(group)) + 0.8 * group


def _paint_strips(arrays: Arrays) -> "Figure":
    scores, group = arrays["scores"], arrays["group"]
    across = 1 if len(group) > CROWD else min(2, len(scores))
    down = -(-len(scores) // across)
    figure = sheet(WIDTH, TALL * down + 60)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, score, label in zip(panels, scores, arrays["labels"], strict=False):
        _strip(axes, score, group, arrays["ticks"])
        axes.set_title(str(label))
    for axes in panels[len(scores) :]:
        axes.set_visible(False)
    handles = [
        panels[0].plot([], [], "o", color=PALETTE[i], label=str(name))[0]
        for i, name in enumerate(arrays["names"])
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _strip(
    axes: "Axes", score: NDArray[np.float64], group: NDArray[np.int64], ticks: NDArray[np.str_]
) -> None:
    """A dot a seed, a column a run; over them its median, and a line over the half in the middle."""
    import seaborn

    places = _places(group)
    # Seeds lie beside each other by their order, so that one seed has one place in every column.
    aside = np.random.default_rng(0).uniform(-0.28, 0.28, len(score))
    columns = {
        "column": np.tile(places, len(score)),
        "place": (aside[:, None] + places).ravel(),
        "score": score.ravel(),
        "group": np.tile(group, len(score)),
    }
    hues = {int(i): PALETTE[i] for i in np.unique(group)}  # a tier may leave groups out
    shown: dict[str, Any] = {"data": columns, "y": "score", "legend": False, "ax": axes}
    dots = {"s": 9, "linewidth": 0, "alpha": 0.55, "hue": "group", "palette": hues}
    middle = {"estimator": "median", "marker": "_", "markersize": 13, "markeredgewidth": 1.8}
    half = {"errorbar": ("pi", 50), "err_kws": {"linewidth": 1.2}, "linestyle": "none"}
    line = {"native_scale": True, "color": INK, "zorder": 3}
    if len(score):
        seaborn.scatterplot(x="place", **dots, **shown)
        seaborn.pointplot(x="column", **line, **middle, **half, **shown)
    axes.set(xlabel="", ylabel="")
    axes.set_xticks(places, [str(t) for t in ticks])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color="#d0d7de", lw=0.6)
    axes.set_axisbelow(True)


def _paint_shares(arrays: Arrays) -> "Figure":
    parts, labels = arrays["shares"], arrays["labels"]
    figure = sheet(1300, 190 + 62 * len(parts))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    rows = np.arange(len(parts))
    start = np.zeros(len(parts))
    for part, (name, shade) in enumerate(zip(PARTS, SHADES, strict=True)):
        width = np.nan_to_num(parts[:, part])
        axes.barh(rows, width, left=start, color=shade, label=name, height=0.7)
        for row in rows[width >= LEAST]:
            ink = "white" if part == 0 else INK
            said, at = f"{width[row]:.0f}", start[row] + width[row] / 2
            axes.text(at, row, said, ha="center", va="center", color=ink)
        start += width
    axes.set_yticks(rows, [wrapped(str(label), 28, 1) for label in labels])
    axes.set(ylim=(len(parts) - 0.5, -0.5), xlim=(0, 100))
    axes.set_xlabel(
        f"share of the variance of {arrays['scores'][0].size} values (%): {len(arrays['group'])} "
        f"runs of {len(arrays['seeds'])} seeds"
    )
    axes.tick_params(axis="y", length=0)
    axes.axvline(50, color=FAINT, lw=0.8, ls=":", zorder=0)
    figure.legend(loc="outside upper center", ncols=len(PARTS))
    return figure


def _paint_agreement(arrays: Arrays) -> "Figure":
    import seaborn

    ranks, labels = arrays["ranks"], [wrapped(str(label), 11, 3) for label in arrays["labels"]]
    figure = sheet(260 + CELL * len(ranks), 170 + LOW * len(ranks))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    said = [
        [f"{v:.2f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(v) else "none" for v in row]
        for row in ranks
    ]
    scale: dict[str, Any] = {"vmin": -1, "vmax": 1, "cmap": "RdBu_r", "cbar": False}
    words = {"xticklabels": labels, "yticklabels": labels}
    seaborn.heatmap(ranks, ax=axes, **scale, **words)
    for (row, column), value in np.ndenumerate(ranks):  # seaborn leaves out what is no number
        ink = "white" if abs(value) > 0.6 else INK
        axes.text(column + 0.5, row + 0.5, said[row][column], ha="center", va="center", color=ink)
    axes.tick_params(length=0, rotation=0)
    return figure
