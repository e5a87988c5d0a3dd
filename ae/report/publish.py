"""A report with its records in a folder that any web server can show as it is."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ae.disk import visible
from ae.errors import UserError
from ae.records.folders import RECORD, is_trial
from ae.records.record import Record
from ae.report import Rendered, render
from ae.report.folder import MADE, RECORDS, Folder
from ae.report.text import count

KEPT = {"members": "trained member", "checkpoints": "checkpoint"}  # folders beside a record
UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def check_own(out: Path) -> None:
    """Refuse a folder that holds what no publication made; hidden names, such as .git, do not count.

    Raises:
        UserError: It does.
    """
    there = visible(out, "*")
    if there and not any(name.startswith(f"{RECORDS}/") for name in _listed(out)):
        raise UserError(
            f"{out}: found {there[0].name}, which `ae publish` did not make; give a folder that is "
            "empty, or that it has made before"
        )


def _listed(out: Path) -> list[str]:
    try:
        names = json.loads((out / MADE).read_bytes())
    except (OSError, ValueError):
        return []
    return [n for n in names if isinstance(n, str)] if isinstance(names, list) else []


def publish(records: Sequence[tuple[Record, Path]], out: Path, **given: Any) -> Rendered:
    """Write records, their figures and the report of them; `given` is as of `render`.

    The pages are made from the copies: what lies beside the originals and is not published, such as
    where MLflow has a record, is not in them either.

    Raises:
        UserError: The folder holds what no publication made; or as `render`.
        OutsideError: A file cannot be read or written.
    """
    check_own(out)
    folder, copies = Folder(out), []
    for record, path in records:
        place = f"{RECORDS}/{record.name}/{record.tier}"
        names = [RECORD, *(name for figure in record.figures for name in figure.files)]
        sources = {name: path if name == RECORD else path.parent / name for name in names}
        folder.write({f"{place}/{name}": _content(p) for name, p in sources.items()})
        copies.append((record, out / place / RECORD))
    return render(copies, out, folder=folder, **given)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; run the spec again, or copy the figures with "
            "the record"
        ) from None


def left_out(sources: Sequence[Path], published: Sequence[tuple[Record, Path]]) -> list[str]:
    """What lies in the folders and is not published, a line a kind."""
    taken = {path.resolve().parent: record for record, path in published}
    sizes: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for folder in (f for source in sources for f in visible(source, "*/*") if f.is_dir()):
        record = taken.get(folder.resolve())
        if record is None:
            if (folder / RECORD).is_file():
                others["trial" if is_trial(folder) else f"record of tier {folder.name}"] += 1
            continue
        own = {RECORD, *(name for figure in record.figures for name in figure.files)}
        for path, inside in _files(folder):
            kind = KEPT.get(inside)
            if kind is not None:
                numbers[kind] += 1
                sizes[kind] += path.stat().st_size
            elif inside or path.name not in own:
                beside["hidden file" if path.name.startswith(".") else path.name] += 1
    lines = [f"{_many(n, kind)}, {_size(sizes[kind])}" for kind, n in numbers.items()]
    lines += [_many(n, kind) for kind, n in others.items()]
    lines += [_many(n, kind) if kind == "hidden file" else f"{kind} beside {_many(n, 'record')}"
              for kind, n in sorted(beside.items())]  # fmt: skip
    return lines


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file with the name of the folder inside of which it lies; of the top, an empty one."""
    for place, _, names in os.walk(folder):
        inside = Path(place).relative_to(folder).parts
        yield from ((Path(place, name), inside[0] if inside else "") for name in sorted(names))


def _many(number: int, what: str) -> str:
    """`3 trials`; `2 records of tier smoke`."""
    first, space, rest = what.partition(" of ")
    return f"{count(number)} {first}{'' if number == 1 else 's'}{space}{rest}"


def _size(size: int) -> str:
    for unit, of in UNITS:
        if size >= of:
            return f"{size / of:.1f} {unit}"
    return f"{size} bytes"
