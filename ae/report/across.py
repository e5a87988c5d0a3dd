"""Across papers: how far ours are from the published values, and what is not run, by its cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ae.report.canvas import Sheet
from ae.report.claims import ClaimView
from ae.report.scale import Scale
from ae.report.views import Page
from ae.spec.evidence import evidence_of
from ae.verdict import Verdict
from ae.verdict.either_way import either_way
from ae.verdict.numbers import MINUS, fixed
from ae.verdict.result import GOOD

WIDTH, ROW, AIR, EDGE, HEAD = 340, 8, 5, 20, 34
TICKS = (2, 10, 50, 200)
HOURS = (1 / 60, 1, 10, 100, 1000, 10_000, 100_000)
NAMES = ("1 min", "1 h", "10 h", "100 h", "1000 h", "10⁴ h", "10⁵ h")


@dataclass(frozen=True)
class Difference:
    """Ours against a published value, in percent of that value; positive is better.

    Where neither more nor less is better what differs is on the side of the worse. `band` is the
    margin, in percent as well.
    """

    claim: ClaimView
    mean: float
    low: float
    high: float
    band: float

    @property
    def shown(self) -> str:
        """The mean and the ends of its interval: `−0.7 % (−1.3 … −0.2)`."""
        return f"{percent(self.mean)} % ({percent(self.low)} … {percent(self.high)})"


@dataclass(frozen=True)
class PaperDifferences:
    """The published values of a paper that its record tests, and their chart."""

    page: Page
    values: tuple[Difference, ...]

    @property
    def met(self) -> int:
        """How many are reproduced or better."""
        return sum(one.claim.verdict.word in GOOD for one in self.values)

    @property
    def plot(self) -> Element:
        """A line a value, in the paper's order."""
        x, height = _scale(), ROW * len(self.values) + 2 * AIR
        sheet = Sheet(size=(WIDTH, height))
        for tick in TICKS:
            for side in (-tick, tick):
                sheet.line([(x(side), 0), (x(side), height)], role="grid")
        for i, one in enumerate(self.values):
            _row(sheet, x, AIR + ROW * (i + 0.5), one)
        sheet.line([(x(0), 0), (x(0), height)], role="zero")
        return sheet.root


def _scale() -> Scale:
    return Scale(-TICKS[-1], TICKS[-1], EDGE, WIDTH - EDGE, "asinh")


def _row(sheet: Sheet, x: Scale, middle: float, one: Difference) -> None:
    low, high, mean, left, right = (
        x(min(max(v, x.low), x.high)) for v in (one.low, one.high, one.mean, -one.band, one.band)
    )
    sheet.band((left, middle - ROW / 2 + 0.5), (right, middle + ROW / 2 - 0.5))
    sheet.line([(low, middle), (high, middle)], role="interval")
    sheet.mark((mean, middle), one.claim.verdict.style, radius=3.0)


def axis() -> Element:
    """What the chart's two sides mean, and its ticks."""
    x, sheet = _scale(), Sheet(size=(WIDTH, HEAD))
    sheet.text((0, 11), "← worse than published", role="faint")
    sheet.text((WIDTH, 11), "better than published →", anchor="end", role="faint")
    for tick in (0, *TICKS, *(-t for t in TICKS)):
        sheet.line([(x(tick), HEAD - 5), (x(tick), HEAD)])
        words = f"{percent(tick)} %" if tick else "0"
        sheet.text((x(tick), HEAD - 8), words, anchor="middle", role="faint")
    return sheet.root


def percent(value: float) -> str:
    """With its sign, to a tenth, from ten on to a whole."""
    words = fixed(value, 1 if abs(value) < 10 and value != int(value) else 0)
    return words if words.startswith(MINUS) or not words.strip("0.") else f"+{words}"


def differences(pages: Sequence[Page]) -> list[PaperDifferences]:
    """Every published value that was tested, paper by paper; a value of zero has no percents."""
    found = []
    for page in pages:
        if page.record.tier != "paper":
            continue
        views = {claim.id: claim for claim in page.claims}
        own = [_difference(views[v.id], v) for v in page.verdicts]
        if values := tuple(one for one in own if one is not None):
            found.append(PaperDifferences(page, values))
    return found


def _difference(claim: ClaimView, verdict: Verdict) -> Difference | None:
    target, margin = verdict.finding.target, verdict.finding.margin
    if not verdict.tested or evidence_of(verdict.claim) != "published" or not target or not margin:
        return None
    sign = verdict.measure.sign
    if either_way(verdict.measure):
        sign = -1 if verdict.finding.numbers[0] > target else 1
    factor = 100 * sign / abs(target)
    ends = [factor * (value - target) for value in verdict.finding.numbers]
    if any(math.isnan(end) for end in ends):
        return None
    band = margin / abs(target)
    if getattr(verdict.claim, "log_axis", False):
        band = math.expm1(margin)
    return Difference(claim, ends[0], min(ends), max(ends), 100 * band)


@dataclass(frozen=True)
class Bar:
    """A cost as a bar on an axis of hours that all bars share; its words stand beside it."""

    seconds: float

    @property
    def plot(self) -> Element:
        """The bar."""
        x, sheet = _costs(), Sheet(size=(WIDTH, 14))
        for tick in HOURS:
            sheet.line([(x(tick), 0), (x(tick), 14)], role="grid")
        end = x(min(max(self.seconds / 3600, x.low), x.high))
        sheet.bar((x.start, 2), (end, 12))
        return sheet.root


def _costs() -> Scale:
    return Scale(HOURS[0], HOURS[-1], EDGE, WIDTH - 22, "log")


def cost_axis() -> Element:
    """The hours along the bars."""
    x, sheet = _costs(), Sheet(size=(WIDTH, 18))
    for tick, words in zip(HOURS, NAMES, strict=True):
        sheet.line([(x(tick), 13), (x(tick), 18)])
        sheet.text((x(tick), 10), words, anchor="middle", role="faint")
    return sheet.root
