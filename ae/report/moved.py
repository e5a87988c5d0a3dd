"""What moved since a reference: claims and their verdicts, metrics run by run, what came or went.

Metrics are judged by the rule of the gate (`ae.verdict.movement`), all of a report at once. A
reference that holds the same record is the reference itself; equal results have nothing to say.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ae.errors import UserError
from ae.records.record import Record
from ae.report.claims import ClaimView, claim_views
from ae.report.metric_moves import STATES, MetricMove, differing, in_columns, metric_move, state
from ae.report.provenance import notes
from ae.report.views import Page
from ae.report.words import Word
from ae.verdict import judge
from ae.verdict.movement import movements


@dataclass(frozen=True)
class ClaimMove:
    """A claim of which the value or the verdict is not what it was; None: there was none."""

    claim: ClaimView | None
    was: ClaimView | None

    @property
    def turned(self) -> bool:
        """Whether the word of its verdict is another."""
        return self.claim is None or self.was is None or self.claim.verdict != self.was.verdict


@dataclass(frozen=True)
class PaperMoves:
    """What moved in one record. `itself`: it is the reference's own; `fresh`: it has none there."""

    page: Page
    claims: list[ClaimMove]
    metrics: list[MetricMove]
    notes: list[str]
    itself: bool
    fresh: bool

    @property
    def turned(self) -> list[ClaimMove]:
        """Claims whose verdict is another, or that came or went."""
        return [c for c in self.claims if c.turned]

    @property
    def told(self) -> list[MetricMove]:
        """Metrics that are not merely other draws of the same."""
        return [m for m in self.metrics if m.state.word != "unchanged"]

    @property
    def rest(self) -> list[MetricMove]:
        """Metrics that moved within their margin."""
        return [m for m in self.metrics if m.state.word == "unchanged"]


@dataclass(frozen=True)
class Moves:
    """A whole report against a reference."""

    name: str
    papers: list[PaperMoves]
    gone: list[str]

    @property
    def itself(self) -> bool:
        """Whether the report was rendered from the reference itself."""
        return all(p.itself for p in self.papers)

    @property
    def moved(self) -> list[PaperMoves]:
        """The papers of which there is something to say."""
        return [p for p in self.papers if p.claims or p.metrics or p.notes]

    @property
    def fresh(self) -> list[Page]:
        """The papers that the reference does not have."""
        return [p.page for p in self.papers if p.fresh]

    @property
    def same(self) -> int:
        """How many papers have the reference's very results."""
        return len(self.papers) - len(self.moved) - len(self.fresh)

    @cached_property
    def tally(self) -> list[tuple[Word, int]]:
        """How many metrics are in each state, of those whose values differ."""
        found = Counter(m.state.word for p in self.papers for m in p.metrics)
        return [(state(word), found[word]) for word in STATES]

    @property
    def families(self) -> list[str]:
        """The families of the papers in which something moved, in the order of the alphabet."""
        return sorted({p.page.paper.family for p in self.moved})

    @property
    def filtered(self) -> bool:
        """Whether there are metrics to choose from."""
        return any(p.metrics for p in self.papers)

    @property
    def turned(self) -> int:
        """How many claims have another verdict."""
        return sum(len(p.turned) for p in self.papers)


def moves(name: str, pages: Sequence[Page], records: Sequence[Record]) -> Moves:
    """What moved in `pages` since `records`, matched by spec and tier."""
    known = {(r.name, r.tier): r for r in records}
    pairs = [(page, known.get((page.record.name, page.record.tier))) for page in pages]
    metrics = [d for page, old in pairs if old for d in differing(page, old)]
    found: dict[str, list[MetricMove]] = {}
    for d, judged in zip(metrics, movements([d.pair for d in metrics]), strict=True):
        found.setdefault(d.page.key, []).append(metric_move(d, judged))
    shown = {(page.record.name, page.record.tier) for page in pages}
    gone = [f"{name}, {tier} tier" for name, tier in known if (name, tier) not in shown]
    papers = [_paper(page, old, found.get(page.key, [])) for page, old in pairs]
    return Moves(name, papers, gone)


def _paper(page: Page, old: Record | None, metrics: list[MetricMove]) -> PaperMoves:
    if old is None:
        return PaperMoves(page, [], [], [], itself=False, fresh=True)
    new = page.record
    itself = (old.digest, old.started) == (new.digest, new.started)
    claims, told = [], list(notes(old, new))
    try:
        claims = _claims(page, old)
    except UserError:
        told.append("its claims are not compared: the reference's spec is of another format")
    order: list[str] = list(STATES)
    metrics = sorted(metrics, key=lambda m: order.index(m.state.word))
    return PaperMoves(page, claims, in_columns(metrics), told, itself=itself, fresh=False)


def _claims(page: Page, old: Record) -> list[ClaimMove]:
    before = {c.id: c for c in claim_views(old, old.meaning, judge(old))}
    found = [
        ClaimMove(claim, was)
        for claim in page.claims
        if (was := before.get(claim.id)) is None
        or (claim.verdict, claim.ours, claim.target) != (was.verdict, was.ours, was.target)
    ]
    now = {c.id for c in page.claims}
    return [*found, *(ClaimMove(None, was) for name, was in before.items() if name not in now)]
