"""A process that does jobs on papers for another process, which `pool` has it started by.

It reads its orders from a pipe, sends what happens, and stops after its step when it is told to,
when SIGTERM comes, or when the other end of the pipe is gone, as that process then is. The SIGINT
of a terminal is left to the one that started it.
"""

import signal
import threading
import time
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from ae.errors import Interrupted, MissingData, OutsideError, UserError
from ae.machine.memory import give_back
from ae.machine.threads import set_policy
from ae.running.event import Event
from ae.running.jobs import Job, Result

if TYPE_CHECKING:
    from ae.machine.usage import Usage

EVERY = 0.1  # seconds between two events of the same kind
ARRIVE: dict[str, type[Exception]] = {
    kind.__name__: kind for kind in (MissingData, OutsideError, UserError, OSError, MemoryError)
}


@dataclass(frozen=True)
class Happened:
    """Work goes on."""

    event: Event


@dataclass(frozen=True)
class Done:
    """The job is done: what came of it, and what it took if that was measured."""

    result: Result
    usage: "Usage | None"


@dataclass(frozen=True)
class Stopped:
    """It was told to stop; `kept` says what is kept."""

    kept: str


@dataclass(frozen=True)
class Failed:
    """It met an error of the user's or of the world outside: a name in `ARRIVE` and a text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Crashed:
    """It met a fault of `ae`."""

    traceback: str


@dataclass(frozen=True)
class Died:
    """Its process is gone."""

    how: str


Message = Happened | Done | Stopped | Failed | Crashed | Died


class Orders:
    """The jobs that come through the pipe; true once the order to stop came, or nobody is there."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._asked = pipe, threading.Event()
        self._jobs: deque[Job] = deque()
        self._news = threading.Condition()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: self._asked.set())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        threading.Thread(target=self._listen, daemon=True).start()

    def __call__(self) -> bool:
        """Whether to stop after this step."""
        return self._asked.is_set()

    def next(self) -> Job | None:
        """The next job; None once there will be none."""
        while not self():
            with self._news:
                if self._jobs:
                    return self._jobs.popleft()
                self._news.wait(0.1)
        return None

    def ask(self) -> None:
        """Stop after this step."""
        self._asked.set()
        with self._news:
            self._news.notify()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while isinstance(order := self._pipe.recv(), Job):
                with self._news:
                    self._jobs.append(order)
                    self._news.notify()
        self.ask()


def main(handle: int) -> None:
    """Do what the pipe of this file descriptor says; what goes wrong is told there, too."""
    pipe = Connection(handle)
    set_policy()
    orders = Orders(pipe)
    last = None
    while (job := orders.next()) is not None:
        if last not in (None, job.path):
            _forget()
        last = job.path
        _send(pipe, _last(job, pipe, orders), orders)


def _forget() -> None:
    """Let go of the paper that was worked on: the next has other shapes."""
    from ae.running.carry import forget

    forget()
    give_back()


def _last(job: Job, pipe: Connection, orders: Orders) -> Message:
    """Do a job; the last message of it."""
    try:
        return _do(job, pipe, orders)
    except Interrupted as stopped:
        return Stopped(str(stopped) or "checkpoint written")
    except tuple(ARRIVE.values()) as error:
        kind = next(name for name, known in ARRIVE.items() if isinstance(error, known))
        return Failed(kind, str(error))
    except BaseException:  # noqa: BLE001 - the last resort; whatever it is, it has a traceback
        return Crashed(traceback.format_exc())


def _do(job: Job, pipe: Connection, orders: Orders) -> Done:
    from ae.machine.threads import use_threads
    from ae.machine.usage import Meter
    from ae.running.carry import carry

    use_threads()
    meter = Meter()
    said, kind = 0.0, ("", "")
    work = carry(job, orders)
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return Done(end.value, meter.read())
        if (event.phase, event.detail) != kind or event.news or time.monotonic() - said > EVERY:
            said, kind = time.monotonic(), (event.phase, event.detail)
            _send(pipe, Happened(event), orders)


def _send(pipe: Connection, message: Message, orders: Orders) -> None:
    try:
        pipe.send(message)
    except OSError:  # whoever wanted to know is gone
        orders.ask()
