"""Writes the tables of results in README.md and docs/ anew, from the published records.

    python tests/tables.py

After `ae keep`. Which rows the README shows is chosen by hand: its rows are brought up to date, and a spec
that has none gets its first. Tests hold the pages to the records.
"""

import re
from pathlib import Path

from ae.records.record import read
from ae.report import strongest as best
from ae.report import tested as values
from ae.spec.read import find_specs, read_spec

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| `([\w-]+)` \|.*\|$", re.MULTILINE)
FOUND, PAPERS, README = "docs/what-the-suite-found.md", "docs/papers.md", "README.md"


def replaced(text: str, rows: list[str]) -> str:
    """The page with these rows in the place of the first to the last of its own."""
    own = list(ROW.finditer(text))
    return text[: own[0].start()] + "\n".join(rows) + text[own[-1].end() :]


def chosen(text: str, rows: list[str]) -> list[str]:
    """The rows that a page shows already, as they are now, and one of each spec that it lacks."""
    shown = {found.groups() for found in ROW.finditer(text)}
    kept, specs = [], {spec for spec, _ in shown}
    for row in rows:
        found = ROW.match(row)
        assert found is not None
        if found.groups() in shown or found[1] not in specs:
            kept.append(row)
            specs.add(found[1])
    return kept


def strongest(text: str, shown: dict[str, best.Shown]) -> str:
    """The page of papers with its last two columns anew."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("| `"):
            name, paper, claimed, *_ = line.strip("| ").split(" | ")
            own = [shown[spec] for spec in re.findall(r"`([a-z0-9-]+)`", name)]
            last = ("<br>".join(one.text for one in own), "<br>".join(one.share for one in own))
            lines[i] = f"| {' | '.join((name, paper, claimed, *last))} |"
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Page -> its text with the tables of today's records."""
    records = [read(path) for path in sorted(ROOT.glob("reports/published/*/*/record.json"))]
    rows = values.markdown(values.tested_values(r for r in records if r.tier == "paper"))[2:]
    specs = {path.stem: read_spec(path) for path in find_specs(ROOT / "benchmarks")}
    shown = {one.spec: one for one in best.strongest(records, specs)}
    now = {name: (ROOT / name).read_text(encoding="utf-8") for name in (FOUND, PAPERS, README)}
    return {
        FOUND: replaced(now[FOUND], rows),
        PAPERS: strongest(now[PAPERS], shown),
        README: replaced(now[README], chosen(now[README], rows)),
    }


if __name__ == "__main__":
    for page, text in pages().items():
        (ROOT / page).write_text(text, encoding="utf-8")
