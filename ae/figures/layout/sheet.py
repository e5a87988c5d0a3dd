"""Small pictures and words placed by the pixel, so that no picture is smeared by resampling."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import DPI, FAINT, FONT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 1500  # pixels of a full-width figure
WIDEST = 1950  # pixels that grids of small pictures may take
GAP = 2  # pixels of a filter or digit that are left white between two of them


def sheet(width: int, height: int) -> "Figure":
    """An empty figure of that many pixels."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI)


def panels(
    count: int, across: int, width: int, high: int, *, sharey: bool = False
) -> "tuple[Figure, list[Axes]]":
    """A figure of so many panels, row by row, what is left of the last row empty.

    Args:
        count: Panels.
        across: Of them in a row.
        width: Of the figure, in pixels.
        high: Pixels of a row; the figure has 60 besides.
        sharey: Whether all panels have one vertical axis.
    """
    down = -(-count // across)
    figure = sheet(width, high * down + 60)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=sharey).ravel().tolist()
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, grid[:count]


def place(figure: "Figure", picture: NDArray[Any], left: int, top: int, zoom: int) -> None:
    """Draw grey values between 0 (black) and 1 (white), `zoom` screen pixels to one of theirs.

    Or colours, red, green and blue on a last axis. `left` and `top` are pixels from the figure's upper left corner.
    """
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    rows, columns = (side * zoom for side in picture.shape[:2])
    box = (left / width, 1 - (top + rows) / height, columns / width, rows / height)
    axes = figure.add_axes(box)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes.set_axis_off()


class Pen:
    """Writes on a figure at places given in pixels from its upper left corner.

    Letters grow with a figure that is wider than `WIDTH`, because readers see it made smaller.
    """

    def __init__(self, figure: "Figure") -> None:
        self._figure = figure
        self._width, self._height = (inches * DPI for inches in figure.get_size_inches())
        self._size = FONT * max(1.0, self._width / WIDTH)
        self.line = 1.3 * self._size * DPI / 72  # pixels from one line of text to the next

    def write(
        self,
        text: str,
        at: tuple[float, float],
        anchor: str,
        *,
        room: float,
        lines: int = 1,
        faint: bool = False,
    ) -> None:
        """Text in at most `lines` lines of `room` pixels, cut off visibly where it is longer.

        `anchor`, such as `right center`, says which point of the text is at the place.
        """
        across, along = anchor.split()
        self._figure.text(
            at[0] / self._width,
            1 - at[1] / self._height,
            self._wrapped(text, room, max(1, lines)),
            ha=across,
            va=along,
            color=FAINT if faint else INK,
            size=self._size,
        )

    def _wrapped(self, text: str, room: float, lines: int) -> str:
        for characters in range(len(text), 0, -1):
            broken = wrapped(text, characters, lines)
            if all(self._length(line) <= room for line in broken.split("\n")):
                return broken
        return ""

    def _length(self, text: str) -> float:
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import TextToPath

        font = FontProperties(size=self._size)
        return float(TextToPath().get_text_width_height_descent(text, font, False)[0]) * DPI / 72


def pictures(rows: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """Rows of pixels (..., features) as pictures (..., height, width), three colours on a last axis.

    `shape` is that of an example: height and width, which one or three planes may precede.
    """
    *planes, height, width = shape
    if planes and planes[0] == 3:
        return np.moveaxis(rows.reshape(*rows.shape[:-1], 3, height, width), -3, -1)
    return rows.reshape(*rows.shape[:-1], height, width)


def mosaic(tiles: NDArray[Any], gap: int = GAP) -> NDArray[Any]:
    """Tiles (row, column, height, width) side by side as one picture, white between them.

    What is not finite is white. Colours are on a last axis, as `pictures` gives them.
    """
    rows, columns, height, width, *colours = tiles.shape
    padded = np.ones((rows, columns, height + gap, width + gap, *colours))
    padded[:, :, :height, :width] = np.where(np.isfinite(tiles), tiles, 1)
    sides = rows * (height + gap), columns * (width + gap)
    whole = padded.swapaxes(1, 2).reshape(*sides, *colours)
    return whole[: whole.shape[0] - gap, : whole.shape[1] - gap]


def wrapped(text: str, characters: int, lines: int) -> str:
    """`text` on at most that many lines of so many characters, cut off visibly where longer."""
    return "\n".join(textwrap.wrap(text, characters, max_lines=lines, placeholder="…"))
