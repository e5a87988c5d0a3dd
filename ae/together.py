"""A session of several specs at once: shows them, finishes each as it comes, ends in good order."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import click

from ae import record as records
from ae.errors import MissingData, OutsideError, UserError
from ae.fitting import Interrupted
from ae.jobs import Died, longest_first, together
from ae.progress import Board
from ae.record import Record
from ae.worker import ARRIVE, Job, Message

if TYPE_CHECKING:
    from ae.gate.baseline import Usage

T = TypeVar("T")
Then = Callable[[Path, Record, "Usage | None"], T]
"""What is done here with a spec's record when it is there, and with what the run used."""


class Crash(Exception):
    """A fault of `ae` in another process; the message is its traceback."""


def left_out(name: str, error: object) -> None:
    """Say that a spec is left out, and what is missing."""
    click.echo(f"ae: {name}: left out, its data are not at hand: {error}", err=True)


class Session(Generic[T]):
    """Jobs in processes of their own.

    Args:
        jobs: What to run.
        then: Called here when a job's record is there.
        stop: Asked all the time whether to stop.
    """

    def __init__(self, jobs: Sequence[Job], then: Then[T], stop: Callable[[], bool]) -> None:
        self.jobs, self.then, self.stop = jobs, then, stop
        self._begun: dict[Path, T | None] = {}
        self._stopped: list[str] = []
        self._dead: list[str] = []
        self._error: Exception | None = None

    def run(self, root: Path, most: int) -> list[T]:
        """Run them, at most so many at once, the longest first; what `then` gave, in their order.

        One whose data are not at hand is named and left out. One whose process dies is named, and
        the others go on. After any other error those at work stop after their step.

        Raises:
            Interrupted: It was asked to stop; what is done is kept.
            MissingData: The data of none are at hand.
            OutsideError: A process died; or what a job met.
            UserError: What a job met.
            Crash: A job met a fault of `ae`.
        """
        by_path = {job.path: job for job in self.jobs}
        order = [by_path[path] for path in longest_first(root, list(by_path))]
        with Board() as board, closing(together(order, most, self._over)) as told:
            for job, message in told:
                if message[0] == "event":
                    board.show(job.name, *message[1:])
                    continue
                with board.without(job.name):
                    self._end(job, message)
        self._complain()
        found = [self._begun[job.path] for job in self.jobs]
        return [one for one in found if one is not None]

    def _over(self) -> bool:
        return self.stop() or self._error is not None

    def _end(self, job: Job, message: Message | Died) -> None:
        self._begun[job.path] = None
        match message:
            case ("done", record, usage):
                try:
                    self._begun[job.path] = self.then(job.path, records.read(record), usage)
                except (UserError, OutsideError, OSError) as error:
                    self._fail(error)
            case ("failed", "MissingData", text):
                left_out(job.name, text)
            case ("failed", kind, text):
                self._fail(ARRIVE[kind](text))
            case ("crashed", trace):
                self._fail(Crash(f"{job.name}, in a process of its own:\n{trace}"))
            case ("stopped", kept) if self._over():
                self._stopped.append(f"{job.name}: {kept}")
            case ("stopped", kept):
                self._lose(job, f"its process was told to end (SIGTERM), {kept}")
            case ("died", how):
                self._lose(job, how)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error

    def _lose(self, job: Job, how: str) -> None:
        self._dead.append(job.name)
        click.echo(f"ae: {job.name}: {how}; run again to go on", err=True)

    def _complain(self) -> None:
        if self._error is not None:
            raise self._error
        left = [job.name for job in self.jobs if job.path not in self._begun]
        if self._stopped or left:
            more = [f"{left[0]}: not begun"] if len(left) == 1 else []
            more = more or ([f"{len(left)} more not begun"] if left else [])
            raise Interrupted("; ".join([*sorted(self._stopped), *more]))
        if self._dead:
            raise OutsideError(f"not done: {', '.join(self._dead)}")
        if all(one is None for one in self._begun.values()):
            raise MissingData("nothing was done: the data of no spec are at hand")
