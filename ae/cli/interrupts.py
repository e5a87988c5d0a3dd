"""Ctrl-C at any moment: one line, and the exit code.

An exception that a signal raises comes up anywhere, in the middle of an import too: numpy makes another
of it, torch aborts. So it is noted that a signal came, and the command ends by it whatever arrives; one
that asks to end at once raises nothing.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143
TASKS = Path("/proc/self/task")
_came: list[int] = []


def came() -> bool:
    """Whether an interrupt was raised."""
    return bool(_came)


def listen() -> None:
    """Raise KeyboardInterrupt at SIGINT, and note it; where it is ignored, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if came():
        end(INTERRUPTED)
    _came.append(number)
    raise KeyboardInterrupt


def leave() -> None:
    """Hear no more: the command is at its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end(code: int) -> NoReturn:
    """End at once, with the processes that this one started; nothing is half written by that."""
    with suppress(Exception):  # it may be in use just now
        sys.stdout.flush()
    with suppress(OSError):
        os.write(2, b"ae: ended at once; run again to go on\n")
    for child in _children():
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
    os._exit(code)


def _children() -> Iterator[int]:
    for path in TASKS.glob("*/children"):
        with suppress(OSError):
            yield from map(int, path.read_text(encoding="utf-8").split())
