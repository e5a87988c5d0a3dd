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


Kind = Literal["values", "orderings", "equalities"]


@dataclass(frozen=True)
class Distance:
    """How far a claim's mean lies from its target, in margins; positive is better.

    `least` is where an ordering begins to count, in margins.
    """

    style: str
    mean: float
    low: float
    high: float
    least: float | None = None


@dataclass(frozen=True)
class Panel:
    """A plot of distances: its title, what its two ends mean, its ticks on one side of zero.

    The band is what the claims ask for, or, where `tie`, neutral: what is no difference.
    """

    kind: Kind
    title: str
    reading: str
    worse: str
    better: str
    ticks: tuple[float, ...]
    bend: Literal["none", "asinh"]
    tie: bool = False

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
        sheet.band((x(-1), 0), (x(1), HEIGHT), tie=self.tie)
        for tick in self.ticks:
            for side in (-tick, tick):
                sheet.line([(x(side), 0), (x(side), HEIGHT)], role="grid")
        sheet.line([(x(0), 0), (x(0), HEIGHT)], role="zero")
        if distance.least is not None and distance.least < x.high:
            sheet.line([(x(distance.least), 3), (x(distance.least), HEIGHT - 3)], role="target")
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
        kind="values",
        title="Values and exact properties",
        reading="The green band is the margin around the value. Reproduced: the whole interval "
        "lies inside it. Better or short: the whole interval lies outside, on the right or on the "
        "left. Else these seeds cannot decide. A claim of at least a value, or a value read off a "
        "figure, is never better: it is reproduced there too. Of an exact property the interval "
        "reaches from the least seed to the greatest.",
        worse="worse than the value",
        better="better than the value",
        ticks=(1, 2, 3, 4),
        bend="none",
    ),
    Panel(
        kind="orderings",
        title="Orderings and trends",
        reading="Zero is no difference; the grey band is a tie. Reproduced: the claim is "
        "significant (p at most 0.05), and the whole interval lies on the right of the short "
        "upright line, from which on a difference counts. Smaller: significant, but the interval "
        "does not clear that line. Short: the opposite is significant, or the whole interval lies "
        "in the band and nothing is. Of a trend the interval is of the whole way from its first "
        "model to its last; its verdict asks for every step on the way, and so has no line. "
        "The scale is compressed far from zero.",
        worse="against the claim",
        better="as claimed",
        ticks=(1, 3, 10, 30, 100),
        bend="asinh",
        tie=True,
    ),
    Panel(
        kind="equalities",
        title="Claims of no difference",
        reading="The green band is the difference that may be left. Reproduced: the whole interval "
        "lies inside it, and that is significant (p at most 0.05). Short: the whole interval lies "
        "outside. The scale is compressed far from zero.",
        worse="the second is better",
        better="the first is better",
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
