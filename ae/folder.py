"""A results folder: one process at a time, old and new never mixed, no litter of killed runs.

Figures, state and record of a run are first made in a folder aside. When all are there they are
moved in, the record last: whoever finds a record finds the figures that belong to it.
"""

import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ae.errors import OutsideError, UserError
from ae.record import Record, read, write, write_atomically

RECORD, STATE, STAGED, HOLDER = "record.json", "state.json", ".staged", ".holder"
# Files aside: as `tempfile` names them, and as safetensors does, which writes another beside ours.
ASIDE = re.compile(r"\.(?!mlflow\.json).+\.[a-z0-9_]{8}|\.tmp[A-Za-z0-9]{6}")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other run out of the folder meanwhile, and clear what a killed one left there.

    The lock is the system's: it ends with the process that holds it, however that ends.

    Raises:
        OutsideError: Another process is at work there, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock").acquire(timeout=0)
    except Timeout:
        raise OutsideError(
            f"{folder}: another `ae run` is at work there{_holder(folder)}; wait for it or end it"
        ) from None
    except OSError as error:
        raise OutsideError(f"{folder}: cannot be written: {error.strerror}") from None
    with lock:
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
    for place in (folder, folder / "stacks", folder / "checkpoints"):
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


def finish(folder: Path, record: Record, work: str) -> None:
    """Put the record, and the figures that are staged, in the place of what was there."""
    state = json.dumps({"work": work, "record": record.digest})
    write_atomically(folder / STAGED / STATE, state.encode())
    write(record, folder / STAGED / RECORD)  # last: a staged record says that all is there
    _publish(folder)
    shutil.rmtree(folder / STAGED)


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
    """Remove weights and checkpoints, and that anything was finished."""
    for pattern in ("stacks/*.safetensors", "checkpoints/*.safetensors", STATE):
        for path in folder.glob(pattern):
            path.unlink()


def prune(folder: Path, keys: set[str]) -> None:
    """Remove checkpoints, and weights under other keys than these."""
    kept = {f"{key}.safetensors" for key in keys}
    for path in folder.glob("*s/*.safetensors"):
        if path.parent.name == "checkpoints" or path.name not in kept:
            path.unlink()
