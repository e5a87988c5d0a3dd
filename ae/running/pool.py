"""Processes that do jobs, one thread each: how many, who does what, what they say.

A worker is a new interpreter, never a fork of this one: torch's threads do not survive a fork. It
does one job after another, so that torch and a paper's data are loaded once.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from ae.machine.limits import free_gib
from ae.machine.threads import cores_meant
from ae.running.jobs import Job
from ae.running.worker import Died, Happened, Message

GIB_EACH = 2.0  # free memory that a worker on the CPU is reckoned to take
TICK = 0.2  # seconds after which an order to stop is heard at the latest
PATIENCE = 30.0  # seconds in which a process that has no more to do should be gone
SIGNALS = {signal.SIGINT, signal.SIGTERM}
CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from ae.running.worker import main; main(int(sys.argv[1]))"
)


def how_many() -> int:
    """Workers on the CPU: one a core, as far as free memory allows."""
    return max(1, min(cores_meant(), int(free_gib() / GIB_EACH)))


class _Worker:
    """A process; `pipe` is readable when it has something to say or has ended."""

    def __init__(self, threads: int) -> None:
        self.job: Job | None = None
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-c", CODE, str(theirs.fileno()), *sys.path]
        # Signals to the whole group wait until the worker is there to hear them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"OMP_NUM_THREADS": str(threads), "MPLBACKEND": "Agg"},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    def give(self, job: Job) -> None:
        """Give it a job."""
        self.job = job
        self._send(job)

    def hear(self) -> Message:
        """What it says next; at the last, the process is gone."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            return Died(_how(self._process.wait()))
        return message

    def stop(self) -> None:
        """Ask it to stop after its step, and to end."""
        self._send("stop")

    def end(self) -> None:
        """Let it end: it has nothing to do."""
        self._send("stop")
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _send(self, what: object) -> None:
        with suppress(OSError):  # it is gone, as `hear` will say
            self.pipe.send(what)


def _how(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    known = {s.value: s.name for s in signal.Signals}
    name = known.get(-code, f"signal {-code}")
    short = "; memory may have run short, --jobs 1 takes less" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{short}"


class Crew:
    """At most so many workers, made when they are needed.

    Args:
        most: How many at once.
        threads: Threads of each; by default the cores that are meant, shared out.
    """

    def __init__(self, most: int, threads: int | None = None) -> None:
        self.most = most
        self._threads = threads or max(1, cores_meant() // most)
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}
        self._told = False

    @property
    def free(self) -> int:
        """How many more jobs can be given."""
        return 0 if self._told else self.most - len(self._busy)

    @property
    def busy(self) -> int:
        """How many jobs are being done."""
        return len(self._busy)

    def give(self, job: Job) -> None:
        """Have a job done: by a worker whose last job was of the same paper, if one is idle."""
        same = [w for w in self._idle if w.job is not None and w.job.path == job.path]
        worker = (same or self._idle or [_Worker(self._threads)])[-1]
        if worker in self._idle:
            self._idle.remove(worker)
        worker.give(job)
        self._busy[worker.pipe] = worker

    def stop(self) -> None:
        """Ask all that are at work to stop after their step; once is enough."""
        if not self._told:
            self._told = True
            for worker in self._busy.values():
                worker.stop()

    def hear(self) -> Iterator[tuple[Job, Message]]:
        """What was said meanwhile, waiting a moment for it; a job that is over frees its worker."""
        for pipe in wait(list(self._busy), timeout=TICK):
            worker = self._busy[pipe]  # type: ignore[index]
            message = worker.hear()
            job = worker.job
            assert job is not None
            if not isinstance(message, Happened):
                del self._busy[worker.pipe]
                if not isinstance(message, Died):
                    self._idle.append(worker)
            yield job, message

    def close(self) -> None:
        """End the idle ones, kill those at work: afterwards no process is left."""
        for worker in self._busy.values():
            worker.kill()
        for worker in self._idle:
            worker.stop()
        for worker in self._idle:
            worker.end()
        self._busy, self._idle = {}, []
