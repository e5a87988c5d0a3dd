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
    """Print the claims of a record that its tier tests."""
    seeds = sorted({len(r.seeds) for r in record.runs})
    noun = "seed" if seeds == [1] else "seeds"
    title = f"{record.name}, {record.tier} tier, {'/'.join(map(str, seeds))} {noun}"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("claim", "target", "whose", "ours", "verdict"):
        table.add_column(name, overflow="fold")
    untested = 0
    for verdict in verdicts:
        if not verdict.tested:
            untested += 1
            continue
        word = _word(verdict)
        if verdict.word in ("SHORT", "INVALID"):
            word += f" ({verdict.reason})"
        table.add_row(verdict.id, verdict.target, whose(verdict.claim), verdict.ours, word)
    console = Console(width=None if sys.stdout.isatty() else 120)
    if not table.row_count:
        console.print(
            f"{title}: none of its claims ({untested}) is tested in this tier.", markup=False
        )
        return
    console.print(table)
    console.print(sentence(verdicts), markup=False)
    if untested:
        console.print(f"{untested} more claims are not tested in this tier.")
