"""The distances of many claims from their targets, in margins, below each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

from ae.report.canvas import Scale, Sheet, short
from ae.report.text import fixed, number


@dataclass(frozen=True)
class Distance:
    """How far a claim's mean lies from its target, in margins; positive is better."""

    label: str
    symbol: str
    style: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """A plot of distances: its title, what its two ends mean, its ticks on one side of zero."""

    title: str
    worse: str
    better: str
    axis: str
    ticks: tuple[float, ...]
    bend: Literal["none", "asinh"]


def forest(name: str, panel: Panel, rows: Sequence[Distance]) -> Element:
    """A line per claim: its distance from the target, the margin as a band from -1 to 1."""
    line, top, left, right = 20, 30, 320, 624
    base = top + line * len(rows)
    sheet = Sheet(
        name=name,
        title=panel.title,
        description="; ".join(f"{r.label}: {_signed(r.mean)}" for r in rows) + ".",
        size=(760, base + 36),
    )
    x = Scale(-panel.ticks[-1], panel.ticks[-1], left, right, panel.bend)
    sheet.band((x(-1), top - 4), (x(1), base))
    for tick in (0.0, *panel.ticks, *(-t for t in panel.ticks)):
        sheet.line([(x(tick), base), (x(tick), base + 4)])
        sheet.text((x(tick), base + 15), fixed(tick, 0), anchor="middle", role="faint")
    sheet.line([(x(0), top - 4), (x(0), base)], role="zero")
    sheet.line([(left, base), (right, base)])
    sheet.text((left, top - 12), f"← {panel.worse}", role="faint")
    sheet.text((right, top - 12), f"{panel.better} →", anchor="end", role="faint")
    sheet.text((x(0), base + 30), panel.axis, anchor="middle", role="faint")
    for i, distance in enumerate(rows):
        _distance(sheet, x, top + line * (i + 0.5), distance)
    return sheet.root


def _distance(sheet: Sheet, x: Scale, y: float, distance: Distance) -> None:
    sheet.text((0, y + 4), distance.symbol, role=distance.style)
    sheet.text((18, y + 4), short(distance.label, 52))
    low, high = (min(max(v, x.low), x.high) for v in (distance.low, distance.high))
    if high > low:
        sheet.line([(x(low), y), (x(high), y)], role="interval")
    if abs(distance.mean) > x.high:
        side = 1 if distance.mean > 0 else -1
        sheet.arrow((x(side * x.high), y), side)
    else:
        sheet.diamond((x(distance.mean), y))
    sheet.text((672, y + 4), _signed(distance.mean), anchor="end")
    if math.isfinite(distance.low) and math.isfinite(distance.high):
        ends = f"{_signed(distance.low)} … {_signed(distance.high)}"
        sheet.text((758, y + 4), ends, anchor="end", role="faint")


def _signed(value: float) -> str:
    if not math.isfinite(value):
        return number(value)
    shown = fixed(value, 1 if abs(value) < 100 else 0)
    return shown if shown.startswith("\N{MINUS SIGN}") or value == 0 else f"+{shown}"
