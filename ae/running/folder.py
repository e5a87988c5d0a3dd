"""A results folder: one process at a time, old and new never mixed, no litter of killed runs.

Figures, state and record of a run are first made in a folder aside. When all are there they are
moved in, the record last: whoever finds a record finds the figures that belong to it.
"""

import json
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ae.disk import digest, notes_of, write_atomically
from ae.errors import OutsideError, UserError
from ae.locks import Locked, locked
from ae.records.figures import FigureRecord
from ae.records.record import Record, read, write
from ae.running.settings import Settings

if TYPE_CHECKING:  # who only locks a folder needs no torch
    from ae.training.members import Members
    from ae.training.plan import Member

UNTRAINED = "+untrained"  # ends the name of the folder of a null run
RECORD, STATE, STAGED, HOLDER = "record.json", "state.json", ".staged", ".holder"
# Files aside: as `tempfile` names them, and as safetensors does, which writes another beside ours.
ASIDE = re.compile(r"\.(?!mlflow\.json).+\.[a-z0-9_]{8}|\.tmp[A-Za-z0-9]{6}")


def folder_of(path: Path, settings: Settings) -> Path:
    """The results folder of a spec; a trial with changes has one of its own, and the null run."""
    trial = f"+{digest(list(settings.changes))[:8]}" if settings.changes else ""
    null = UNTRAINED if settings.untrained else ""
    return settings.results / path.stem / f"{settings.tier}{trial}{null}"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other run out of the folder meanwhile, and clear what a killed one left there.

    The lock is the system's: it ends with the process that holds it, however that ends.

    Raises:
        OutsideError: Another process is at work there, or the folder cannot be written.
    """
    with ExitStack() as lock:
        try:
            lock.enter_context(locked(folder / ".lock"))
        except Locked as error:
            if error.by_file:
                raise
            raise OutsideError(
                f"{folder}: another `ae run` is at work there{_holder(folder)}; wait for it or end it"
            ) from None
        except OSError as error:
            raise OutsideError(f"{folder}: cannot be written: {error.strerror}") from None
        _sweep(folder)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        mine = {"pid": os.getpid(), "host": socket.gethostname(), "since": now}
        write_atomically(folder / HOLDER, json.dumps(mine).encode())
        try:
            yield
        finally:
            (folder / HOLDER).unlink(missing_ok=True)


def _holder(folder: Path) -> str:
    try:
        found = json.loads((folder / HOLDER).read_bytes())
        return f" (pid {found['pid']} on {found['host']}, since {found['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it is just beginning or ending


def _sweep(folder: Path) -> None:
    for place in (folder, folder / "members", folder / "checkpoints"):
        for path in place.glob(".*"):
            if ASIDE.fullmatch(path.name):
                path.unlink(missing_ok=True)
    _publish(folder)
    shutil.rmtree(folder / STAGED, ignore_errors=True)


def stage(folder: Path) -> Path:
    """An empty folder aside, for figures."""
    shutil.rmtree(folder / STAGED, ignore_errors=True)
    try:
        (folder / STAGED).mkdir()
    except OSError as error:
        raise OutsideError(f"{folder}: cannot be written: {error.strerror}") from None
    return folder / STAGED


def finish(folder: Path, record: Record, work: str, figures: Mapping[str, str]) -> None:
    """Put the record, and the figures that are staged, in the place of what was there.

    Args:
        folder: The results folder.
        record: The record.
        work: What it depends on, see `finished`.
        figures: Figure -> what it depends on, see `figures_of`.
    """
    state = json.dumps({"work": work, "record": record.digest, "figures": dict(figures)})
    write_atomically(folder / STAGED / STATE, state.encode())
    write(record, folder / STAGED / RECORD)  # last: a staged record says that all is there
    _publish(folder)
    shutil.rmtree(folder / STAGED)


def figures_of(folder: Path) -> dict[str, tuple[str, FigureRecord]]:
    """The figures that are there whole: by name, what each depends on, and its files."""
    try:
        keys = json.loads((folder / STATE).read_bytes())["figures"]
        found = {figure.name: figure for figure in read(folder / RECORD).figures}
        return {
            name: (str(key), found[name])
            for name, key in keys.items()
            if name in found and all((folder / file).exists() for file in found[name].files)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # drawn again


def _publish(folder: Path) -> None:
    """Move in what is staged, if it is whole; a move that was cut short is completed."""
    staged = folder / STAGED
    if not (staged / RECORD).exists():
        return
    new = read(staged / RECORD)
    files = [name for figure in new.figures for name in figure.files]
    try:
        old = [name for figure in read(folder / RECORD).figures for name in figure.files]
    except UserError:
        old = []
    (folder / RECORD).unlink(missing_ok=True)
    for name in set(old) - set(files):
        (folder / name).unlink(missing_ok=True)
    for name in (*files, STATE, RECORD):
        if (staged / name).exists():
            os.replace(staged / name, folder / name)


def finished(folder: Path, work: str) -> bool:
    """Whether the folder holds the whole result of this work."""
    try:
        state: Any = json.loads((folder / STATE).read_bytes())
        found = read(folder / RECORD)
    except (OSError, ValueError):
        return False
    files = [name for figure in found.figures for name in figure.files]
    return (
        isinstance(state, dict)
        and state.get("work") == work
        and state.get("record") == found.digest
        and all((folder / name).exists() for name in files)
    )


def forget(folder: Path) -> None:
    """Remove members, checkpoints and measures, and that anything was finished."""
    from ae.running.measurements import FILE as MEASURES

    patterns = ("members/*.safetensors", "checkpoints/*.safetensors", STATE, MEASURES)
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        path.unlink()


def prune(folder: Path, kept: "Sequence[Member]", store: "Members") -> None:
    """Remove what newer members have replaced: files of the same run and seed under older keys.

    Members that were imported stay, and so do those of runs and seeds that have no newer one.
    """
    newest = {(m.run, m.seed): m.key for m in kept}
    for trained in store.all():
        key = newest.get((trained.run, trained.seed))
        if key is not None and key != trained.key and not trained.imported:
            trained.path.unlink()
    for path in folder.glob("checkpoints/[!.]*.safetensors"):
        if all((run, seed) in newest for run, seed in notes_of(path).get("names", [])):
            path.unlink()
