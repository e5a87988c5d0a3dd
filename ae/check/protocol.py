"""What a stage's numbers come to over its epochs: protocols that nobody can mean."""

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from ae.check.origin import Origin
from ae.data.manifest import Manifest
from ae.spec import Cell, DataTable, Descent, Schedule, StepTable
from ae.toml.file import Fault, Steps

FULL = ("paper", "quick")  # tiers that train in earnest; `smoke` takes a few steps, for tests
WORDS = {"lr": "lr|rate"}  # how prose may name what a schedule moves, beside its own name


def unmeant(
    cell: Cell,
    peers: Sequence[Cell],
    swept: AbstractSet[str],
    manifest: Manifest | None,
    origin: Origin,
) -> Iterator[Fault]:
    """What cannot be meant of how a run is trained: steps, schedules, optimisers.

    Args:
        cell: The run in its tier.
        peers: All runs of the tier.
        swept: What the run's model names in `sweeps`.
        manifest: That of its data set, None where it is not known.
        origin: Where its keys come from.
    """
    for name in cell.train.use:
        stage = cell.train.stages.get(name)
        if not isinstance(stage, Descent):
            continue
        at = ("train", "stages", name)
        yield from _stepless(name, stage, cell.data, _most(cell.data, manifest), origin)
        for i, step in enumerate(stage.steps):
            place = partial(origin.key, *at, *(("phases", i - 1) if i else ()))
            yield from _undecayed(step, place)
            for schedule in step.schedules:
                yield from _still(schedule, stage.epochs, place("schedules"))
                yield from _unseen(schedule, stage.epochs, origin.key(*at, "epochs"), origin)
                if schedule.key.removeprefix("buffer:") in swept:
                    yield from _overwritten(schedule, name, cell, peers, origin)


def _most(data: DataTable, manifest: Manifest | None) -> int | None:
    """The most examples that the training set can have; None where only its files say."""
    split = None if manifest is None else manifest.splits.get(data.train)
    known = [n for n in (data.limit, split and split.count) if isinstance(n, int)]
    return min(known, default=None)


def _stepless(
    name: str, stage: Descent, data: DataTable, most: int | None, origin: Origin
) -> Iterator[Fault]:
    """A batch that is never full, and epochs that are less than half of a step."""
    if most is None:
        if stage.batch != "all":
            return
        most = 1  # a step sees all, however many
    shown = most if data.labelled == "all" else min(data.labelled, most)
    seen = shown if stage.order == "labelled" else most
    size = seen if stage.batch == "all" else stage.batch
    if seen < size:
        limited = stage.order != "labelled" and seen == data.limit
        place = ("data", "limit") if limited else ("train", "stages", name, "batch")
        text = (
            f"found {seen}; expected at least {size}, a batch of the stage {name!r}"
            if limited
            else f"found {size}; expected at most {seen}, for there are no more examples"
        )
        yield Fault(origin.key(*place), text)
        return
    batches = _batches(stage, size, most, shown)
    if batches and not round(stage.epochs * batches):
        many = "one batch" if batches == 1 else f"{batches} batches"
        text = (
            f"found {stage.epochs:g}; an epoch has {many} of {stage.batch}, so that it makes no step: "
            f"expected at least {1 / batches:.3g}"
        )
        yield Fault(origin.key("train", "stages", name, "epochs"), text)


def _batches(stage: Descent, size: int, examples: int, shown: int) -> int:
    """Batches in an epoch, as the trainer counts them (`ae.training.batches`)."""
    match stage.order:
        case "labelled":
            return shown // size
        case "apart":
            return shown // size + (examples - shown) // size
        case _:
            return examples // size + (stage.remainder == "kept" and examples % size > 0)


def _undecayed(step: StepTable, place: Callable[[str], Steps]) -> Iterator[Fault]:
    if step.optimizer.name == "AdamW" and step.optimizer.weight_decay is None:
        text = "AdamW without weight_decay takes torch's 0.01; expected the key, 0.0 for none"
        yield Fault(place("optimizer"), text)


def _still(schedule: Schedule, epochs: float, place: Steps) -> Iterator[Fault]:
    """A learning rate that is 0 from the first step to the last."""
    begun = [v for a, v in zip(schedule.at, schedule.values, strict=True) if a < epochs]
    if schedule.kind != "step" and begun:
        begun = [*schedule.values]
    if schedule.key == "lr" and not any([schedule.values[0], *begun]):
        text = f"the factor on lr is 0 over all {epochs:g} epochs; expected one above 0"
        yield Fault(place, text)


def _unseen(schedule: Schedule, epochs: float, place: Steps, origin: Origin) -> Iterator[Fault]:
    """A schedule that would change its number only after the stage has ended."""
    first = _first_change(schedule)
    if origin.tier not in FULL or first is None or first < epochs or _named(schedule, origin):
        return
    text = (
        f"found {epochs:g}; the schedule of {schedule.key!r} changes it first at the epoch {first:g}: "
        f"expected more epochs, other `schedules`, or a [[deviation]] of the tier {origin.tier!r} "
        f"alone whose `here` names {schedule.key.removeprefix('buffer:')!r}"
    )
    yield Fault(place, text)


def _first_change(schedule: Schedule) -> float | None:
    """The epoch from which a schedule has another value than at first; None if never."""
    at, values = schedule.at, schedule.values
    moved = [a for a, v in zip(at[1:], values[1:], strict=True) if v != values[0]]
    if schedule.kind == "step" or not moved:
        return min(moved, default=None)
    return at[0]


def _named(schedule: Schedule, origin: Origin) -> bool:
    """Whether a deviation says that the number stays as it is, of this tier on purpose."""
    key = schedule.key.removeprefix("buffer:")
    words = re.compile(rf"\b({WORDS.get(key, re.escape(key))})\b")
    return any(
        origin.tier in deviation.tiers
        and ("paper" not in deviation.tiers or origin.tier == "paper")
        and words.search(deviation.here)
        for deviation in origin.spec.deviation
    )


def _overwritten(
    schedule: Schedule, stage: str, cell: Cell, peers: Sequence[Cell], origin: Origin
) -> Iterator[Fault]:
    """A number that runs sweep, and that a schedule replaces by another.

    One that ends at the number is that number's own warm-up. One that begins at it may be meant
    where the runs that it moves agree in it: else their sweep would come to nothing.
    """
    name = schedule.key.removeprefix("buffer:")
    own, first, last = cell.model.get(name), schedule.values[0], schedule.values[-1]
    if not isinstance(own, int | float) or own == last:
        return
    alike = [
        p for p in peers if p.model["class"] == cell.model["class"] and _moves(p, stage, schedule)
    ]
    if own != first or any(p.model.get(name) != own for p in alike):
        text = (
            f"found {own:g}; the schedule of {schedule.key!r} in the stage {stage!r} overwrites it "
            f"and ends at {last:g}: expected that number, or a schedule of the run's own"
        )
        yield Fault(origin.key("model", name), text)


def _moves(cell: Cell, name: str, schedule: Schedule) -> bool:
    """Whether a run takes the stage, with this schedule in it."""
    stage = cell.train.stages.get(name) if name in cell.train.use else None
    return isinstance(stage, Descent) and any(schedule in s.schedules for s in stage.steps)
