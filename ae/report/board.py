"""The scoreboard and the forest: every paper, every claim, its numbers in columns.

Numbers of a column share the place of the decimal point; what the verdict says besides the mean
and its interval stands below them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

from ae.report.claims import ClaimView
from ae.report.forest import PANELS, Distance, Panel, legend, signed
from ae.report.text import levelled
from ae.report.views import Page
from ae.report.words import SYMBOLS, Word, word
from ae.verdict.numbers import MINUS

NO_TEST = "not a test: reduced protocol"


@dataclass(frozen=True)
class Row:
    """A claim in columns: a mean and half its interval, or one phrase in the place of both."""

    claim: ClaimView
    target: str
    mean: str
    half: str
    phrase: str
    detail: str


@dataclass(frozen=True)
class Board:
    """All papers of a report."""

    pages: Sequence[Page]

    @cached_property
    def papers(self) -> list["PaperRows"]:
        """Each paper with its rows."""
        return [PaperRows(page, _rows([*page.tested, *page.untested])) for page in self.pages]

    @property
    def columns(self) -> list[Word]:
        """The words of claims, one a column."""
        return [word(name) for name in SYMBOLS]

    @property
    def notes(self) -> list[str]:
        """What the tiers below the papers' own can say, each once."""
        return list(dict.fromkeys(page.tier_note for page in self.pages if page.tier_note))

    @property
    def families(self) -> list[str]:
        """What a filter can choose from, in the order of the alphabet."""
        return sorted({page.paper.family for page in self.pages})

    @property
    def tiers(self) -> list[str]:
        """The tiers that the records are of, in the order of the alphabet."""
        return sorted({page.record.tier for page in self.pages})

    @property
    def words(self) -> list[Word]:
        """The words that some claim or control got."""
        found = {claim.verdict for page in self.pages for claim in page.claims}
        kinds: list[dict[str, bool]] = [{}, {"untrained": True}, {"control": True}]
        every = [word(name, **kind) for kind in kinds for name in SYMBOLS]
        return [shown for shown in dict.fromkeys(every) if shown in found]


@dataclass(frozen=True)
class PaperRows:
    """A paper on the scoreboard."""

    page: Page
    rows: list[Row]

    @property
    def tally(self) -> list[tuple[Word, int]]:
        """How many of its claims got each word; every word is there.

        Controls are not claims, and what an untrained model meets is no evidence.
        """
        own = [c for c in self.page.claims if not c.control and not c.untrained]
        found = Counter(c.verdict for c in own)
        return [(word(name), found[word(name)]) for name in SYMBOLS]

    @property
    def controls(self) -> str:
        """How many of its controls passed, of those that were tested: `2/3`."""
        found = self.page.controls
        passed = sum(c.verdict.word == "PASSED" for c in found)
        return f"{passed}/{len(found)}" if found else ""

    @property
    def data(self) -> str:
        """The names of the data sets."""
        return ", ".join(dict.fromkeys(d.name for d in self.page.record.data))


@dataclass(frozen=True)
class Line:
    """A claim's distance from its target, in margins, in numbers and drawn."""

    claim: ClaimView
    mean: str
    ends: str
    plot: Element


@dataclass(frozen=True)
class Forest:
    """The claims of one panel, paper by paper, and the controls; all are drawn to its scale."""

    panel: Panel
    papers: list[tuple[Page, list[Line]]]
    controls: list[tuple[Page, list[Line]]]

    @property
    def checks(self) -> int:
        """How many controls there are."""
        return sum(len(lines) for _, lines in self.controls)


def marks() -> list[tuple[str, Element]]:
    """The marks of the plots with their words, for the legend."""
    return [(name.lower(), legend(name.lower())) for name in SYMBOLS if name != "UNTESTED"]


def forests(pages: Sequence[Page]) -> list[Forest]:
    """A plot a kind of the distances of all tested claims: values, orderings, equalities."""
    made = []
    for panel in PANELS:
        papers, controls = (
            [(p, lines) for p in pages if (lines := _lines(panel, p, control=control))]
            for control in (False, True)
        )
        if papers or controls:
            made.append(Forest(panel, papers, controls))
    return made


def _lines(panel: Panel, page: Page, *, control: bool) -> list[Line]:
    of = [c for c in page.tested if c.kind == panel.kind and c.control == control]
    found = [(c, c.distance) for c in of if c.distance is not None]
    means = levelled([signed(distance.mean) for _, distance in found])
    return [
        Line(claim, mean, _ends(distance), panel.row(distance))
        for (claim, distance), mean in zip(found, means, strict=True)
    ]


def _ends(distance: Distance) -> str:
    if not (math.isfinite(distance.low) and math.isfinite(distance.high)):
        return ""
    return f"{signed(distance.low)} … {signed(distance.high)}"


def _rows(claims: Sequence[ClaimView]) -> list[Row]:
    split = [_split(claim) for claim in claims]
    columns = [levelled([row[i] for row in split]) for i in (0, 1)]
    printed = [c.target.replace("-", MINUS) if c.numeric else "" for c in claims]
    return [
        Row(claim, shown or claim.target, mean, half, phrase, detail)
        for claim, shown, mean, half, (_, _, phrase, detail) in zip(
            claims, levelled(printed), *columns, split, strict=True
        )
    ]


def _split(claim: ClaimView) -> tuple[str, str, str, str]:
    """Mean, half width, phrase, detail."""
    if claim.reduced:
        return "", "", claim.reduced, NO_TEST
    mean, rest = claim.written
    if rest:
        return mean, rest, "", claim.detail
    if claim.exact and " to " not in mean:
        return mean, "", "", "every seed"
    return "", "", mean, claim.detail
