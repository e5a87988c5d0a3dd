"""Rows of small pictures, a block a run, with a name before each row and numbers after it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from ae.figures.layout.panels import SPACE
from ae.figures.layout.sheet import GAP, WIDEST, Pen, mosaic, place, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN = 130  # pixels for the names of rows, and for each of a few columns of numbers
NARROW = 148  # pixels for each of many
FEW = 2
HEAD = 84  # pixels over the rows of a block
ZOOM = 3  # screen pixels to one of an image, at most


class Block(NamedTuple):
    """A run's rows.

    Attributes:
        head: What stands over the pictures.
        tiles: Pictures (row, step, height, width), 0 black to 1 white; colours on a last axis.
        names: Of the rows.
        columns: What stands over each column of numbers.
        numbers: Of each row, one a column, as they are written.
    """

    head: str
    tiles: NDArray[Any]
    names: Sequence[str]
    columns: Sequence[str]
    numbers: Sequence[Sequence[str]]


def stacked(blocks: Sequence[Block]) -> "Figure":
    """Blocks of equal pictures one under another."""
    steps, high, wide = blocks[0].tiles.shape[1:4]
    column = MARGIN if len(blocks[0].columns) <= FEW else NARROW
    sides = MARGIN + column * len(blocks[0].columns)
    zoom = max(1, min(ZOOM, (WIDEST - sides) // (steps * (wide + GAP))))
    room, pitch = steps * (wide + GAP) * zoom, (high + GAP) * zoom
    heights = [HEAD + len(block.tiles) * pitch for block in blocks]
    figure = sheet(sides + room, sum(heights) + SPACE)
    pen = Pen(figure)
    top = 0
    for block, height in zip(blocks, heights, strict=True):
        ends = [MARGIN + room + column * (i + 1) - 8 for i in range(len(block.columns))]
        pen.write(block.head, (MARGIN, top + HEAD - 8), "left bottom", room=room, lines=2)
        for end, title in zip(ends, block.columns, strict=True):
            at = (end, top + HEAD - 8)
            pen.write(title, at, "right bottom", room=column - 12, lines=2, faint=True)
        place(figure, mosaic(block.tiles.clip(0, 1)), MARGIN, top + HEAD, zoom)
        for j, (name, numbers) in enumerate(zip(block.names, block.numbers, strict=True)):
            middle = top + HEAD + j * pitch + high * zoom / 2
            pen.write(name, (MARGIN - 16, middle), "right center", room=MARGIN - 16)
            for end, number in zip(ends, numbers, strict=True):
                pen.write(number, (end, middle), "right center", room=column - 12)
        top += height
    return figure
