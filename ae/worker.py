"""A process that runs one spec for another process, which `jobs` has it started by.

It reads its order from a pipe, sends what happens (plain tuples: `Message`), and stops after its
step when it is told to, when SIGTERM comes, or when the other end of the pipe is gone, as that
process then is. The SIGINT of a terminal is left to the one that started it.
"""

import signal
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ae.environment import set_policy
from ae.errors import MissingData, OutsideError, UserError

if TYPE_CHECKING:
    from ae.gate.baseline import Usage

EVERY = 0.1  # seconds between two events of the same kind
ARRIVE: dict[str, type[Exception]] = {
    kind.__name__: kind for kind in (MissingData, OutsideError, UserError, OSError, MemoryError)
}
Message = (
    tuple[Literal["event"], str, str, float, float, float]
    | tuple[Literal["done"], Path, "Usage | None"]
    | tuple[Literal["stopped"], str]
    | tuple[Literal["failed"], str, str]
    | tuple[Literal["crashed"], str]
)
"""An event's fields; the record and what was used; what is kept; a name in `ARRIVE` and a text; a traceback."""


@dataclass(frozen=True)
class Job:
    """One spec to be run: the arguments of its `Execution`; whether to say what it used."""

    path: Path
    tier: str
    root: Path
    results: Path
    device: str
    seeds: tuple[int, ...] | None
    fresh: bool
    draw: bool
    metered: bool

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.path.stem


class Stop:
    """True once the order to stop came, or a SIGTERM, or the other end of the pipe is gone."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._asked = pipe, threading.Event()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: self.ask())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        threading.Thread(target=self._listen, daemon=True).start()

    def __call__(self) -> bool:
        """Whether to stop after this step."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Stop after this step."""
        self._asked.set()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            self._pipe.recv()
        self.ask()


def main(handle: int) -> None:
    """Do what the pipe of this file descriptor says; what goes wrong is told there, too."""
    pipe = Connection(handle)
    set_policy()
    try:
        job: Job = pipe.recv()
    except EOFError:  # whoever wanted it is gone
        return
    stop = Stop(pipe)
    last = _work(job, pipe, stop)
    _send(pipe, last, stop)


def _work(job: Job, pipe: Connection, stop: Stop) -> Message:
    """Run the spec; the last message of it."""
    from ae.fitting import Interrupted

    try:
        return "done", *_run(job, pipe, stop)
    except Interrupted as stopped:
        return "stopped", str(stopped) or "checkpoint written"
    except tuple(ARRIVE.values()) as error:
        kind = next(name for name, known in ARRIVE.items() if isinstance(error, known))
        return "failed", kind, str(error)
    except BaseException:  # noqa: BLE001 - the last resort; whatever it is, it has a traceback
        return "crashed", traceback.format_exc()


def _run(job: Job, pipe: Connection, stop: Stop) -> "tuple[Path, Usage | None]":
    from ae.environment import use_threads
    from ae.execute import Execution
    from ae.gate.usage import Meter

    use_threads()
    meter = Meter() if job.metered else None
    execution = Execution(
        path=job.path,
        tier=job.tier,
        root=job.root,
        results=job.results,
        device=job.device,
        seeds=job.seeds,
        fresh=job.fresh,
        draw=job.draw,
        stop=stop,
    )
    said, kind = 0.0, ("", "")
    for event in execution.run():
        if (event.phase, event.detail) != kind or time.monotonic() - said > EVERY:
            said, kind = time.monotonic(), (event.phase, event.detail)
            fields = (event.phase, event.detail, event.done, event.total, event.share)
            _send(pipe, ("event", *fields), stop)
    return execution.record_path, meter.read() if meter else None


def _send(pipe: Connection, message: Message, stop: Stop) -> None:
    try:
        pipe.send(message)
    except OSError:  # whoever wanted to know is gone
        stop.ask()
