"""The outcome for people (a table), for GitHub's summary (Markdown), for machines (JSON)."""

import json
import math
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ae.gate.regress import WORDS, Outcome, Row
from ae.verdict.numbers import MINUS, plus_minus

STYLES = {"worse": "red", "better": "cyan", "undecided": "yellow", "unchanged": "green"}
SHOWN = 50  # rows of a state in a summary


def headline(outcome: Outcome) -> str:
    """The outcome in a line."""
    rows = [row for row in outcome.rows if row.kind != "absence"]
    found = {word: sum(row.word == word for row in rows) for word in WORDS}
    counts = ", ".join(f"{count} {word}" for word, count in found.items() if count)
    compared = f"{len(rows)} comparisons of {_specs(len({row.spec for row in rows}))}"
    absent = len(outcome.rows) - len(rows)
    more = f"; {_specs(absent)} not compared" if absent else ""
    return f"{'RED' if outcome.red else 'green'}: {compared}: {counts or 'nothing compared'}{more}"


def _specs(count: int) -> str:
    return f"{count} spec{'' if count == 1 else 's'}"


def change(row: Row) -> str:
    """How far it moved, in words: better is +, as its direction says."""
    moved = row.movement
    if moved is None or math.isnan(moved.difference):
        return row.note
    half = (moved.high - moved.low) / 2
    text = f"{_signed(moved.difference, half)} (±{moved.margin:.2g} is unchanged)"
    return f"{text}; {row.note}" if row.note else text


def _signed(value: float, half: float) -> str:
    shown = plus_minus(value, half)
    return shown if shown.startswith(MINUS) else f"+{shown}"


def values(row: Row) -> str:
    """The baseline's mean and the new one."""
    moved = row.movement
    if moved is None:
        return ""
    unit = f" {row.unit}" if row.unit else ""
    return f"{moved.baseline:.6g} → {moved.new:.6g}{unit}"


def show(outcome: Outcome, console: Console, *, everything: bool) -> None:
    """Print what is not unchanged (or everything), then the notes and the headline."""
    rows = [r for word in WORDS for r in outcome.of(word) if everything or word != "unchanged"]
    if rows:
        table = Table(title="against the baselines", title_justify="left", title_style="bold")
        for name in ("spec", "run: metric", "baseline → now", "better by", "p", "state"):
            table.add_column(name, overflow="fold")
        for row in rows:
            word = f"[{STYLES[row.word]}]{row.word}[/]"
            p = f"{row.movement.p:.2g}" if row.movement else ""
            cells = map(escape, (row.spec, row.name, values(row), change(row)))
            table.add_row(*cells, p, word)
        console.print(table)
    for note in outcome.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    console.print(headline(outcome), highlight=False)


def markdown(outcome: Outcome) -> str:
    """GitHub's step summary."""
    lines = [f"## Regression gate: {_cell(headline(outcome))}", ""]
    for word in WORDS[:3]:
        rows = outcome.of(word)
        if not rows:
            continue
        lines += [f"### {word} ({len(rows)})", ""]
        lines += [
            "| spec | run: metric | baseline → now | better by | p |",
            "|---|---|---|---|---|",
        ]
        for row in rows[:SHOWN]:
            p = f"{row.movement.p:.2g}" if row.movement else ""
            cells = (row.spec, row.name, values(row), change(row), p)
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
        if len(rows) > SHOWN:
            lines.append(f"\n{len(rows) - SHOWN} more.")
        lines.append("")
    lines += [f"- {_cell(note)}" for note in outcome.notes]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that cannot end a cell or begin markup."""
    text = " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())
    for mark in "\\|`*_[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def as_json(outcome: Outcome) -> str:
    """Every row with its numbers; what is not finite is null."""
    table = {
        "schema_version": 1,
        "red": outcome.red,
        "counts": outcome.counts,
        "notes": outcome.notes,
        "rows": [_entry(row) for row in outcome.rows],
    }
    return json.dumps(table, indent=1, allow_nan=False) + "\n"


def _entry(row: Row) -> dict[str, Any]:
    keys = ("kind", "spec", "run", "what", "unit", "word", "note", "file")
    entry: dict[str, Any] = {key: getattr(row, key) for key in keys}
    if row.movement is not None:
        moved = vars(row.movement)
        entry |= {k: _finite(v) for k, v in moved.items() if k not in ("word", "note")}
    if row.rate is not None:
        entry |= {"ratio": _finite(row.rate.ratio), "limit": row.rate.limit}
    return entry


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
