"""Verdicts on a terminal."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ae.record import Record
from ae.verdict import Verdict

STYLES = {
    "REPRODUCED": "green",
    "BETTER": "cyan",
    "SHORT": "red",
    "INCONCLUSIVE": "yellow",
    "UNTESTED": "dim",
}


def show_verdicts(record: Record, verdicts: Sequence[Verdict]) -> None:
    """Print the claims of a record that its tier tests."""
    seeds = sorted({len(r.seeds) for r in record.runs})
    title = f"{record.name}, {record.tier} tier, {'/'.join(map(str, seeds))} seeds"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("claim", "published", "ours", "verdict"):
        table.add_column(name, overflow="fold")
    untested = 0
    for verdict in verdicts:
        if verdict.word == "UNTESTED":
            untested += 1
            continue
        word = f"[{STYLES[verdict.word]}]{verdict.word}[/]"
        table.add_row(verdict.claim, verdict.published, verdict.ours, word)
    console = Console(width=None if sys.stdout.isatty() else 120)
    if not table.row_count:
        console.print(
            f"{title}: none of its {untested} claims is tested in this tier.", markup=False
        )
        return
    console.print(table)
    if untested:
        console.print(f"{untested} more claims are not tested in this tier.")
