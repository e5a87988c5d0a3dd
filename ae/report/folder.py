"""A report's folder: one writer at a time, and in it what this report made, nothing of an older one."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ae.disk import visible, write_atomically
from ae.errors import OutsideError
from ae.locks import Locked, locked

MADE = ".made.json"  # the names of the files that a report has made there
RECORDS = "records"  # the folder of the records, where those are published with it
PATIENCE = 600.0  # seconds in which another report is done
OURS = re.compile(
    r"(index|perf|moved)\.html|report\.pdf|summary\.md|badge\.svg|(results|claims)\.csv|"
    r".+-(paper|quick|smoke)\.(html|pdf)"
)
ASIDE = re.compile(r"\.(.+)\.[0-9a-z]{8}")  # what a writer that was killed left
MARK = "Made from the records alone"  # of an index that a report wrote before it listed its files


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Keep every other report out of the folder meanwhile; what is read now is the newest.

    Raises:
        OutsideError: Another is at work there for long, or the folder cannot be written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(out / ".lock", PATIENCE))
        except Locked as error:
            raise OutsideError(f"{out}: another report is being written there; {error}") from None
        except OSError as error:
            raise OutsideError(f"{out}: cannot be written: {error.strerror}") from None
        yield


class Folder:
    """Writes files into a report's folder, and takes away what is not of this report."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.made: list[str] = []
        self._old = _made_before(out)
        self._fault: OutsideError | None = None

    def write(self, content: Mapping[str, bytes]) -> None:
        """Write files; one that cannot be written takes no other along."""
        new = [name for name in content if name not in self.made]
        self._list({*self._old, *self.made, *new})
        for name, data in content.items():
            try:
                write_atomically(self.out / name, data)
            except OutsideError as error:
                self._fault = self._fault or error
        self.made += new

    def finish(self) -> None:
        """Take away what an older report made.

        Raises:
            OutsideError: A file could not be written, the first.
        """
        for name in self._old - {*self.made}:
            path = self.out / name
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others are in it
                for folder in [p for p in path.parents if p.is_relative_to(self.out / RECORDS)]:
                    folder.rmdir()
        self._list({*self.made})
        if self._fault is not None:
            raise self._fault

    def _list(self, names: set[str]) -> None:
        try:
            write_atomically(self.out / MADE, json.dumps(sorted(names)).encode())
        except OutsideError as error:
            self._fault = self._fault or error


def _made_before(out: Path) -> set[str]:
    """The names of the files of older reports that are there; no other file is touched."""
    try:
        listed = json.loads((out / MADE).read_bytes())
    except (OSError, ValueError):
        listed = None
    there = {
        path.relative_to(out).as_posix()
        for pattern in ("*", f"{RECORDS}/*/*/*")
        for path in visible(out, pattern)
        if path.is_file()
    }
    if isinstance(listed, list):
        found = there & {name for name in listed if isinstance(name, str)}
    else:
        found = {name for name in there if OURS.fullmatch(name)} if _is_report(out) else set()
    aside = {
        p.name for p in out.glob(".*") if (m := ASIDE.fullmatch(p.name)) and OURS.fullmatch(m[1])
    }
    return found | aside


def _is_report(out: Path) -> bool:
    try:
        return MARK in (out / "index.html").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
