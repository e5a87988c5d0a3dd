"""The small plot of a claim on many runs together: the runs' seeds, and the statistic of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element

from ae.report import plots
from ae.report.canvas import Sheet
from ae.report.scale import Scale, around
from ae.spec import PooledClaim
from ae.verdict.numbers import number

WIDTH, LEFT, TOP, BASE = 320, 46, 18, 96
PANEL, STRIP = 130, 37  # heights: of the runs with their names, of the statistic
LEGEND = "thin: all seeds; thick: the middle half; diamond: mean"


@dataclass(frozen=True)
class Pooled:
    """What is drawn of a claim: each run's seeds, and the statistic with its interval and bound."""

    runs: tuple[tuple[str, tuple[float, ...]], ...]
    axis: str
    statistic: str
    span: tuple[float, float]
    mean: float
    ends: tuple[float, float]
    bound: float
    above: bool


def named(claim: PooledClaim, metric: str) -> str:
    """The claim's statistic in words, with its unit."""
    match claim.statistic:
        case "mean":
            return f"{metric}, mean over all runs"
        case "explained":
            return "share of the variance that the groups explain, %"
        case "dominance":
            return "the best group's least chance to beat another, %"
        case "correlation":
            return f"rank correlation, mean over {len(claim.others)} other metrics"


def span(claim: PooledClaim, values: Sequence[float]) -> tuple[float, float]:
    """The statistic's whole range where it has one, else what holds these values and the bound."""
    match claim.statistic:
        case "explained" | "dominance":
            return 0.0, 100.0
        case "correlation":
            return -1.0, 1.0
        case "mean":
            return around([*values, claim.bound], 0.15)


def pooled(name: str, title: str, shown: Pooled) -> Element:
    """The runs side by side, and below them the statistic on the side of its bound.

    Without runs the statistic alone.
    """
    top = PANEL if shown.runs else 0
    named = plots.lines(shown.statistic, (WIDTH - 16) / plots.LETTER)
    height = top + STRIP + 17 + 11 * len(named) + (13 if shown.runs else 0)
    sheet = Sheet(name=name, title=title, description=_told(shown), size=(WIDTH, height))
    if shown.runs:
        _panel(sheet, shown)
        sheet.text((WIDTH / 2, height - 3), LEGEND, anchor="middle", role="faint")
    _strip(sheet, shown, top)
    return sheet.root


def _told(shown: Pooled) -> str:
    runs = [f"{label}: mean {number(_mean(seeds))}" for label, seeds in shown.runs]
    low, high = (number(end) for end in shown.ends)
    side = "above" if shown.above else "below"
    whole = f"{shown.statistic}: {number(shown.mean)}, interval {low} to {high}"
    return "; ".join([*runs, whole, f"claimed to be {side} {number(shown.bound)}"]) + "."


def _mean(seeds: Sequence[float]) -> float:
    return math.fsum(seeds) / len(seeds)


def _panel(sheet: Sheet, shown: Pooled) -> None:
    """Least to greatest, quartiles and mean of each run; runs of one name share it."""
    y = Scale(*around([v for _, seeds in shown.runs for v in seeds]), BASE, TOP)
    plots.vertical(sheet, y, (LEFT, WIDTH - 8), shown.axis)
    step = (WIDTH - 8 - LEFT) / len(shown.runs)
    for i, (_, seeds) in enumerate(shown.runs):
        at, ranked = LEFT + step * (i + 0.5), sorted(seeds)
        sheet.line([(at, y(ranked[0])), (at, y(ranked[-1]))])
        quarters = [_quantile(ranked, share) for share in (0.25, 0.75)]
        sheet.line([(at, y(quarter)) for quarter in quarters], role="interval")
        sheet.diamond((at, y(_mean(seeds))), 2.8)
    families = groupby(range(len(shown.runs)), lambda i: shown.runs[i][0].partition(",")[0])
    for family, members in families:
        places = [LEFT + step * (i + 0.5) for i in members]
        if places[0] > LEFT + step:
            edge = places[0] - step / 2
            sheet.line([(edge, TOP), (edge, BASE)], role="grid")
        for n, words in enumerate(plots.lines(family, max(1, len(places) * step / 5.4))):
            where = ((places[0] + places[-1]) / 2, BASE + 13 + 11 * n)
            sheet.text(where, words, anchor="middle", role="faint")


def _quantile(ranked: Sequence[float], share: float) -> float:
    """Linear between the ranked values, as numpy has it."""
    at = share * (len(ranked) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (at - low) * (ranked[high] - ranked[low])


def _strip(sheet: Sheet, shown: Pooled, top: float) -> None:
    x = Scale(*shown.span, 8, WIDTH - 8)
    base, middle = top + STRIP, top + 25
    bound = x(shown.bound)
    sheet.band((bound, top + 13), (x.end if shown.above else x.start, base))
    sheet.line([(bound, top + 13), (bound, base)], role="target")
    anchor = "start" if bound < 90 else "end" if bound > WIDTH - 90 else "middle"
    claimed = f"claimed: {'above' if shown.above else 'below'} {number(shown.bound)}"
    sheet.text((bound, top + 9), claimed, anchor=anchor, role="faint")
    sheet.line([(x(end), middle) for end in shown.ends], role="interval")
    sheet.diamond((x(shown.mean), middle))
    plots.horizontal(sheet, x, base, shown.statistic)
