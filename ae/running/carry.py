"""Carries a job out in this process, whichever process that is."""

from collections.abc import Callable, Generator
from typing import Any

from ae.disk import visible
from ae.errors import OutsideError, exhausted
from ae.machine.provenance import processor
from ae.machine.threads import products
from ae.running.conclusion import Conclusion
from ae.running.dry_step import dry_step
from ae.running.estimate import Speeds, outlook, peak
from ae.running.event import Event
from ae.running.jobs import Job, PlannedPaper, PlannedStack, Result
from ae.running.needs import needs_of
from ae.running.paper import Paper
from ae.training.checkpoints import progress_of
from ae.training.key import differences
from ae.training.members import Members
from ae.training.plan import Member, StackPlan

_STEPPED: dict[str, Any] = {}  # the paper, and its runs that have taken a dry step here
_LAST: list[Paper] = []  # the paper of the last job: its data are loaded, the next is often of it


def carry(job: Job, stop: Callable[[], bool]) -> Generator[Event, None, Result]:
    """Do a job.

    Raises:
        Interrupted: `stop` said so; what is done is kept.
        MissingData: The paper's data are not at hand.
        OutsideError: Memory or disk ran out.
        UserError: The spec asks for what cannot be.
    """
    at = "its beginning"
    work = {"plan": _plan, "train": _train, "conclude": _conclude}[job.kind](job, stop)
    try:
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                result: Result = end.value
                return result
            at = f"{event.phase}, {event.detail}"
            yield event
    except (MemoryError, RuntimeError) as error:
        if (said := exhausted(error)) is None:
            raise
        raise OutsideError(
            f"{job.name}: out of memory (last: {at}): {said}; what is trained is kept"
        ) from None


def _paper(job: Job) -> Paper:
    """The job's paper; that of the last job, if it is the same."""
    if _LAST and (_LAST[0].path, _LAST[0].settings) == (job.path, job.settings):
        return _LAST[0]
    forget()
    _LAST.append(Paper(job.path, job.settings))
    return _LAST[0]


def forget() -> None:
    """Drop the last paper with its data: one paper at a time is in memory."""
    _LAST.clear()
    _STEPPED.clear()


def _plan(job: Job, stop: Callable[[], bool]) -> Generator[Event, None, PlannedPaper]:
    yield Event("data", "reading and verifying", 0, 1, 0)
    forget()  # what is on disk may be another by now
    paper = _paper(job)
    return planned(paper, sized=job.sized)


def planned(paper: Paper, *, sized: bool = False) -> PlannedPaper:
    """What is to be trained of a paper, and how long that takes here; `sized`: and how much memory."""
    there_now = _seeds_there(paper)
    needs = needs_of(paper, there_now)
    if paper.settings.spend:
        paper.narrow(name for names in needs.values() for name in names)
    plans = paper.to_train()
    taking = {(m.run, m.seed) for plan in plans for m in plan.members}
    there: dict[str, tuple[int, ...]] = {}
    for member in paper.members:
        if (member.run, member.seed) not in taking:
            there[member.run] = (*there.get(member.run, ()), member.seed)
    speeds = _speeds(paper) if plans else None
    found = tuple(_stack(paper, plan, speeds, sized) for plan in plans if speeds)
    conclusion = Conclusion(paper, lambda: False)
    return PlannedPaper(
        path=paper.path,
        stacks=found,
        there=there,
        done=not plans and bool(conclusion.found) and conclusion.done(),
        conclude=_measuring(paper, conclusion),
        needs=needs,
        origins=paper.splits.origins(),
    )


def _seeds_there(paper: Paper) -> dict[str, list[int]]:
    """Run -> the seeds that are trained, of all that the spec lists."""
    found: dict[str, list[int]] = {}
    for member in paper.members_of(paper.seeds):
        if paper.files(member):
            found.setdefault(member.run, []).append(member.seed)
    return found


def _speeds(paper: Paper) -> Speeds:
    """What steps took in all tiers of the paper."""
    folders = [f for f in visible(paper.folder.parent, "*") if f.is_dir()]
    trained = [member for folder in folders for member in Members(folder).all()]
    return Speeds(trained, processor(), peak(paper.here))


def _stack(paper: Paper, plan: StackPlan, speeds: Speeds, sized: bool) -> PlannedStack:
    data = paper.source(plan.members[0])
    fresh = data.fresh is not None
    watched = {split: len(held.x) for split, held in paper.watched(plan.cells[0]).items()}
    ahead = outlook(
        plan,
        len(data.x),
        data.features,
        speeds,
        row=data.row,
        fresh=fresh,
        watched=watched,
        sized=sized,
    )
    share = progress_of(paper.folder, plan)
    return PlannedStack(
        members=tuple((m.run, m.seed) for m in plan.members),
        seconds=ahead.seconds * (1 - share),
        steps=ahead.steps,
        bytes=ahead.bytes,
        share=share,
        why=_why(paper, plan.members),
    )


def _why(paper: Paper, members: tuple[Member, ...]) -> tuple[str, ...]:
    """In what these members differ from those that were trained of the same runs and seeds."""
    names = {(m.run, m.seed): m for m in members}
    found: dict[str, None] = {}
    for trained in paper.store.all():
        member = names.get((trained.run, trained.seed))
        if member is None:
            continue
        said = differences(member.parts, trained.parts)
        if not said and trained.where != paper.where:
            said = [f"where: trained on {trained.where}, wanted on {paper.where}"]
        found |= dict.fromkeys(f"{member.run}: {text}" for text in said)
    return tuple(found)


def _measuring(paper: Paper, conclusion: Conclusion) -> float:
    """Seconds that measures are thought to take of members without them, from what they took."""
    lacking = len(paper.members) - len(conclusion.found)
    names = [m.name for m in paper.spec.measure if paper.settings.tier in m.tiers]
    known = [conclusion.known.seconds(name) for name in names]
    return max(0, lacking) * sum(seconds for seconds in known if seconds is not None)


def _train(job: Job, stop: Callable[[], bool]) -> Generator[Event, None, None]:
    paper = _paper(job)
    if job.settings.spend:
        paper.narrow(job.stack)
    plan = paper.stack(job.stack)
    with products("float32", paper.here):
        yield Event("data", f"a dry step of {plan.name}", 0, 1, 0)
        ahead = [plan]
        if _STEPPED.get("paper") is not paper:  # its first stack here: the others are tried, too
            _STEPPED.update(paper=paper, runs=set())
            ahead += [] if job.settings.spend else paper.to_train()
        dry_step(paper, ahead, _STEPPED["runs"])
        for step in paper.train(plan, stop):
            detail = f"{plan.name}, {step.detail}"
            yield Event("train", detail, step.share, 1.0, step.share, step.news)


def _conclude(job: Job, stop: Callable[[], bool]) -> "Generator[Event, None, Result]":
    paper = _paper(job)
    if job.settings.spend:
        paper.narrow(())
    conclusion = Conclusion(paper, stop)
    if conclusion.done():
        yield Event("done", "already done; nothing to train", 1, 1)
    else:
        with products("float32", paper.here):
            yield from conclusion.run()
    return paper.folder / "record.json"
