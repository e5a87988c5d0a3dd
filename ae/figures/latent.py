"""Codes in three dimensions: a picture from one side, and points that a reader can turn."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.embedding import labelled, legend, name_class, reduced, say
from ae.figures.layout.drawing import CLASSES, FAINT, Arrays, Drawing, Interactive
from ae.figures.layout.points import apart, axis, beyond, cubed, data, outside
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.figures.sprites import tiles
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 1500  # of a figure: what a page carries and a telephone turns without a stutter
VIEW = (-0.6, 0.45)  # radians: turn about the third axis, and tilt, that the picture shows
SPAN = 1.95  # half the side of a panel, where the cube of the codes reaches from -1 to 1
BESIDE = 0.2  # from an edge to the name of its axis
TITLE, FOOT = 70, 60  # pixels over a panel, and under all of them
CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
EDGES = [(i, j) for i in range(8) for j in range(i) if np.abs(CUBE[i] - CUBE[j]).sum() == 2]


def turnable(runs: list[Trained], *, examples: int, seed_index: int, principal: bool) -> Drawing:
    """The 3-D codes of the first test examples, coloured by label, a panel a run, to be turned.

    With `principal`, codes of any size by the first three principal components of each run's own.

    A panel is a cube that spans the 0.5th to the 99.5th percentile of each code and a margin, seen
    in parallel projection; it says how many points lie outside. Labels stand at the medians.

    Raises:
        UserError: Codes are not of three numbers and not reduced, there are more than ten labels or `POINTS`
            points, or a run has too few seeds.
    """
    if not 1 <= examples <= (most := POINTS // len(runs)):
        raise UserError(
            f"latent.turnable: examples: found {examples} for {len(runs)} runs; expected 1 to "
            f"{most}, so that a page carries {POINTS} points at most"
        )
    if principal:
        arrays = reduced(runs, 3, examples, seed_index)
    else:
        arrays = labelled("latent.turnable", runs, 3, examples, seed_index)
    arrays |= tiles(runs, arrays["labels"].shape[1])
    return Drawing(arrays, _paint, vector=True, interactive=Interactive("points-3d", _data))


def project(points: NDArray[Any], turn: float, tilt: float) -> NDArray[Any]:
    """Points (..., 3) as (right, up, towards the eye), after a turn and a tilt in radians.

    The turn is about the third axis, which stays upright; a tilt of pi / 2 looks down on it.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    right = math.cos(turn) * x - math.sin(turn) * y
    away = math.sin(turn) * x + math.cos(turn) * y
    up = math.cos(tilt) * z + math.sin(tilt) * away
    return np.stack([right, up, math.sin(tilt) * z - math.cos(tilt) * away], -1)


def axis_place(axis: int, turn: float, tilt: float) -> NDArray[Any]:
    """Where the name of an axis stands, (right, up): beside an edge of the cube's outline.

    Of the four edges along the axis two opposite ones are farthest from the middle; the lower.
    """
    edges = project(CUBE[CUBE[:, axis] == 1] * (np.arange(3) != axis), turn, tilt)[:, :2]
    far = edges[np.argmax(np.linalg.norm(edges, axis=-1))]
    outward = -far if far[1] > 0 else far
    return np.asarray(outward * (1 + BESIDE / np.linalg.norm(far)))


def _data(arrays: Arrays) -> dict[str, Any]:
    """For a browser: the points and from where they are seen."""
    return {"span": SPAN, "view": VIEW, **data(arrays)}


def _paint(arrays: Arrays) -> "Figure":
    names = arrays["runs"]
    across = min(2, len(names))
    down = -(-len(names) // across)
    side = WIDTH // 2
    width, height = side * across, (TITLE + side) * down + FOOT
    figure = sheet(width, height)
    grid = [
        figure.add_axes(
            (
                i % across * side / width,
                1 - (i // across + 1) * (TITLE + side) / height,
                side / width,
                side / height,
            )
        )
        for i in range(len(names))
    ]
    classes = np.unique(arrays["labels"])
    for axes, codes, y, name in zip(grid, arrays["codes"], arrays["labels"], names, strict=False):
        axes.set_title(wrapped(str(name), 48, 1), pad=16)
        axes.set(xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN), aspect="equal")
        if np.isfinite(codes).all():
            _panel(axes, codes, np.searchsorted(classes, y), classes, axis(arrays))
        else:
            say(axes, 0.5, "diverged")
    for axes in grid:
        axes.set_axis_off()
    legend(figure, classes, "lower center")
    return figure


def _panel(
    axes: "Axes", codes: NDArray[Any], y: NDArray[Any], classes: NDArray[Any], name: str
) -> None:
    corners = project(CUBE, *VIEW)
    for i, j in EDGES:
        axes.plot(*corners[[i, j], :2].T, color=FAINT, linewidth=0.6, alpha=0.6)
    for i in range(3):
        right, up = axis_place(i, *VIEW)
        axes.text(right, up, f"{name} {i + 1}", color=FAINT, ha="center", va="center")
    seen, inside = project(cubed(codes), *VIEW), ~beyond(codes)
    order = np.flatnonzero(inside)[np.argsort(seen[inside, 2])]
    colours = np.array(CLASSES)[y]
    axes.scatter(seen[order, 0], seen[order, 1], c=colours[order], s=7, linewidths=0, alpha=0.65)
    present = np.unique(y)
    medians = np.stack([np.median(cubed(codes)[y == i], axis=0) for i in present])
    places = (project(medians, *VIEW)[:, :2] / SPAN + 1) / 2
    for i, at in zip(present, apart(places), strict=True):
        name_class(axes, at, str(classes[i]), int(i))
    say(axes, 1.0, f"{outside(codes)} of {len(codes)} points lie outside")
