"""A session with several papers: plans each, trains their stacks, concludes each when it is whole.

It yields what happens and prints nothing. Work is shared out over processes of one thread, one a
core, or done here. A paper that fails does not stop the others.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ae.errors import Interrupted, MissingData, OutsideError
from ae.machine.usage import added
from ae.running.crew import Alone, CrewLike
from ae.running.folder import folder_of, held
from ae.running.happening import Crash, Happening, LeftOut, Planned, Progress, Recorded
from ae.running.jobs import Job, PlannedPaper
from ae.running.pool import Crew, how_many
from ae.running.state import PaperState, Rank, Request, foremost
from ae.running.worker import ARRIVE, Crashed, Died, Done, Failed, Happened, Message, Stopped


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
        crew: Callable[[], CrewLike] | None = None,
    ) -> None:
        self.papers = [PaperState(request) for request in requests]
        self.stop, self.rank, self.deadline, self.only_plan = stop, rank, deadline, only_plan
        cpu = all(request.settings.device == "cpu" for request in requests)
        self.jobs = (how_many() if cpu else 1) if jobs is None else jobs
        own = (lambda: Crew(self.jobs)) if self.jobs else (lambda: Alone(self._halt))
        self._hire: Callable[[], CrewLike] = crew or own
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
            paper.waiting.append(paper.job("plan", sized=self.only_plan))
        try:
            for happened in self._work():
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

    def _work(self) -> Iterator[Happening]:
        """By a crew; another one concludes what a deadline has cut short."""
        for late in (False, True):
            crew = self._hire()
            try:
                yield from self._crewed(crew, late=late)
            finally:
                crew.close()

    def _crewed(self, crew: CrewLike, *, late: bool) -> Iterator[Happening]:
        # By folder: where members are brought, a spec may be there in two tiers.
        there = {folder_of(p.request.path, p.request.settings): p for p in self.papers}
        while True:
            if self.stop() or self._crash or (self._late() and not late):
                crew.stop()
            while crew.free and (found := self._next()) is not None:
                crew.give(found[1])
            if not crew.busy:
                return
            for job, message in crew.hear():
                paper = there[folder_of(job.path, job.settings)]
                yield from self._heard(paper, job, message)

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def _halt(self, job: Job) -> bool:
        """Whether a job done here is to stop: a deadline stops training alone."""
        return self.stop() or (job.kind == "train" and self._late())

    # --------------------------------------------------------------- what next

    def _next(self) -> tuple[PaperState, Job] | None:
        """The next job, taken off its paper's list, which holds its folder from now on."""
        while not self.stop() and self._crash is None:
            if self._late():
                self._cut()
            found = foremost(self.papers, self.rank)
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

    def _cut(self) -> None:
        """Train no more; conclude the papers of which something is new."""
        for paper in self.papers:
            lost = [job for job in paper.waiting if job.kind != "conclude"]
            for job in lost:
                paper.waiting.remove(job)
            if lost and not paper.over and not paper.at_work and not paper.waiting:
                self._follow(paper) if paper.trained else paper.close()

    # -------------------------------------------------------------- what comes

    def _heard(self, paper: PaperState, job: Job, message: Message) -> Iterator[Happening]:
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

    def _took(self, paper: PaperState, job: Job, done: Done) -> Iterator[Happening]:
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

    def _follow(self, paper: PaperState) -> None:
        """Conclude the paper once nothing of it is to be trained any more.

        Where claims are bought one by one, also as soon as one has all that it needs.
        """
        if paper.plan is None or paper.over or any(j.kind == "conclude" for j in paper.jobs):
            return
        ready = paper.ready
        if self.rank is not None and ready - paper.concluded:
            paper.concluded |= ready
            paper.conclude(None if self.rank is None else ready)
        elif not paper.waiting and not paper.at_work:
            if self.rank is not None and not paper.trained:
                paper.close()  # nothing is new
                return
            paper.conclude(None if self.rank is None else ready)

    def _lose(self, paper: PaperState, kind: str, why: str) -> Iterator[LeftOut]:
        """Leave a paper out, for what it met first; the only one's is the session's own error."""
        if paper.over:  # another of its stacks met something before
            return
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
