"""Reading a TOML file, and pointing at a place in it in the words of the file."""

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
LARGEST = 1e60  # and its inverse: numbers beyond are slips, and their squares overflow


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
        raw = tomllib.loads(content.decode())
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
            pairs: Iterable[tuple[str | int, Any]] = value.items()
        case list():
            pairs = enumerate(value)
        case float() if not math.isfinite(value):
            return Fault(steps, f"found {value}; expected a finite number")
        case float() if value and not 1 / LARGEST <= abs(value) <= LARGEST:
            return Fault(steps, f"found {value}; expected 0 or a size from 1e-60 to 1e60")
        case int() if abs(value) >= 2**63:
            return Fault(steps, "found an integer of more than 64 bits")
        case str() | bool() | int() | float() | None:
            return None
        case _:
            return Fault(
                steps, f"found the date or time {value}; expected a number, or a string in quotes"
            )
    return next((fault for step, item in pairs if (fault := unfit(item, (*steps, step)))), None)


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
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.65)
    return f" (did you mean {near[0]!r}?)" if near else ""


def unknown_key(key: str, choices: Iterable[str]) -> str:
    """What to say of a key that a table has no use for."""
    choices = list(choices)
    return f"unknown key {shown(key)}{close(key, choices)}; it may hold {listed(choices)}"


def no_such(what: str, name: str, choices: Iterable[str]) -> str:
    """What to say of a name that nothing has."""
    choices = list(dict.fromkeys(choices))
    return f"no {what} {shown(name)}{close(name, choices)}; there are {listed(choices)}"


def listed(words: Iterable[str]) -> str:
    """Words after one another, each and all of them not too long; `none` where there are none."""
    words = [word if word.isprintable() else repr(word) for word in words]
    few = [word if len(word) <= 80 else f"{word[:77]}..." for word in words[:60]]
    return ", ".join(few + ["..."] * (len(words) > 60)) or "none"


def located(raw: Any, fault: Fault) -> str:
    """A fault on one line, after the header of its table as the file has it."""
    table, key = _header(raw, fault.steps)
    line = ": ".join(part for part in (table, key, fault.text) if part)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def at(raw: Any, steps: Steps) -> Any:
    """The value there, or None if there is none."""
    for step in steps:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and isinstance(step, int):
            raw = raw[step]
        else:
            return None
    return raw


def _header(raw: Any, steps: Steps) -> tuple[str, str]:
    """`[[claim]] 'table1-k25'` or `[train.stages.main]`, and the rest of the way, dotted."""
    end, item = 0, raw
    for i, step in enumerate(steps):
        item = at(item, (step,))
        if not isinstance(item, dict | list):
            break
        if isinstance(item, dict):
            end = i + 1
        if isinstance(step, int):
            break
    table, rest = steps[:end], dotted(steps[end:])
    if table and isinstance(table[-1], int):
        return f"[[{dotted(table[:-1])}]] {_label(at(raw, table), table[-1])}", rest
    return f"[{dotted(table)}]" if table else "", rest


def _label(item: dict[str, Any], index: int) -> str:
    names = (item.get(key) for key in ("id", "name", "key", "match"))
    return next((repr(n) for n in names if isinstance(n, str)), f"number {index + 1}")


def dotted(steps: Steps) -> str:
    """Steps as a dotted key; what is no bare key is quoted."""
    words = (s if re.fullmatch(r"[A-Za-z0-9_-]+", str(s)) else repr(s) for s in steps)
    return ".".join(str(word) for word in words)
