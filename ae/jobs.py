"""Several specs at once, each in a process of its own: how many, who is next, what they say.

A worker is a new interpreter, never a fork of this one: torch's threads do not survive a fork.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Literal

from ae.environment import cores
from ae.worker import Job, Message

GIB_EACH = 2.5  # free memory that a spec on the CPU is reckoned to take
TICK = 0.2  # seconds after which an order to stop is heard at the latest
PATIENCE = 30.0  # seconds in which a process that has said its last should be gone
SIGNALS = {signal.SIGINT, signal.SIGTERM}
CODE = "import sys; sys.path[:] = sys.argv[3:]; from ae.worker import main; main(int(sys.argv[2]))"
Died = tuple[Literal["died"], str]


def cores_meant() -> int:
    """As many as OMP_NUM_THREADS says, else all that this process may use."""
    said = re.match(r"\s*([0-9]+)", os.environ.get("OMP_NUM_THREADS", ""))
    return max(1, int(said[1])) if said else cores()


def how_many(specs: int) -> int:
    """Processes for so many specs on the CPU: one a core, as far as free memory allows."""
    return max(1, min(cores_meant(), specs, int(_free_gib() / GIB_EACH)))


def _free_gib() -> float:
    """What the system can give without swapping, and at most what this container may take."""
    found = [float("inf")]
    with suppress(OSError):  # not Linux, or no such limit
        info = Path("/proc/meminfo").read_text(encoding="utf-8")
        found += [int(kib) / 2**20 for kib in re.findall(r"MemAvailable:\s+(\d+) kB", info)]
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8").strip()
        found += [int(limit) / 2**30] if limit.isdigit() else []
    return min(found)


def longest_first(root: Path, paths: Sequence[Path]) -> list[Path]:
    """Specs in the order in which to begin them: by the time that their baselines took.

    One without a baseline may be long, and is begun first.
    """
    return sorted(paths, key=lambda path: _seconds(root, path.stem), reverse=True)


def _seconds(root: Path, name: str) -> float:
    try:
        text = (root / "reports" / "baseline" / f"{name}.json").read_text(encoding="utf-8")
        return float(json.loads(text)["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return float("inf")


class _Worker:
    """A process at work on a job; `pipe` is readable when it has something to say or has ended."""

    def __init__(self, job: Job, threads: int) -> None:
        self.job = job
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-c", CODE, job.name, str(theirs.fileno()), *sys.path]
        # Signals to the whole group wait until the worker is there to hear them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._send(job)

    def hear(self) -> Message | Died:
        """The next message; at the last, the process is gone."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            code = self._process.wait()
            return "died", _how(code)
        if message[0] != "event":
            self._end()
        return message

    def stop(self) -> None:
        """Ask it to stop after its step."""
        self._send("stop")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _send(self, what: object) -> None:
        with suppress(OSError):  # it is gone, as `hear` will say
            self.pipe.send(what)

    def _end(self) -> None:
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()


def _how(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    known = {s.value: s.name for s in signal.Signals}
    name = known.get(-code, f"signal {-code}")
    short = "; memory may have run short, --jobs 1 takes less" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{short}"


def together(
    jobs: Sequence[Job], most: int, stop: Callable[[], bool]
) -> Generator[tuple[Job, Message | Died], None, None]:
    """Run jobs, at most so many at once, in their order; what each says, and lastly how it ended.

    Once `stop` is true none is begun, and those at work stop after their step. When this ends, by
    an error too, no process is left.
    """
    waiting, crew, told = deque(jobs), dict[Connection, _Worker](), False
    threads = max(1, cores_meant() // most)
    try:
        while crew or (waiting and not stop()):
            if stop() and not told:
                told = True
                for worker in crew.values():
                    worker.stop()
            while waiting and len(crew) < most and not stop():
                worker = _Worker(waiting.popleft(), threads)
                crew[worker.pipe] = worker
            for pipe in wait(list(crew), timeout=TICK):
                worker = crew[pipe]  # type: ignore[index]
                message = worker.hear()
                if message[0] != "event":
                    del crew[worker.pipe]
                yield worker.job, message
    finally:
        for worker in crew.values():
            worker.kill()
