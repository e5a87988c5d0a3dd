"""Codes drawn where they lie, in two dimensions."""

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import CLASSES, FAINT, Arrays, Drawing, Interactive, member
from ae.figures.layout.points import apart, data, limits, outside
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.figures.sprites import tiles
from ae.metrics.shared import labels
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
VECTOR = 2000  # points of a figure that is kept as SVG


def scatter(runs: list[Trained], *, examples: int, seed_index: int) -> Drawing:
    """The 2-D codes of the first test examples, coloured by label, a panel a run.

    A label stands at the median of its codes, or beside it where labels would hide each other. The axes span the 0.5th to the 99.5th percentile
    of each code and a margin; each panel says how many points lie outside.

    Raises:
        UserError: Codes are not of two numbers, there are more than ten labels, or a run has
            too few seeds.
    """
    return _drawing(labelled("embedding.scatter", runs, 2, examples, seed_index), runs)


def principal(runs: list[Trained], *, examples: int, seed_index: int) -> Drawing:
    """As `scatter`, for codes of any size: the first two principal components of each run's own.

    Raises:
        UserError: There are more than ten labels, or a run has too few seeds.
    """
    return _drawing(reduced(runs, 2, examples, seed_index), runs)


def tsne(runs: list[Trained], *, examples: int, perplexity: float, seed_index: int) -> Drawing:
    """As `scatter`, for codes of any size, brought to two dimensions by t-SNE, a run at a time.

    By scikit-learn's `TSNE`, which starts from two principal components and has `random_state` 0.

    Raises:
        UserError: Not more examples than `perplexity`, more than ten labels, or too few seeds.
    """
    count = min(examples, *(len(run.test.x) for run in runs))
    if perplexity >= count:
        raise UserError(
            f"embedding.tsne: perplexity: found {perplexity:g}; expected less than the {count} codes"
        )
    whole = [labelled("embedding.tsne", [run], None, count, seed_index) for run in runs]
    arrays = {
        "codes": np.stack([_neighbouring(arrays["codes"][0], perplexity) for arrays in whole]),
        "labels": np.concatenate([arrays["labels"] for arrays in whole]),
        "runs": np.concatenate([arrays["runs"] for arrays in whole]),
        "axis": np.array("t-SNE"),
    }
    return _drawing(arrays, runs)


def _drawing(arrays: Arrays, runs: list[Trained]) -> Drawing:
    """The codes as points, and small pictures of what they are the codes of."""
    return Drawing(
        arrays | tiles(runs, arrays["labels"].shape[1]),
        _paint_scatter,
        vector=arrays["labels"].size <= VECTOR,
        interactive=Interactive("points-2d", data),
    )


def _neighbouring(codes: NDArray[Any], perplexity: float) -> NDArray[Any]:
    """t-SNE of codes (examples, size): (examples, 2), NaN where a code is not finite."""
    from sklearn.manifold import TSNE

    if not np.isfinite(codes).all():
        return np.full((len(codes), 2), np.nan, np.float32)
    method = TSNE(perplexity=perplexity, init="pca", random_state=0)
    places: NDArray[Any] = method.fit_transform(codes)
    return places


def labelled(
    figure: str, runs: list[Trained], size: int | None, examples: int, seed_index: int
) -> Arrays:
    """The codes of the first test examples (all where there are fewer), their labels, the runs.

    Raises:
        UserError: Codes are not of `size` numbers, where it is given, there are more than ten labels, or a run has
            too few seeds.
    """
    count = min(examples, *(len(run.test.x) for run in runs))
    codes = [_codes(figure, run, size, count, seed_index) for run in runs]
    y = [labels(run, "test", count) for run in runs]
    if (found := len(np.unique(y))) > len(CLASSES):
        raise UserError(f"{figure}: found {found} labels; it tells {len(CLASSES)} apart at most")
    return {
        "codes": np.stack(codes),
        "labels": np.stack(y),
        "runs": np.array([run.label for run in runs]),
    }


def reduced(runs: list[Trained], size: int, examples: int, seed_index: int) -> Arrays:
    """As `labelled`, for codes of any size: each run's first principal components.

    The run's name says how much of the variance they have.

    Raises:
        UserError: There are more than ten labels, or a run has too few seeds.
    """
    count = min(examples, *(len(run.test.x) for run in runs))
    whole = [labelled("principal components", [run], None, count, seed_index) for run in runs]
    parts = [components(arrays["codes"][0], size) for arrays in whole]
    return {
        "codes": np.stack([codes for codes, _ in parts]),
        "labels": np.concatenate([arrays["labels"] for arrays in whole]),
        "runs": np.array(
            [
                f"{run.label}: {share:.0f} % of the variance"
                for run, (_, share) in zip(runs, parts, strict=True)
            ]
        ),
        "axis": np.array("component"),
    }


def components(codes: NDArray[Any], size: int) -> tuple[NDArray[Any], float]:
    """Codes along their first principal axes, and the share of the variance in percent.

    An axis points where its largest weight is positive. NaN where a code is not finite.
    """
    if not np.isfinite(codes).all():
        return np.full((len(codes), size), np.nan), math.nan
    centred = codes.astype(float) - codes.mean(0, dtype=float)
    _, scale, axes = np.linalg.svd(centred, full_matrices=False)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    share = 100 * (scale[:size] ** 2).sum() / max((scale**2).sum(), np.finfo(float).tiny)
    return centred @ (axes * np.sign(largest))[:size].T, float(share)


def _codes(
    figure: str, run: Trained, size: int | None, count: int, seed_index: int
) -> NDArray[Any]:
    codes = run.of("encode", "test", count)[member(run, seed_index)]
    if size is not None and codes.shape[1:] != (size,):
        raise UserError(
            f"{figure}: run {run.name!r} has codes of shape {tuple(codes.shape[1:])}; "
            f"expected {size} numbers: leave the run out of the figure's 'runs'"
        )
    found: NDArray[Any] = codes.cpu().numpy()
    return found


def _paint_scatter(arrays: Arrays) -> "Figure":
    names = arrays["runs"]
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)
    panel = WIDTH // ACROSS if across == ACROSS else 640
    figure = sheet(panel * across, panel * down + 60)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    classes = np.unique(arrays["labels"])
    for axes, codes, y, name in zip(grid, arrays["codes"], arrays["labels"], names, strict=False):
        axes.set_title(wrapped(str(name), 38, 2), pad=20)
        axis = str(arrays.get("axis", "code"))
        axes.set(xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        if np.isfinite(codes).all():
            _panel(axes, codes, np.searchsorted(classes, y), classes)
        else:
            axes.set(xticks=[], yticks=[])
            say(axes, 0.5, "diverged")
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    legend(figure, classes)
    return figure


def _panel(axes: "Axes", codes: NDArray[Any], y: NDArray[Any], classes: NDArray[Any]) -> None:
    ends = limits(codes)
    axes.set(xlim=ends[:, 0], ylim=ends[:, 1])
    axes.scatter(codes[:, 0], codes[:, 1], c=np.array(CLASSES)[y], s=5, linewidths=0, alpha=0.65)
    present = np.unique(y)
    medians = np.stack([np.median(codes[y == i], axis=0) for i in present])
    for i, at in zip(present, apart((medians - ends[0]) / (ends[1] - ends[0])), strict=True):
        name_class(axes, at, str(classes[i]), i)
    note = f"{outside(codes)} of {len(codes)} points lie outside"
    say(axes, 1.03, note)


def name_class(axes: "Axes", at: NDArray[Any], name: str, index: int) -> None:
    """The name of a class in its colour, its centre at a place of the unit square of the axes."""
    from matplotlib.patheffects import withStroke

    axes.text(
        at[0],
        at[1],
        name,
        color=CLASSES[index],
        size=12,
        weight="bold",
        ha="center",
        va="center",
        transform=axes.transAxes,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def say(axes: "Axes", height: float, text: str) -> None:
    """A faint line of text at a height of the axes, 0 to 1, in their middle."""
    place = axes.transAxes
    axes.text(0.5, height, text, color=FAINT, ha="center", va="center", transform=place)


def legend(
    figure: "Figure",
    classes: NDArray[Any],
    where: Literal["lower center", "outside lower center"] = "outside lower center",
) -> None:
    """The colours of the classes under the figure."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=6, color=colour, label=str(label))
        for label, colour in zip(classes, CLASSES, strict=False)
    ]
    figure.legend(
        handles=handles,
        loc=where,
        ncols=len(handles),
        handlelength=1,  # in letters: ten classes fit under a single panel
        handletextpad=0,
        columnspacing=1,
    )
