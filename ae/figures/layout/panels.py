"""Sheets of small pictures, a panel a run."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import Arrays, Drawing
from ae.figures.layout.sheet import WIDEST, WIDTH, Pen, mosaic, place, sheet
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPACE = 30  # pixels between panels
TITLE = 66  # pixels over a panel
FOOT = 66  # pixels under the panels


def tiled(
    panels: Sequence[NDArray[Any]], runs: Sequence[Trained], columns: int, note: str
) -> Drawing:
    """The drawing of `side_by_side`: a panel a run, of pictures (picture, height, width[, colour])."""
    return Drawing(
        arrays={
            "pictures": np.stack(panels),
            "columns": np.array(columns),
            "runs": np.array([run.label for run in runs]),
        },
        paint=partial(_painted, note=note),
        vector=False,
    )


def _painted(arrays: Arrays, *, note: str) -> "Figure":
    return side_by_side(arrays["pictures"], arrays["runs"], int(arrays["columns"]), note)


def side_by_side(pictures: NDArray[Any], names: NDArray[Any], columns: int, note: str) -> "Figure":
    """Pictures (panel, picture, height, width), 0 black to 1 white, in rows of so many.

    Colours are on a last axis. A panel with a number that is not finite is said to have diverged. The note stands below.
    """
    panels = [mosaic(_tiles(own, columns)) for own in pictures]
    high, wide = panels[0].shape[:2]
    zoom, across = arranged(len(panels), wide)
    down = -(-len(panels) // across)
    width, row = across * (wide * zoom + SPACE) + SPACE, TITLE + high * zoom
    figure = sheet(width, down * row + FOOT)
    pen = Pen(figure)
    for i, (panel, name) in enumerate(zip(panels, names, strict=True)):
        left, top = SPACE + i % across * (wide * zoom + SPACE), TITLE + i // across * row
        place(figure, panel, left, top, zoom)
        pen.write(str(name), (left, top - 8), "left bottom", room=wide * zoom, lines=2)
        if not np.isfinite(pictures[i]).all():
            middle = (left + wide * zoom / 2, top + high * zoom / 2)
            pen.write("diverged", middle, "center center", room=wide * zoom, faint=True)
    explain(pen, down * row, width, note)
    return figure


def _tiles(pictures: NDArray[Any], columns: int) -> NDArray[Any]:
    """Pictures in rows of so many, the last row filled up with nothing."""
    count, *shape = pictures.shape
    tiles = np.full((-(-count // columns) * columns, *shape), np.nan)
    tiles[:count] = pictures
    return tiles.reshape(-1, columns, *shape)


def explain(pen: Pen, top: int, width: int, note: str) -> None:
    """A faint note under panels that end at `top`."""
    at = (SPACE, top + 14)
    pen.write(note, at, "left top", room=width - 2 * SPACE, lines=2, faint=True)


def arranged(panels: int, wide: int) -> tuple[int, int]:
    """Zoom, between 2 and 4 (1 where a panel does not fit), and panels in a row."""
    fitting = (WIDEST - SPACE) // (2 * wide + SPACE)
    if fitting == 0:
        return 1, 1
    rows = -(-panels // fitting)
    across = -(-panels // rows)  # four panels as two rows of two, not three and one
    return min(4, max(2, ((WIDTH - SPACE) // across - SPACE) // wide)), across
