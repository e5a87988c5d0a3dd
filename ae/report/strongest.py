"""Of every paper the strongest result that was tested, and how many hold: a row each.

A published value counts more than a claim that a source states, that more than what was recalled or
calculated; of one kind what holds more than what is open or short; then a primary claim, then the
first of its spec. It is the best that a paper has to show, so the count of all stands beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ae.errors import UserError
from ae.records.record import Record
from ae.report.tested import table
from ae.spec import Evidence, Spec
from ae.verdict.evidence import Judged, Standing, standings
from ae.verdict.judge import judge
from ae.verdict.result import GOOD, Word
from ae.verdict.verdict import Verdict

KINDS: tuple[Evidence, ...] = ("published", "stated", "recalled", "calculated")
WORDS: tuple[Word, ...] = ("REPRODUCED", "BETTER", "SMALLER", "INCONCLUSIVE", "SHORT", "INVALID")


@dataclass(frozen=True)
class Shown:
    """What a paper has to show.

    Attributes:
        spec: The spec's name.
        best: The strongest result; None where nothing but controls was tested.
        controls: How many controls, and claims that prove nothing, were tested.
        holding: How many claims hold.
        tested: Of how many that were tested; controls and what proves nothing are not counted.
    """

    spec: str
    best: Verdict | None
    controls: int
    holding: int
    tested: int

    @property
    def text(self) -> str:
        """The strongest: claim, target, ours, the verdict and the tier."""
        if self.best is None:
            return "controls alone" if self.controls else "nothing"
        why = f" ({self.best.reason})" if self.best.reason else ""
        return (
            f"`{self.best.id}`: {self.best.target}; {self.best.ours}: {self.best.word}{why}, "
            f"{self.best.tier}"
        )

    @property
    def share(self) -> str:
        """How many hold of those tested."""
        return f"{self.holding} of {self.tested}" if self.tested else "none tested"


def strongest(records: Iterable[Record], specs: Mapping[str, Spec]) -> list[Shown]:
    """A row for every spec, by the records that there are of it.

    Args:
        records: Of any tier; a claim counts by the highest that tests it.
        specs: The suite of today.
    """
    judged = []
    for record in records:
        if record.name in specs:
            judged.append(Judged(record.name, record.tier, _verdicts(record)))
    by_paper: dict[str, list[Standing]] = {name: [] for name in specs}
    for standing in standings(judged, specs):
        by_paper[standing.paper].append(standing)
    return [_shown(name, own) for name, own in by_paper.items()]


def _verdicts(record: Record) -> Sequence[Verdict]:
    try:
        return judge(record)
    except UserError:  # of before its format changed, as `ae list` says
        return ()


def _shown(name: str, own: Sequence[Standing]) -> Shown:
    tested = [(s.kind, s.verdict) for s in own if s.verdict is not None]
    found = [(kind, verdict) for kind, verdict in tested if kind in KINDS]
    found.sort(key=lambda one: _rank(*one))
    return Shown(
        spec=name,
        best=found[0][1] if found else None,
        controls=len(tested) - len(found),
        holding=sum(verdict.word in GOOD for _, verdict in found),
        tested=len(found),
    )


def _rank(kind: Evidence, verdict: Verdict) -> tuple[int, int, bool]:
    word = "REPRODUCED" if verdict.word == "BETTER" else verdict.word  # both hold
    return KINDS.index(kind), WORDS.index(word), not verdict.claim.primary


def markdown(rows: Sequence[Shown]) -> list[str]:
    """The rows as a table in Markdown, line by line."""
    cells = [(f"`{row.spec}`", row.text, row.share) for row in rows]
    return table(("spec", "strongest of what was tested", "hold"), cells)
