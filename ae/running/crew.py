"""Who does the jobs of a session: what any crew can do, and a crew of this process alone."""

from collections.abc import Callable, Iterator
from typing import Protocol

from ae.errors import Interrupted
from ae.running.jobs import Job
from ae.running.worker import ARRIVE, Done, Failed, Happened, Message, Stopped


class CrewLike(Protocol):
    """Who does jobs: see `ae.running.pool.Crew`."""

    @property
    def free(self) -> int:
        """How many more jobs can be given."""

    @property
    def busy(self) -> int:
        """How many jobs are being done."""

    def give(self, job: Job) -> None:
        """Have a job done."""

    def hear(self) -> Iterator[tuple[Job, Message]]:
        """What was said meanwhile."""

    def stop(self) -> None:
        """Ask all to stop after their step."""

    def close(self) -> None:
        """End: no work goes on."""


class Alone:
    """Does one job after another in this process.

    Args:
        halt: What a job is stopped by; asked after every step.
    """

    def __init__(self, halt: Callable[[Job], bool]) -> None:
        self._halt = halt
        self._job: Job | None = None

    @property
    def free(self) -> int:
        """One, between jobs."""
        return int(self._job is None)

    @property
    def busy(self) -> int:
        """One, during a job."""
        return int(self._job is not None)

    def give(self, job: Job) -> None:
        """Have a job done when `hear` is asked."""
        self._job = job

    def hear(self) -> Iterator[tuple[Job, Message]]:
        """Do the job that was given."""
        job = self._job
        assert job is not None
        for message in self._carried(job):
            yield job, message
        self._job = None

    def stop(self) -> None:
        """Nothing to do: `halt` says so."""

    def close(self) -> None:
        """Nothing goes on."""

    def _carried(self, job: Job) -> Iterator[Message]:
        # Here, because they load torch: who shares work out over processes does without.
        from ae.machine.usage import Meter
        from ae.running.carry import carry

        meter = Meter()
        try:
            work = carry(job, lambda: self._halt(job))
            while True:
                try:
                    yield Happened(next(work))
                except StopIteration as end:
                    yield Done(end.value, meter.read())
                    return
        except Interrupted as stopped:
            yield Stopped(str(stopped) or "checkpoint written")
        except tuple(ARRIVE.values()) as error:
            yield Failed(next(n for n, k in ARRIVE.items() if isinstance(error, k)), str(error))
