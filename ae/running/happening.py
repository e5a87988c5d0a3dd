"""What a session says while it goes on, in the order in which it happens."""

from dataclasses import dataclass
from pathlib import Path

from ae.machine.usage import Usage
from ae.running.event import Event
from ae.running.jobs import PlannedPaper


@dataclass(frozen=True)
class Progress:
    """Work on a paper goes on: `done` of `total` of its seconds, of one core.

    Where claims are bought one by one, the total is of what is begun.
    """

    name: str
    event: Event
    done: float
    total: float


@dataclass(frozen=True)
class Planned:
    """It is known what a paper will take."""

    name: str
    plan: PlannedPaper


@dataclass(frozen=True)
class Recorded:
    """A paper's record is written, and what that took."""

    path: Path
    record: Path
    plan: PlannedPaper
    usage: Usage | None


@dataclass(frozen=True)
class LeftOut:
    """A paper is not done: the kind of its error (see `worker.ARRIVE`), and its words."""

    name: str
    kind: str
    why: str


Happening = Progress | Planned | Recorded | LeftOut


class Crash(Exception):
    """A fault of `ae` in another process; the message is its traceback."""
