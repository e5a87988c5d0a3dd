"""Locks between processes, also where a file system has none."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ae.disk import UNABLE, make_folder
from ae.errors import OutsideError

POLL = 0.05  # seconds between attempts


class Locked(OutsideError):
    """Another process holds a lock; `by_file` says that a file stands for it, not the system."""

    def __init__(self, message: str, *, by_file: bool = False) -> None:
        super().__init__(message)
        self.by_file = by_file


@contextmanager
def locked(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock meanwhile; after `wait` seconds without it, give up.

    The lock is the system's: it ends with the process that holds it, however that ends. On a file
    system without locks a file of that name with `.held` behind stands for it.

    Raises:
        Locked: Another process holds it.
        OSError: The file cannot be made.
    """
    make_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        why = _taken(handle, path, wait)
        if why is None:
            yield
        else:
            with _by_file(path.with_name(f"{path.name}.held"), wait, why):
                yield
    finally:
        os.close(handle)


def _taken(handle: int, path: Path, wait: float) -> str | None:
    """Take the system's lock; why it has none, if it has none."""
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= end:
                raise Locked(f"{path}: another process holds this lock") from None
            time.sleep(POLL)
        except OSError as error:
            if error.errno not in UNABLE:
                raise
            return error.strerror or "no locks"
        else:
            return None


@contextmanager
def _by_file(path: Path, wait: float, why: str) -> Iterator[None]:
    from filelock import SoftFileLock, Timeout

    try:
        lock = SoftFileLock(path).acquire(timeout=wait)
    except Timeout:
        raise Locked(
            f"{path}: another process is at work, or one was killed there; this file system has no "
            f"locks ({why}), so that a file stands for one: remove it if nothing is at work",
            by_file=True,
        ) from None
    with lock:
        yield
