"""The papers of a report in a table: a line a record, with what it can be sorted by."""

from collections.abc import Sequence
from dataclasses import dataclass

from ae.report import abstract
from ae.report.text import duration
from ae.report.views import Page
from ae.spec.evidence import evidence_of
from ae.verdict import Verdict
from ae.verdict.result import GOOD


@dataclass(frozen=True)
class Listed:
    """A record in the table of papers."""

    page: Page

    @property
    def published(self) -> tuple[int, int, int]:
        """Of its published values: how many were reached, how many tested, how many there are."""
        own = [v for v in self.page.verdicts if evidence_of(v.claim) == "published"]
        return _counts(own)

    @property
    def others(self) -> tuple[int, int, int]:
        """The same of its other claims; neither controls nor what an untrained model meets."""
        besides = ("published", "control", "untrained")
        return _counts([v for v in self.page.verdicts if evidence_of(v.claim) not in besides])

    @property
    def controls(self) -> tuple[int, int, int]:
        """The same of its controls."""
        return _counts([v for v in self.page.verdicts if v.claim.control])

    @property
    def seeds(self) -> str:
        """How many seeds: `3`, `3 to 6`."""
        return abstract.seeds(self.page.record).split(" seed")[0]

    @property
    def seconds(self) -> float:
        """What training took, to sort by."""
        return abstract.seconds(self.page.record)

    @property
    def time(self) -> str:
        """What training took."""
        return duration(self.seconds)


def _counts(verdicts: Sequence[Verdict]) -> tuple[int, int, int]:
    tested = [v for v in verdicts if v.tested]
    return sum(v.word in GOOD for v in tested), len(tested), len(verdicts)


def order(pages: Sequence[Page]) -> list[Listed]:
    """All records, as the pages stand."""
    return [Listed(page) for page in pages]
