"""The published values that were tested: a row each, for the README and for whoever asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ae.records.record import Record
from ae.spec import FigureClaim, ValueClaim
from ae.spec.evidence import evidence_of
from ae.verdict import Verdict
from ae.verdict.judge import judge
from ae.verdict.looks import listed_seeds, schedule
from ae.verdict.present import spread, whose

NUMBERS = (ValueClaim, FigureClaim)


@dataclass(frozen=True)
class Tested:
    """A published value and what came out.

    Attributes:
        spec: The spec's name.
        verdict: The verdict.
        hours: What training all seeds of its run took, in hours of one processor core.
        next_look: At how many seeds an open claim is judged again; None: it has had its last look.
    """

    spec: str
    verdict: Verdict
    hours: float
    next_look: int | None

    @property
    def cells(self) -> tuple[str, ...]:
        """Spec, claim, target and whose it is, ours, verdict, cost."""
        claim, word = self.verdict.claim, self.verdict.word
        why = f" ({self.verdict.reason})" if self.verdict.reason else ""
        if word == "INCONCLUSIVE":
            again = f"next look at {self.next_look} seeds" if self.next_look else "last look"
            why = f" ({again})"
        return (
            f"`{self.spec}`",
            f"`{claim.id}`",
            ", ".join(filter(None, (self.verdict.target, spread(claim), whose(claim)))),
            self.verdict.ours,
            f"{word}{why}",
            _cost(self.hours),
        )


def _cost(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"


def tested_values(records: Iterable[Record]) -> list[Tested]:
    """Every published value that these records test, at its source's protocol.

    Args:
        records: Records of any tier; those of reduced ones test no published value.
    """
    found = []
    for record in sorted(records, key=lambda record: record.name):
        if record.tier != "paper":
            continue
        listed = listed_seeds(record.meaning, record.tier)
        for verdict in judge(record):
            claim = verdict.claim
            if verdict.tested and evidence_of(claim) == "published":
                to_come = (n for n in schedule(claim, listed) if n > verdict.finding.seeds)
                hours = _hours(record, claim)
                found.append(Tested(record.name, verdict, hours, next(to_come, None)))
    return found


def _hours(record: Record, claim: object) -> float:
    own = record.run(claim.run) if isinstance(claim, NUMBERS) else None
    return sum(member.cpu_seconds for member in own.members) / 3600 if own else 0.0


def markdown(rows: Sequence[Tested]) -> list[str]:
    """The rows as a table in Markdown, line by line."""
    header = ("spec", "claim", "target", "ours", "verdict", "training, one core")
    return table(header, [row.cells for row in rows])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown, line by line."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
