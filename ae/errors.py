"""The ways in which `ae` stops: the user's input, the world outside, a request."""

import re

# What torch says when memory is not to be had: on a GPU, on the CPU, in a library that it calls.
EXHAUSTED = re.compile(
    r"\w* ?out of memory|DefaultCPUAllocator: [^:]* memory: you tried to allocate \d+ bytes|"
    r"std::bad_alloc"
)


class UserError(ValueError):
    """Something a person wrote is wrong; the message names place, found and expected.

    The command prints the message in one line and exits with 2.
    """


class Unmeasurable(UserError):
    """A measure cannot be taken of a member that was trained badly: its value there is NaN.

    The record keeps the reason, and the other members their values.
    """


class OutsideError(RuntimeError):
    """Something outside failed: data, disk, network, a crash in a library.

    The command prints the message in one line and exits with 3.
    """


class MissingData(OutsideError):
    """Files of a data set are neither on this machine nor to be had from a mirror.

    A run of several papers leaves out those that need it, and says so.
    """


class Interrupted(Exception):
    """Work stopped on request, after a checkpoint; the next run goes on from there."""


def plain(what: object, most: int = 200) -> str:
    """The first line of whatever a file or a server said, without what a terminal would obey."""
    text = str(what).strip().partition("\n")[0]
    return "".join(c if c.isprintable() else " " for c in text)[:most]


def exhausted(error: BaseException) -> str | None:
    """What an error says of memory that was not to be had; None if it is another error.

    Python and numpy raise MemoryError; torch a RuntimeError, on the CPU without a class of its own.
    """
    if isinstance(error, MemoryError):
        return plain(error) or "no more memory"
    said = EXHAUSTED.search(plain(error)) if isinstance(error, RuntimeError) else None
    return said[0] if said and not isinstance(error, OutsideError) else None
