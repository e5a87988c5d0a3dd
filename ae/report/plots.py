"""The small plots of a report: a claim's seeds, a sweep, the curves."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from ae.records.entries import WORST
from ae.report.canvas import Sheet, short
from ae.report.scale import Scale, around
from ae.verdict.numbers import number

POINTS = 200  # of a curve
MOST = 6  # runs of a plot: more are told apart by nobody
LETTER = 5.3  # units that a letter of an axis's name takes


@dataclass(frozen=True)
class Seeds:
    """What is drawn of a claim: each seed's value, the mean with its interval, target and margin."""

    values: tuple[float, ...]
    mean: float | None
    ends: tuple[float | None, float | None]
    target: float
    band: tuple[float, float]
    axis: str
    target_label: str


@dataclass(frozen=True)
class Series:
    """A run's curve: the seeds' mean, least and greatest value at each place."""

    label: str
    series: int
    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def finite(values: Sequence[float | None]) -> list[float]:
    """The values that are numbers."""
    return [v for v in values if v is not None and abs(v) < WORST]


def strip(name: str, title: str, seeds: Seeds) -> Element:
    """The seeds' values along an axis, over the margin band and the target's line."""
    width, base = 320, 54
    height = 71 + 11 * len(lines(seeds.axis, (width - 16) / LETTER))
    mean, ends = finite([seeds.mean]), finite(seeds.ends)
    x = Scale(*around([*seeds.values, *mean, *ends, seeds.target, *seeds.band]), 8, width - 8)
    sheet = Sheet(name=name, title=title, description=_told(seeds), size=(width, height))
    sheet.band((x(seeds.band[0]), 15), (x(seeds.band[1]), base))
    sheet.line([(x(seeds.target), 15), (x(seeds.target), base)], role="target")
    anchor = "start" if x(seeds.target) < 60 else "end" if x(seeds.target) > 260 else "middle"
    sheet.text((x(seeds.target), 11), seeds.target_label, anchor=anchor, role="faint")
    horizontal(sheet, x, base, seeds.axis)
    for place, rise in _swarm([x(v) for v in seeds.values]):
        sheet.dot((place, 33 - rise))
    if len(ends) == 2:
        sheet.line([(x(e), 44) for e in ends], role="interval")
    for value in mean:
        sheet.diamond((x(value), 44))
    return sheet.root


def _told(seeds: Seeds) -> str:
    low, high = (number(v) for v in seeds.band)
    parts = [
        f"{len(seeds.values)} seeds: {', '.join(number(v) for v in seeds.values)}",
        f"mean {number(seeds.mean)}, interval {' to '.join(number(e) for e in seeds.ends)}",
        f"{seeds.target_label} {number(seeds.target)}, margin from {low} to {high}",
    ]
    return "; ".join(parts) + "."


def row(name: str, title: str, values: Sequence[float], span: tuple[float, float]) -> Element:
    """The seeds' values of one run on a scale that its neighbours share."""
    width, height = 150, 16
    shown = ", ".join(number(v) for v in values) or "no finite value"
    sheet = Sheet(name=name, title=title, description=f"{shown}.", size=(width, height))
    x = Scale(*span, 5, width - 5)
    sheet.line([(0, height / 2), (width, height / 2)], role="grid")
    for value in values:
        sheet.dot((x(value), height / 2))
    return sheet.root


def horizontal(sheet: Sheet, x: Scale, base: float, label: str) -> None:
    """An axis along the sheet at height `base`, with its ticks and its name on two lines."""
    sheet.line([(x.start, base), (x.end, base)])
    right = 0.0
    for value, words in x.ticks(4):
        sheet.line([(x(value), base), (x(value), base + 3)])
        half = len(words) * 2.8
        if x(value) - half > right and x(value) + half < x.end + 8.5:
            sheet.text((x(value), base + 12), words, anchor="middle", role="faint")
            right = x(value) + half + 4
    for line, words in enumerate(lines(label, (x.end - x.start) / LETTER)):
        at = ((x.start + x.end) / 2, base + 24 + 11 * line)
        sheet.text(at, words, anchor="middle", role="faint")


def lines(words: str, length: float) -> list[str]:
    """The words on two lines of `length` letters at most, cut only where those do not hold them."""
    return textwrap.wrap(words, int(length), max_lines=2, placeholder="…")


def _swarm(places: Sequence[float]) -> list[tuple[float, float]]:
    """Dots side by side where they would cover each other: (place, rise)."""
    put: list[tuple[float, float]] = []
    for place in sorted(places):
        rise = 0.0
        while any(abs(place - p) < 5 and abs(rise - r) < 5 for p, r in put) and rise < 12:
            rise += 5.0
        put.append((place, rise))
    return put


def sweep(name: str, title: str, runs: Sequence[tuple[str, Sequence[float]]], axis: str) -> Element:
    """The seeds' values of several runs in the claim's order, their means joined."""
    width, height, left, top, base = 320, 150, 46, 18, 118
    values = [v for _, seeds in runs for v in seeds]
    y = Scale(*around(values), base, top)
    means = [math.fsum(seeds) / len(seeds) for _, seeds in runs]
    sheet = Sheet(
        name=name,
        title=title,
        description="Means in order: "
        + ", ".join(f"{label} {number(m)}" for (label, _), m in zip(runs, means, strict=True))
        + ".",
        size=(width, height),
    )
    vertical(sheet, y, (left, width - 8), axis)
    step = (width - 8 - left) / len(runs)
    middles = [left + step * (i + 0.5) for i in range(len(runs))]
    sheet.line([(m, y(mean)) for m, mean in zip(middles, means, strict=True)], role="interval")
    for middle, mean, (label, seeds) in zip(middles, means, runs, strict=True):
        for value in seeds:
            sheet.dot((middle, y(value)))
        sheet.diamond((middle, y(mean)))
        for line, words in enumerate(lines(label, step / 5)):
            sheet.text((middle, base + 14 + 11 * line), words, anchor="middle", role="faint")
    return sheet.root


def vertical(sheet: Sheet, y: Scale, span: tuple[float, float], label: str) -> None:
    """Lines across `span` at the axis's ticks, its name above them."""
    for value, words in y.ticks(5):
        sheet.line([(span[0], y(value)), (span[1], y(value))], role="grid")
        sheet.text((span[0] - 4, y(value) + 3.5), words, anchor="end", role="faint")
    sheet.text((2, y.end - 8), short(label, span[1] / LETTER), role="faint")


def curves(
    name: str,
    title: str,
    series: Sequence[Series],
    labels: tuple[str, str],
    beside: Sequence[Series] = (),
) -> Element:
    """Mean and range over the seeds of each run against the training examples seen.

    `beside` are the series of the plots that stand beside this one: they share its axes.
    """
    width, left, top, base = 360, 52, 22, 182
    legend = _legend([s.label for s in series], width - 8)
    sheet = Sheet(
        name=name,
        title=title,
        description="; ".join(
            f"{s.label}: {number(s.mean[0])} at first, {number(s.mean[-1])} at last" for s in series
        )
        + ".",
        size=(width, base + 44 + 14 * (legend[-1][1] + 1)),
    )
    x, y = _axes([*series, *beside], (left, width - 10), (base, top))
    vertical(sheet, y, (left, width - 10), labels[1] + (" (log scale)" if y.bend == "log" else ""))
    horizontal(sheet, x, base, labels[0])
    for s in series:
        upper = [(x(a), y(b)) for a, b in zip(s.x, s.high, strict=True)]
        lower = [(x(a), y(b)) for a, b in zip(s.x, s.low, strict=True)]
        sheet.area(upper + lower[::-1], s.series)
    for s in series:
        sheet.curve([(x(a), y(b)) for a, b in zip(s.x, s.mean, strict=True)], s.series)
    for s, (start, line) in zip(series, legend, strict=True):
        at = base + 42 + 14 * line
        sheet.curve([(start, at), (start + 18, at)], s.series)
        sheet.text((start + 23, at + 3.5), short(s.label, (width - start - 31) / 5.0), role="faint")
    return sheet.root


def panels(series: Sequence[Series]) -> list[Sequence[Series]]:
    """The series in their order, in as few plots as hold `MOST` each, as evenly as can be."""
    count = -(-len(series) // MOST)
    ends = [round(i * len(series) / count) for i in range(count + 1)]
    return [series[a:b] for a, b in pairwise(ends)]


def _axes(
    series: Sequence[Series], across: tuple[float, float], up: tuple[float, float]
) -> tuple[Scale, Scale]:
    low, high = min(min(s.low) for s in series), max(max(s.high) for s in series)
    last = max(s.x[-1] for s in series)
    x = Scale(0.0, last or 1.0, *across)
    if low > 0 and high / low > 50:
        return x, Scale(low * 0.9, high * 1.1, *up, "log")
    return x, Scale(*around((low, high), 0.04), *up)


def _legend(labels: Sequence[str], width: float) -> list[tuple[float, int]]:
    """Where each entry starts: (place, line)."""
    places: list[tuple[float, int]] = []
    at, line = 8.0, 0
    for label in labels:
        needed = 23 + 5.6 * len(label) + 12
        if at > 8 and at + needed > width:
            at, line = 8.0, line + 1
        places.append((at, line))
        at += needed
    return places


def thin(length: int, most: int = POINTS) -> list[int]:
    """At most `most` indices of `length` points, evenly, the first and the last among them."""
    if length <= most:
        return list(range(length))
    return [round(i * (length - 1) / (most - 1)) for i in range(most)]
