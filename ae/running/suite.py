"""A session with several papers: plans each, trains their stacks, concludes each when it is whole.

It yields what happens and prints nothing. Work is shared out over processes of one thread, one a
core, or done here. A paper that fails does not stop the others.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ae.errors import Interrupted, MissingData, OutsideError, UserError
from ae.machine.usage import Usage, added
from ae.running.event import Event
from ae.running.folder import folder_of, held
from ae.running.jobs import Job, PlannedPaper
from ae.running.pool import Crew, how_many
from ae.running.settings import Settings
from ae.running.worker import ARRIVE, Crashed, Died, Done, Failed, Happened, Message, Stopped

Rank = Callable[[Job], Any]
"""Which stacks are trained first: those with the least rank."""


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


class Crash(Exception):
    """A fault of `ae` in another process; the message is its traceback."""


@dataclass(frozen=True)
class Request:
    """A paper, and what is wanted of it."""

    path: Path
    settings: Settings


@dataclass
class _Paper:
    """Where a paper stands: its jobs that wait, those at work with the share that is done."""

    request: Request
    waiting: list[Job] = field(default_factory=list)
    at_work: dict[Job, float] = field(default_factory=dict)
    plan: PlannedPaper | None = None
    done: float = 0.0
    usages: list[Usage] = field(default_factory=list)
    trained: set[tuple[str, int]] = field(default_factory=set)
    concluded: set[str] = field(default_factory=set)  # claims whose members were there by then
    lock: ExitStack = field(default_factory=ExitStack)
    over: bool = False

    @property
    def name(self) -> str:
        return self.request.path.stem

    @property
    def total(self) -> float:
        return max(self.plan.seconds, 1e-9) if self.plan else 1.0

    @property
    def spent(self) -> float:
        return self.done + sum(job.cost * share for job, share in self.at_work.items())

    @property
    def begun(self) -> float:
        return max(self.done + sum(job.cost for job in self.at_work), 1e-9)

    @property
    def jobs(self) -> list[Job]:
        return [*self.waiting, *self.at_work]

    @property
    def ready(self) -> set[str]:
        """The claims whose members are all there by now."""
        if self.plan is None:
            return set()
        there = {(run, s) for run, seeds in self.plan.there.items() for s in seeds} | self.trained
        return {claim for claim, names in self.plan.needs.items() if there.issuperset(names)}

    def job(self, kind: Any, **more: Any) -> Job:
        return Job(kind, self.request.path, self.request.settings, **more)

    def close(self) -> None:
        self.over = True
        self.waiting.clear()
        self.lock.close()


class Suite:
    """A session of `ae run`.

    Args:
        requests: The papers, in the order in which they are begun.
        stop: Asked all the time whether to stop.
        jobs: Processes; 0 does everything here, None is one a core as memory allows, one with CUDA.
        only_plan: Whether to plan, and no more.
        rank: Which stacks come first, of all papers; by default paper by paper.
        deadline: When (`time.monotonic`) training stops at a checkpoint; what is trained by then is
            still measured and recorded.
        crew: Makes who does the jobs, where that is not `jobs` processes of this machine.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        stop: Callable[[], bool],
        *,
        jobs: int | None = None,
        only_plan: bool = False,
        rank: Rank | None = None,
        deadline: float | None = None,
        crew: "Callable[[], CrewLike] | None" = None,
    ) -> None:
        self.papers = [_Paper(request) for request in requests]
        self.stop, self.rank, self.deadline, self.only_plan = stop, rank, deadline, only_plan
        cpu = all(request.settings.device == "cpu" for request in requests)
        self.jobs = (how_many() if cpu else 1) if jobs is None else jobs
        self._in_process = self.jobs == 0 and crew is None
        self._hire: Callable[[], CrewLike] = crew or (lambda: Crew(self.jobs))
        self._stopped: list[str] = []
        self._left: list[LeftOut] = []
        self._lost: list[LeftOut] = []  # of those, what is still to be told
        self._crash: Crash | None = None

    def run(self) -> Iterator[Happening]:
        """Run the papers; what happens, as it happens.

        Raises:
            Interrupted: It was asked to stop; what is done is kept.
            MissingData: The data of none are at hand.
            OutsideError: Papers were left out for another reason; they have been named.
            UserError: The only paper asks for what cannot be.
            Crash: A job met a fault of `ae`.
        """
        for paper in self.papers:
            paper.waiting.append(paper.job("plan"))
        try:
            for happened in self._alone() if self._in_process else self._together():
                yield from self._untold()
                yield happened
            yield from self._untold()
        finally:
            for paper in self.papers:
                paper.lock.close()
        self._complain()

    def _untold(self) -> Iterator[LeftOut]:
        while self._lost:
            yield self._lost.pop(0)

    # ------------------------------------------------------------- who works

    def _alone(self) -> Iterator[Happening]:
        """Everything in this process, one job after another."""
        while (found := self._next()) is not None:
            paper, job = found
            for message in self._carried(job):
                yield from self._heard(paper, job, message)

    def _carried(self, job: Job) -> Iterator[Message]:
        from ae.machine.usage import Meter
        from ae.running.carry import carry

        meter = Meter()
        try:
            work: Generator[Event, None, Any] = carry(job, self._halt(job))
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

    def _together(self) -> Iterator[Happening]:
        """In processes of their own; another crew concludes what a deadline has cut short."""
        for late in (False, True):
            crew = self._hire()
            try:
                yield from self._crewed(crew, late=late)
            finally:
                crew.close()

    def _crewed(self, crew: CrewLike, *, late: bool) -> Iterator[Happening]:
        by_path = {paper.request.path: paper for paper in self.papers}
        while True:
            if self.stop() or self._crash or (self._late() and not late):
                crew.stop()
            while crew.free and (found := self._next()) is not None:
                crew.give(found[1])
            if not crew.busy:
                return
            for job, message in crew.hear():
                yield from self._heard(by_path[job.path], job, message)

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _halt(self, job: Job) -> Callable[[], bool]:
        """What a job done here is stopped by: a deadline stops training alone."""
        return lambda: self.stop() or (job.kind == "train" and self._late())

    # --------------------------------------------------------------- what next

    def _next(self) -> tuple[_Paper, Job] | None:
        """The next job, taken off its paper's list, which holds its folder from now on."""
        while not self.stop() and self._crash is None:
            if self._late():
                self._cut()
            found = self._first()
            if found is None:
                return None
            paper, job = found
            paper.waiting.remove(job)
            try:
                if job.kind == "plan" and not self.only_plan:
                    paper.lock.enter_context(held(folder_of(job.path, job.settings)))
            except OutsideError as error:
                self._lost += self._lose(paper, "OutsideError", str(error))
                continue
            paper.at_work[job] = 0.0
            return paper, job
        return None

    def _first(self) -> tuple[_Paper, Job] | None:
        """Conclusions before stacks; papers that were begun before others, or by rank."""
        open_ = [(p, job) for p in self.papers if not p.over for job in p.waiting]
        if self.rank is None:
            order = {"conclude": 0, "train": 1, "plan": 2}
            return min(open_, key=lambda pair: order[pair[1].kind], default=None)
        order = {"plan": 0, "conclude": 1, "train": 2}
        if any(p.plan is None and not p.over for p in self.papers):
            open_ = [pair for pair in open_ if pair[1].kind != "train"]  # ranked when all are known
        rank = self.rank
        return min(
            open_,
            key=lambda pair: (order[pair[1].kind], rank(pair[1]) if pair[1].kind == "train" else 0),
            default=None,
        )

    def _cut(self) -> None:
        """Train no more; conclude the papers of which something is new."""
        for paper in self.papers:
            lost = [job for job in paper.waiting if job.kind != "conclude"]
            for job in lost:
                paper.waiting.remove(job)
            if lost and not paper.over and not paper.at_work and not paper.waiting:
                self._follow(paper) if paper.trained else paper.close()

    # -------------------------------------------------------------- what comes

    def _heard(self, paper: _Paper, job: Job, message: Message) -> Iterator[Happening]:
        if not isinstance(message, Happened):
            paper.at_work.pop(job, None)
        match message:
            case Happened(event):
                if job.kind == "train":
                    paper.at_work[job] = event.share
                # Where claims are bought one by one, the rest may never be.
                total = paper.total if self.rank is None else paper.begun
                yield Progress(paper.name, event, paper.spent, total)
            case Done():
                yield from self._took(paper, job, message)
            case Stopped(kept) if self.stop() or self._crash:
                self._stopped.append(f"{paper.name}: {kept}")
            case Stopped() if self._late():
                self._follow(paper)
            case Stopped(kept):
                why = f"its process was told to end (SIGTERM), {kept}; run again to go on"
                yield from self._lose(paper, "OutsideError", why)
            case Failed(kind, text):
                yield from self._lose(paper, kind, text)
            case Crashed(trace):
                self._crash = self._crash or Crash(
                    f"{paper.name}, in a process of its own:\n{trace}"
                )
            case Died(how):
                yield from self._lose(paper, "OutsideError", f"{how}; run again to go on")

    def _took(self, paper: _Paper, job: Job, done: Done) -> Iterator[Happening]:
        """A job is done; what follows it."""
        paper.done += job.cost
        if done.usage is not None:
            paper.usages.append(done.usage)
        match done.result:
            case PlannedPaper() as plan:
                paper.plan = plan
                yield Planned(paper.name, plan)
                if self.only_plan:
                    paper.close()
                    return
                for stack in plan.stacks:
                    paper.waiting.append(
                        paper.job("train", stack=stack.members, cost=stack.seconds)
                    )
            case Path() as record:
                assert paper.plan is not None
                yield Recorded(paper.request.path, record, paper.plan, added(paper.usages))
                if not paper.waiting and not paper.at_work:
                    paper.close()
                    return
            case _:
                paper.trained |= {*job.stack}
        self._follow(paper)

    def _follow(self, paper: _Paper) -> None:
        """Conclude the paper once nothing of it is to be trained any more.

        Where claims are bought one by one, also as soon as one has all that it needs.
        """
        if paper.plan is None or paper.over or any(j.kind == "conclude" for j in paper.jobs):
            return
        ready = paper.ready
        if self.rank is not None and ready - paper.concluded:
            paper.concluded |= ready
            paper.waiting.append(self._conclusion(paper, ready))
        elif not paper.waiting and not paper.at_work:
            if self.rank is not None and not paper.trained:
                paper.close()  # nothing is new
                return
            paper.waiting.append(self._conclusion(paper, ready))

    def _conclusion(self, paper: _Paper, claims: set[str]) -> Job:
        """Measure and record: what these claims need, where claims are bought one by one."""
        assert paper.plan is not None
        job = paper.job("conclude", cost=paper.plan.conclude)
        if self.rank is None:
            return job
        return replace(job, settings=job.settings.with_(claims=tuple(sorted(claims))))

    def _lose(self, paper: _Paper, kind: str, why: str) -> Iterator[LeftOut]:
        """Leave a paper out; what the only one meets is the session's own error."""
        paper.close()
        left = LeftOut(paper.name, kind, why)
        self._left.append(left)
        if len(self.papers) > 1 or kind == "MissingData":
            yield left

    def _complain(self) -> None:
        if self._crash is not None:
            raise self._crash
        begun = [p.name for p in self.papers if not p.over]
        if begun:
            said = sorted(set(self._stopped))
            silent = [name for name in begun if not any(s.startswith(f"{name}:") for s in said)]
            more = [f"{silent[0]}: not begun"] if len(silent) == 1 else []
            more = more or ([f"{len(silent)} more not begun"] if silent else [])
            raise Interrupted("; ".join([*said, *more]))
        if len(self.papers) == len(self._left) == 1 and self._left[0].kind != "MissingData":
            raise ARRIVE[self._left[0].kind](self._left[0].why)
        if lost := [one.name for one in self._left if one.kind != "MissingData"]:
            raise OutsideError(f"not done: {', '.join(lost)}")
        if self.papers and len(self._left) == len(self.papers):
            raise MissingData("nothing was done: the data of no spec are at hand")


def run_here(request: Request, stop: Callable[[], bool] = lambda: False) -> Path:
    """Run one paper in this process; its record's file.

    Raises:
        Interrupted: It was asked to stop.
        MissingData: Its data are not at hand.
        OutsideError: Memory, disk or another process is in the way.
        UserError: It asks for what cannot be.
    """
    for happened in Suite([request], stop, jobs=0).run():
        if isinstance(happened, Recorded):
            return happened.record
    raise UserError(f"{request.path.stem}: nothing came of it")
