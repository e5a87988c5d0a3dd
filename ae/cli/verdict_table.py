"""Verdicts on a terminal."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ae.records.record import Record
from ae.verdict import Verdict
from ae.verdict.evidence import sentence
from ae.verdict.present import whose
from ae.verdict.result import GOOD

STYLES = {
    "REPRODUCED": "green",
    "BETTER": "cyan",
    "SMALLER": "magenta",
    "SHORT": "red",
    "INCONCLUSIVE": "yellow",
    "INVALID": "bold red",
    "UNTESTED": "dim",
}

NAMES = {  # word and whether of a control -> what is shown; a control reproduces nothing
    ("REPRODUCED", True): "PASSED",
    ("BETTER", True): "PASSED",
    ("SHORT", True): "FAILED",
    ("INVALID", True): "NOT VALID",
    ("INVALID", False): "NOT VALID",
}


def _word(verdict: Verdict) -> str:
    if verdict.claim.untrained is not None and verdict.word in GOOD:
        return "[dim]MET, as by an untrained model[/]"
    shown = NAMES.get((verdict.word, verdict.claim.control), verdict.word)
    return f"[{STYLES[verdict.word]}]{shown}[/]"


def show_verdicts(record: Record, verdicts: Sequence[Verdict]) -> None:
    """Print the claims of a record that were tested, and how many of the others its tier tests."""
    seeds = sorted({len(r.seeds) for r in record.runs})
    noun = "seed" if seeds == [1] else "seeds"
    title = f"{record.name}, {record.tier} tier, {'/'.join(map(str, seeds))} {noun}"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("claim", "target", "whose", "ours", "verdict"):
        table.add_column(name, overflow="fold")
    for verdict in verdicts:
        if not verdict.tested:
            continue
        word = _word(verdict)
        if verdict.word in ("SHORT", "INVALID"):
            word += f" ({verdict.reason})"
        table.add_row(verdict.id, verdict.target, whose(verdict.claim), verdict.ours, word)
    console = Console(width=None if sys.stdout.isatty() else 120)
    untested = [verdict for verdict in verdicts if not verdict.tested]
    lacking = sum(record.tier in verdict.claim.tiers for verdict in untested)
    if table.row_count:
        console.print(table)
        console.print(sentence(verdicts), markup=False)
        if untested:
            console.print(_rest(lacking, len(untested) - lacking))
    elif lacking:
        console.print(f"{title}: none of its claims ({len(untested)}) was tested.", markup=False)
        console.print(_rest(lacking, len(untested) - lacking, more=""))
    else:
        said = f"{title}: none of its claims ({len(untested)}) is tested in this tier."
        console.print(said, markup=False)


def _rest(lacking: int, others: int, more: str = " more") -> str:
    """How many untested claims the tier tests once they have all they need, and how many it never does."""
    parts = []
    if lacking:
        noun = "claim of this tier lacks" if lacking == 1 else "claims of this tier lack"
        parts.append(f"{lacking}{more} {noun} runs, seeds or values")
    if others:
        noun = "" if parts else " claim" if others == 1 else " claims"
        verb = "is" if others == 1 else "are"
        parts.append(f"{others}{more}{noun} {verb} not tested in this tier")
    return "; ".join(parts) + "."
