"""Reading a TOML file, and pointing at a place in it in the words of the file."""

import codecs
import difflib
import math
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ae.errors import UserError

Steps = tuple[str | int, ...]

DEEPEST = 20
LONGEST = 1500  # characters of a message
# What a terminal obeys, or reorders, instead of showing it; tabs and line breaks are text.
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LARGEST = 1e60  # and its inverse: numbers beyond are slips, and their squares overflow
STAND_IN = "stand-in-of-what-is-wrong"  # a word in the place of a wrong one: nothing is said of it


class Fault(NamedTuple):
    """One thing that is wrong: the steps from the file's root to it, and what it is."""

    steps: Steps
    text: str


def load(path: Path, where: str) -> dict[str, Any]:
    """Read a TOML file whose values JSON can hold too: no dates, no NaN, no infinities.

    Raises:
        UserError: The file cannot be read, is not UTF-8, is not TOML, or holds such a value.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from None
    try:
        raw = tomllib.loads(content.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{where}: line {line}: not UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise UserError(f"{where}: not TOML: lists or tables are nested too deeply") from None
    except ValueError as error:  # tomllib's own error, or an integer of thousands of digits
        raise UserError(f"{where}: not TOML: {_syntax(error, content)}") from None
    if fault := unfit(raw, ()):
        raise UserError(f"{where}: {located(raw, fault)}")
    return raw


def _syntax(error: ValueError, content: bytes) -> str:
    last = content.count(b"\n") + 1
    text = " ".join(str(error).split()).replace("(at end of document)", f"(at line {last}, end)")
    return re.sub(r"(.*) \(at (line \d+), (column \d+|end)\)$", r"\2, \3: \1", text)


def unfit(value: Any, steps: Steps) -> Fault | None:
    """The first value that no spec or manifest has a use for."""
    if len(steps) > DEEPEST:
        return Fault(steps[:2], "lists or tables are nested too deeply")
    match value:
        case dict():
            if hidden := next(filter(None, map(hidden_in, value)), None):
                return Fault(steps, f"found {hidden} in a key; expected text that can be shown")
            pairs: Iterable[tuple[str | int, Any]] = value.items()
        case list():
            pairs = enumerate(value)
        case float() if not math.isfinite(value):
            return Fault(steps, f"found {value}; expected a finite number")
        case float() if value and not 1 / LARGEST <= abs(value) <= LARGEST:
            return Fault(steps, f"found {value}; expected 0 or a size from 1e-60 to 1e60")
        case int() if abs(value) >= 2**63:
            return Fault(steps, "found an integer of more than 64 bits")
        case str():
            hidden = hidden_in(value)
            return (
                Fault(steps, f"found {hidden}; expected text that can be shown") if hidden else None
            )
        case bool() | int() | float() | None:
            return None
        case _:
            return Fault(
                steps, f"found the date or time {value}; expected a number, or a string in quotes"
            )
    return next((fault for step, item in pairs if (fault := unfit(item, (*steps, step)))), None)


def hidden_in(text: str) -> str | None:
    """The first character of a text that is no text, in words, if there is one."""
    found = HIDDEN.search(text)
    return f"the control character U+{ord(found[0]):04X}" if found else None


def shown(value: Any) -> str:
    """A value as a TOML file would have it, on one line and not too long."""
    match value:
        case bool():
            text = str(value).lower()
        case dict():
            text = "a table"
        case list():
            text = f"[{', '.join(shown(item) for item in value[:20])}{', ...' * (len(value) > 20)}]"
        case _:
            text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def close(word: str, choices: Iterable[str]) -> str:
    """A hint in brackets if one of the choices may have been meant, else nothing."""
    near = nearest(word, choices)
    return f" (did you mean {near!r}?)" if near else ""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that may have been meant, if any."""
    known = [choice for choice in choices if choice != STAND_IN]
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.65)), None)


def unknown_key(key: str, choices: Iterable[str]) -> str:
    """What to say of a key that a table has no use for."""
    choices = list(choices)
    return f"unknown key {shown(key)}{close(key, choices)}; it may hold {listed(choices)}"


def is_misspelt(fault: Fault) -> bool:
    """Whether a fault is a key for which there is no use."""
    return fault.text.startswith("unknown key")


def no_such(what: str, name: str, choices: Iterable[str]) -> str:
    """What to say of a name that nothing has."""
    choices = list(dict.fromkeys(choices))
    return f"no {what} {shown(name)}{close(name, choices)}; there are {listed(choices)}"


def listed(words: Iterable[str]) -> str:
    """Words after one another, each and all of them not too long; `none` where there are none."""
    words = [w if w.isprintable() else repr(w) for w in words if w != STAND_IN]
    few = [word if len(word) <= 80 else f"{word[:77]}..." for word in words[:60]]
    return ", ".join(few + ["..."] * (len(words) > 60)) or "none"


def located(raw: Any, fault: Fault) -> str:
    """A fault on one line, after the header of its table as the file has it."""
    table, rest = _header(raw, fault.steps)
    line = ": ".join(part for part in (table, *rest, fault.text) if part)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def at(raw: Any, steps: Steps) -> Any:
    """The value there, or None if there is none."""
    for step in steps:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int) and -len(raw) <= step < len(raw):
            raw = raw[step]
        else:
            return None
    return raw


def _header(raw: Any, steps: Steps) -> tuple[str, list[str]]:
    """`[[claim]] 'table1-k25'` or `[train.stages.main]`, and the rest of the way."""
    end, item = 0, raw
    most = _depth(steps)
    for i, step in enumerate(steps[:most]):
        item = at(item, (step,))
        if not isinstance(item, dict | list):
            break
        if isinstance(item, dict):
            end = i + 1
        if isinstance(step, int):
            break
    table, rest = steps[:end], steps[end:]
    if table and isinstance(table[-1], int):
        return _numbered(at(raw, table), table, rest)
    return f"[{dotted(table)}]" if table else "", [dotted(rest)]


def _depth(steps: Steps) -> int:
    """How long the name of a table may be: what a tier changes is named in the tier's table."""
    if steps[:1] != ("tier",):
        return len(steps)
    return 4 if steps[2:3] in (("run",), ("measure",)) else 2


def _numbered(item: dict[str, Any], table: Steps, rest: Steps) -> tuple[str, list[str]]:
    """A table of a list by its name or number; of a table of rows, the row and the column."""
    row, columns = None, item.get("columns")
    words = [dotted(rest)]
    if rest[:1] == ("rows",) and len(rest) > 1 and isinstance(columns, list):
        row, cell, words = rest[1], rest[2:], [f"rows[{rest[1]}]"]
        if cell and isinstance(cell[0], int) and cell[0] < len(columns):
            words, cell = [f"{words[0]}, column {columns[cell[0]]!r}"], cell[1:]
        words.append(dotted(cell))
    name = _label(item, table[-1], row)
    return f"[[{dotted(table[:-1])}]] {name}", words


def _label(item: dict[str, Any], index: Any, row: Any) -> str:
    """A table's name, or that of its row, else its number."""
    columns, rows = item.get("columns"), item.get("rows")
    cells = at(rows, (row or 0,)) if isinstance(rows, list) and rows else None
    pairs = (
        zip(columns, cells, strict=False)
        if isinstance(columns, list) and isinstance(cells, list)
        else ()
    )
    named = {**{c: v for c, v in pairs if isinstance(c, str)}, **item}
    names = (named.get(key) for key in ("id", "name", "key", "match"))
    return next((repr(n) for n in names if isinstance(n, str)), f"number {index + 1}")


def dotted(steps: Steps) -> str:
    """Steps as a dotted key; what is no bare key is quoted."""
    words = (s if re.fullmatch(r"[A-Za-z0-9_-]+", str(s)) else repr(s) for s in steps)
    return ".".join(str(word) for word in words)
