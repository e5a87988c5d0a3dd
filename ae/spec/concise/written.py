"""Where in a file, as its author wrote it, each part of the expanded spec stands.

The concise format is expanded before it is read: one table of rows becomes many tables, a pattern
becomes names, a stage that is like another becomes whole. Every message about the expanded spec
points at what was written.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from ae.toml.file import Fault, Steps, at, is_misspelt, located

PLACEHOLDER = "{"
HOPS = 10  # stages that are like one another in a line


class RowPlace(NamedTuple):
    """A table that came of a row: where its table of rows is written, which row, the columns."""

    table: Steps
    row: int
    columns: tuple[str, ...]


class Written:
    """The tables as written, and the way back to them from the expanded ones.

    Attributes:
        raw: The tables as written.
        moved: Where the beginning of a place was written, but for the number of a table in a list.
        items: Where a table of a list was written: its steps, or the row that it came of.
        copies: Tables that were made like another: what is wrong with both is said of that.
        broken: Tables that came of a wrong row: nothing else is said of them.
        bases: Tables of lists that were written like another: what is wrong with both is said of that.
    """

    def __init__(self, raw: dict[str, Any], bases: dict[Steps, Steps] | None = None) -> None:
        self.raw = raw
        self.bases = bases or {}
        self.moved: dict[Steps, Steps] = {}
        self.items: dict[Steps, Steps | RowPlace] = {}
        self.copies: dict[Steps, Steps] = {}
        self.broken: set[Steps] = set()

    def steps(self, expanded: Steps) -> Steps:
        """The steps in the file as written of a place in the expanded spec."""
        return self._numbered(_replaced(expanded, self.moved))

    def _numbered(self, steps: Steps) -> Steps:
        """The steps with the numbers that tables have in the file, or their rows."""
        place = self.items.get(steps[:2], steps[:2])
        if isinstance(place, RowPlace):
            return self._in_row(place, steps[2:])
        return (*place, *steps[2:])

    def faults(self, expanded: Iterable[Fault]) -> list[Fault]:
        """The same faults where they were written, each once.

        What is wrong with every row of a table in the same way is wrong with the table.
        """
        known = [Fault(_replaced(f.steps, self.moved), f.text) for f in expanded]
        given = set(known)
        sound = [
            fault
            for fault in known
            if fault.steps[:2] not in self.broken and self._original(fault) not in given
        ]
        found = list(dict.fromkeys(Fault(self._numbered(f.steps), f.text) for f in sound))
        rows = (place for place in self.items.values() if isinstance(place, RowPlace))
        sizes = Counter(place.table for place in rows)
        hit = Counter((f.steps[:-2], f.text) for f in found if _ends_at_row(f.steps))
        lifted = [
            Fault(f.steps[:-2], f.text)
            if _ends_at_row(f.steps) and hit[f.steps[:-2], f.text] == sizes[f.steps[:-2]]
            else f
            for f in found
        ]
        given = set(lifted)
        return [f for f in dict.fromkeys(lifted) if self._of_base(f) not in given]

    def _of_base(self, fault: Fault) -> Fault | None:
        """The same fault of the table that this one's was written like."""
        base = self.bases.get(fault.steps[:2])
        return Fault((*base, *fault.steps[2:]), fault.text) if base else None

    def _original(self, fault: Fault) -> Fault | None:
        """The same fault of the table that this one's was made like."""
        for end in range(len(fault.steps), 0, -1):
            if (like := self.copies.get(fault.steps[:end])) is not None:
                return Fault((*like, *fault.steps[end:]), fault.text)
        return None

    def lines(self, faults: Iterable[Fault]) -> list[str]:
        """Faults of the file as written, a line each: misspelt keys first, then as in the file."""
        ordered = sorted(faults, key=lambda fault: (not is_misspelt(fault), self._order(fault)))
        return list(dict.fromkeys(located(self.raw, fault) for fault in ordered))

    def _order(self, fault: Fault) -> tuple[int, int]:
        """Which of the file's tables a fault is in, and which table of a list."""
        tables = list(self.raw)
        table = tables.index(fault.steps[0]) if fault.steps[:1] and fault.steps[0] in tables else -1
        number = fault.steps[1] if len(fault.steps) > 1 else -1
        return table, number if isinstance(number, int) else -1

    def _in_row(self, place: RowPlace, rest: Steps) -> Steps:
        for number, column in enumerate(place.columns):
            cell = tuple(column.split("."))
            if rest[: len(cell)] == cell:
                return (*place.table, "rows", place.row, number, *rest[len(cell) :])
        shared = at(self.raw, (*place.table, *rest))
        if rest and shared is not None and not _holds_placeholder(shared):
            return (*place.table, *rest)
        return (*place.table, "rows", place.row, *rest)


def _replaced(steps: Steps, moved: dict[Steps, Steps]) -> Steps:
    """The place that a place was moved from, as often as it was."""
    for _ in range(HOPS):
        ends = range(len(steps), 0, -1)
        end = next((end for end in ends if steps[:end] in moved), None)
        if end is None:
            break
        steps = (*moved[steps[:end]], *steps[end:])
    return steps


def _ends_at_row(steps: Steps) -> bool:
    return len(steps) == 4 and steps[2] == "rows" and isinstance(steps[3], int)


def _holds_placeholder(value: Any) -> bool:
    match value:
        case str():
            return PLACEHOLDER in value
        case list():
            return any(map(_holds_placeholder, value))
        case dict():
            return any(map(_holds_placeholder, value.values()))
    return False
