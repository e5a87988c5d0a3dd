"""Standard streams that end no work: closed ones, readers who left, disks that are full.

What is printed is a copy: the record, the report and the exit code do not depend on who reads it.
"""

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

# What a pipe without a reader says, or a terminal that was closed; anything else lost is a fault.
LEFT = {errno.EPIPE, errno.EIO, errno.ECONNRESET}


class Patient(io.RawIOBase):
    """A descriptor that never fails: what it cannot write is dropped, and `lost` says why.

    It waits for a pipe that does not: another program may have set it so.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.lost: OSError | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor's number."""
        return self.number

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return os.isatty(self.number)

    def write(self, data: Any) -> int:
        """Write all of it, or drop it from where it fails; all later writes go nowhere."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            try:
                left = left[os.write(self.number, left) :]
            except BlockingIOError:
                select.select([], [self.number], [])
            except OSError as error:
                self.lost = error
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.number)  # for libraries and other processes, too
                os.close(nowhere)
                break
        return size


def settle() -> None:
    """Make the standard streams patient; where one is closed, one that goes nowhere."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the next file that is opened must not get this number
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _patient(1, sys.stdout)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _patient(2, sys.stderr)


def _patient(number: int, stream: TextIO | None) -> io.TextIOWrapper:
    """In the encoding of what was there; a locale that lacks a word does not end a run."""
    if stream is not None:
        stream.flush()
    known = stream if isinstance(stream, io.TextIOWrapper) else None
    return io.TextIOWrapper(
        io.BufferedWriter(Patient(number)),
        encoding=known.encoding if known else "utf-8",
        errors="replace",
        line_buffering=known.line_buffering if known else number == 2,
        write_through=known is not None and known.write_through,
    )


def lost() -> OSError | None:
    """Why what was printed did not arrive, unless its reader left; after a flush."""
    found = None
    for stream in (sys.stderr, sys.stdout):
        stream.flush()
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, Patient) and raw.lost and raw.lost.errno not in LEFT:
            found = raw.lost
    return found
