"""The distances of many claims from their targets, in margins: a table with a plot in each row.

All rows of a table share one scale, so that the margin is one band from top to bottom. A verdict
has a shape and a colour; what lies beyond the scale is drawn at its end with an arrow.
"""

import math
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

from ae.report.canvas import Sheet
from ae.report.scale import Scale
from ae.verdict.numbers import fixed, number

WIDTH, HEIGHT, HEAD = 340, 22, 34
EDGE = 14  # room at both ends for the arrows of what lies beyond


@dataclass(frozen=True)
class Distance:
    """How far a claim's mean lies from its target, in margins; positive is better."""

    style: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """A plot of distances: its title, what its two ends mean, its ticks on one side of zero."""

    title: str
    reading: str
    worse: str
    better: str
    ticks: tuple[float, ...]
    bend: Literal["none", "asinh"]

    @property
    def scale(self) -> Scale:
        """From distances to places in a row."""
        last = self.ticks[-1]
        return Scale(-last, last, EDGE, WIDTH - EDGE, self.bend)

    @property
    def axis(self) -> Element:
        """The scale's ends in words, and its ticks."""
        x = self.scale
        sheet = Sheet(size=(WIDTH, HEAD))
        sheet.text((0, 11), f"← {self.worse}", role="faint")
        sheet.text((WIDTH, 11), f"{self.better} →", anchor="end", role="faint")
        for tick in (0.0, *self.ticks, *(-t for t in self.ticks)):
            sheet.line([(x(tick), HEAD - 5), (x(tick), HEAD)])
            sheet.text((x(tick), HEAD - 8), fixed(tick, 0), anchor="middle", role="faint")
        return sheet.root

    def row(self, distance: Distance) -> Element:
        """One distance: the margin as a band from -1 to 1, the interval, the mean on it."""
        x, middle = self.scale, HEIGHT / 2
        sheet = Sheet(size=(WIDTH, HEIGHT))
        sheet.band((x(-1), 0), (x(1), HEIGHT))
        for tick in self.ticks:
            for side in (-tick, tick):
                sheet.line([(x(side), 0), (x(side), HEIGHT)], role="grid")
        sheet.line([(x(0), 0), (x(0), HEIGHT)], role="zero")
        low, high = (min(max(v, x.low), x.high) for v in (distance.low, distance.high))
        if high > low:
            sheet.line([(x(low), middle), (x(high), middle)], role="interval")
        for end in (distance.low, distance.high, distance.mean):
            if abs(end) > x.high:
                side = 1 if end > 0 else -1
                sheet.arrow((x(side * x.high) + side * (EDGE - 1), middle), side)
        sheet.mark((x(min(max(distance.mean, x.low), x.high)), middle), distance.style)
        return sheet.root


PANELS = (
    Panel(
        title="Numbers and exact properties",
        reading="A number is reproduced when its whole interval lies inside the band.",
        worse="worse",
        better="better",
        ticks=(1, 2, 3, 4),
        bend="none",
    ),
    Panel(
        title="Orderings, trends and equalities",
        reading="An ordering or a trend must stand clear of zero on the right, by the share of the "
        "margin that counts; an ordering inside the band is a tie; a claim of no difference must lie "
        "inside. "
        "The scale is compressed far from zero.",
        worse="against the claim",
        better="as claimed",
        ticks=(1, 3, 10, 30, 100),
        bend="asinh",
    ),
)


def legend(style: str) -> Element:
    """The mark of a verdict by itself."""
    sheet = Sheet(size=(14, 14))
    sheet.mark((7, 7), style)
    return sheet.root


def signed(value: float) -> str:
    """A distance in margins, with its sign: to a tenth, from a hundred on to a whole."""
    if not math.isfinite(value):
        return number(value)
    shown = fixed(value, 1 if abs(value) < 100 else 0)
    return shown if shown.startswith("\N{MINUS SIGN}") or not shown.strip("0.") else f"+{shown}"
