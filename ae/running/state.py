"""A paper that a session works on, and where it stands."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ae.machine.usage import Usage
from ae.running.jobs import Job, PlannedPaper
from ae.running.settings import Settings

Rank = Callable[[Job], Any]
"""Which stacks are trained first: those with the least rank."""


@dataclass(frozen=True)
class Request:
    """A paper, and what is wanted of it."""

    path: Path
    settings: Settings


@dataclass
class PaperState:
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
        """The spec's name."""
        return self.request.path.stem

    @property
    def total(self) -> float:
        """Seconds of one core that it takes in all, as far as known."""
        return max(self.plan.seconds, 1e-9) if self.plan else 1.0

    @property
    def spent(self) -> float:
        """Seconds of them that are done."""
        return self.done + sum(job.cost * share for job, share in self.at_work.items())

    @property
    def begun(self) -> float:
        """Seconds of what is done or at work."""
        return max(self.done + sum(job.cost for job in self.at_work), 1e-9)

    @property
    def jobs(self) -> list[Job]:
        """Its jobs that are not over."""
        return [*self.waiting, *self.at_work]

    @property
    def ready(self) -> set[str]:
        """The claims whose members are all there by now."""
        if self.plan is None:
            return set()
        there = {(run, s) for run, seeds in self.plan.there.items() for s in seeds} | self.trained
        return {claim for claim, names in self.plan.needs.items() if there.issuperset(names)}

    def job(self, kind: Any, **more: Any) -> Job:
        """A job of it."""
        return Job(kind, self.request.path, self.request.settings, **more)

    def conclude(self, claims: set[str] | None) -> None:
        """Have it measured and recorded: all of it, or what these claims need."""
        assert self.plan is not None
        job = self.job("conclude", cost=self.plan.conclude)
        if claims is not None:
            job = replace(job, settings=job.settings.with_(claims=tuple(sorted(claims))))
        self.waiting.append(job)

    def close(self) -> None:
        """Do no more of it; its folder is free for others."""
        self.over = True
        self.waiting.clear()
        self.lock.close()


def foremost(papers: Sequence[PaperState], rank: Rank | None) -> tuple[PaperState, Job] | None:
    """Whose job is next: conclusions before stacks; papers that were begun before others, or by rank."""
    open_ = [(p, job) for p in papers if not p.over for job in p.waiting]
    if rank is None:
        order = {"conclude": 0, "train": 1, "plan": 2}
        return min(open_, key=lambda pair: order[pair[1].kind], default=None)
    order = {"plan": 0, "conclude": 1, "train": 2}
    if any(p.plan is None and not p.over for p in papers):
        open_ = [pair for pair in open_ if pair[1].kind != "train"]  # ranked when all are known
    return min(
        open_,
        key=lambda pair: (order[pair[1].kind], rank(pair[1]) if pair[1].kind == "train" else 0),
        default=None,
    )
