"""Tables of rows: one TOML table that stands for many, a row each.

    [[claim]]
    kind = "value"
    statement = "With k = {k} the error is {printed} %."
    columns = ["id", "run", "k", "printed"]
    rows = [["table1-k25", "k-25", 25, "1.35"], ["table1-k40", "k-40", 40, "1.54"]]

A column that is a key of the table, dotted where the key is in a table of its own, sets it. Any
column may stand in the strings of the other keys, in braces. Those other keys hold for all rows.
"""

import copy
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from ae.spec.concise.written import PLACEHOLDER
from ae.toml.file import Fault, Steps, close, listed, shown

NAMED = re.compile(r"\{([^{}]*)\}")


class Row(NamedTuple):
    """The table that a row stands for; `sound` unless the row itself is wrong."""

    table: dict[str, Any]
    number: int
    columns: tuple[str, ...]
    sound: bool = True


def has_rows(table: dict[str, Any]) -> bool:
    """Whether a table stands for one a row."""
    return "rows" in table or "columns" in table


def unrolled(
    table: dict[str, Any], keys: Collection[str], steps: Steps
) -> tuple[list[Row], list[Fault]]:
    """A table for each row of `table`, whose class has `keys`, and what is wrong with them.

    `steps` is where the table is written.
    """
    faults = list(_shapeless(table, steps))
    if faults:
        return [], faults
    columns, rows = tuple(table["columns"]), table["rows"]
    shared = {key: value for key, value in table.items() if key not in ("columns", "rows")}
    faults += _useless(shared, columns, keys, steps)
    faults += _nameless(shared, columns, steps)
    found = []
    for number, cells in enumerate(rows):
        wrong = list(_misfit(cells, columns, shared, (*steps, "rows", number)))
        faults += wrong
        pairs = dict(zip(columns, cells, strict=False)) if isinstance(cells, list) else {}
        found.append(Row(_filled(shared, pairs, keys), number, columns, not wrong))
    return found, faults


def unfilled(table: dict[str, Any], steps: Steps) -> Iterator[Fault]:
    """Names in braces that a column would fill, in a table that has no rows."""
    for key, value in table.items():
        for name in dict.fromkeys(n for text in texts(value) for n in NAMED.findall(text)):
            if name.isidentifier():
                yield Fault((*steps, key), f"{{{name}}} is what a column fills; there are no rows")


def _shapeless(table: dict[str, Any], steps: Steps) -> Iterator[Fault]:
    """What keeps the table from being read row by row."""
    for key, what in (("columns", "a list of distinct names"), ("rows", "a list of rows")):
        if key not in table:
            yield Fault(
                steps,
                f"missing key {key!r}; expected {what}, for there are "
                f"{'columns' if key == 'rows' else 'rows'}",
            )
    columns, rows = table.get("columns"), table.get("rows")
    if columns is not None:
        names = columns if isinstance(columns, list) else []
        texts = [name for name in names if isinstance(name, str) and name.strip()]
        if not names or len(texts) < len(names) or max(Counter(texts).values()) > 1:
            yield Fault(
                (*steps, "columns"), f"found {shown(columns)}; expected a list of distinct names"
            )
    if rows is not None and (not isinstance(rows, list) or not rows):
        yield Fault((*steps, "rows"), f"found {shown(rows)}; expected a list of one or more rows")


def _useless(
    shared: dict[str, Any], columns: tuple[str, ...], keys: Collection[str], steps: Steps
) -> Iterator[Fault]:
    """Columns that are no key and stand in no string, or set a key that is set for all rows."""
    used = {name for text in texts(shared) for name in NAMED.findall(text)}
    for column in columns:
        head, *rest = column.split(".")
        if head not in keys:
            if column not in used:
                yield Fault(
                    (*steps, "columns"),
                    f"{shown(column)} is no key{close(head, keys)} and stands in no string as "
                    f"{{{column}}}; keys are {listed(keys)}",
                )
            continue
        if not all([head, *rest]):
            yield Fault(
                (*steps, "columns"), f"found {shown(column)}; expected a key, dotted or not"
            )
        elif _is_set(shared, [head, *rest]):
            yield Fault(
                (*steps, "columns"), f"{shown(column)} is given for all rows too; leave one out"
            )
        for other in columns:
            if other.startswith(f"{column}."):
                yield Fault(
                    (*steps, "columns"), f"{shown(other)} is part of the column {shown(column)}"
                )


def _is_set(table: Any, path: list[str]) -> bool:
    """Whether a table sets a key, or sets a value where the key needs a table."""
    for key in path:
        if not isinstance(table, dict):
            return True
        if key not in table:
            return False
        table = table[key]
    return True


def _nameless(shared: dict[str, Any], columns: tuple[str, ...], steps: Steps) -> Iterator[Fault]:
    """Braces in a string that hold the name of no column."""
    for key, value in shared.items():
        for text in texts(value):
            for name in NAMED.findall(text):
                if name not in columns:
                    yield Fault(
                        (*steps, key),
                        f"{{{name}}} is no column{close(name, columns)}; there are {listed(columns)}",
                    )
            if PLACEHOLDER in NAMED.sub("", text) or "}" in NAMED.sub("", text):
                yield Fault(
                    (*steps, key), f"found {shown(text)}; braces hold the name of a column here"
                )


def _misfit(
    cells: Any, columns: tuple[str, ...], shared: dict[str, Any], steps: Steps
) -> Iterator[Fault]:
    """What is wrong with one row."""
    if not isinstance(cells, list):
        yield Fault(steps, f"found {shown(cells)}; expected a list of {len(columns)} cells")
        return
    if len(cells) != len(columns):
        yield Fault(steps, f"found {len(cells)} cells; expected {len(columns)}: {listed(columns)}")
    used = {name for text in texts(shared) for name in NAMED.findall(text)}
    for number, (column, cell) in enumerate(zip(columns, cells, strict=False)):
        if column in used and not isinstance(cell, str | int | float):
            yield Fault(
                (*steps, number), f"found {shown(cell)}; {{{column}}} needs a string or a number"
            )


def _filled(shared: dict[str, Any], cells: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """The shared keys with the row's cells in the strings, and the keys that the cells set."""
    table: dict[str, Any] = _with_cells(shared, cells)
    for column, cell in cells.items():
        head, *rest = column.split(".")
        if head in keys and not _is_set(table, [head, *rest]):
            place = table
            for step in [head, *rest][:-1]:
                place = place.setdefault(step, {})
            place[[head, *rest][-1]] = copy.deepcopy(cell)
    return table


def _with_cells(value: Any, cells: dict[str, Any]) -> Any:
    match value:
        case str():
            return NAMED.sub(lambda m: _word(cells.get(m[1], m[0])), value)
        case list():
            return [_with_cells(item, cells) for item in value]
        case dict():
            return {key: _with_cells(item, cells) for key, item in value.items()}
    return value


def _word(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def texts(value: Any) -> Iterator[str]:
    """Every string in a value, but for the keys of its tables."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts(item)
        case dict():
            for item in value.values():
                yield from texts(item)
