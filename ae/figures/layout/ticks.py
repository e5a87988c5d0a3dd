"""Numbers beside axes that grow by factors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

FEW = 1000  # an axis that spans less has room for more than the powers of ten


def decades(axes: "Axes", text: Callable[[float], str]) -> None:
    """Numbers at the powers of ten of x; at their doubles and fives, too, where there are few."""
    _decades(axes.xaxis, axes.get_xlim(), text)


def heights(axes: "Axes", text: Callable[[float], str]) -> None:
    """As `decades`, of y."""
    _decades(axes.yaxis, axes.get_ylim(), text)


def _decades(axis: "Axis", limits: tuple[float, float], text: Callable[[float], str]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = limits
    subs = (1.0, 2.0, 5.0) if high < FEW * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_formatter(NullFormatter())


def plain(value: float) -> str:
    """In as few characters as it takes: 0.02, 1, 500."""
    return f"{value:g}"


def amount(value: float) -> str:
    """A number of examples in few characters: 500, 20 k, 1.5 M."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return plain(value)
