"""What a planned stack will take here, before it is trained: steps, memory, time.

Where a stage of the same model was trained on this machine before, its recorded time a step counts.
Else the time is useful arithmetic over what this machine multiplies at: the matrix products and
convolutions of a step, forward and backward, at `USED` of the machine's matrix-product peak, or at
what the spec's other stages have reached of it.
"""

import functools
import math
import statistics
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from ae.disk import digest
from ae.spec import Descent, Fit
from ae.training.batches import batches_of, size_of
from ae.training.members import TrainedMember
from ae.training.memory import empty, footprint
from ae.training.plan import Member, StackPlan
from ae.training.rehearsal import rehearse

USED = 0.4  # of the peak
SIDE = 1024  # of the square matrices that measure it
FIT_SECONDS = 1.0  # a closed-form stage
PACE = {"epochs", "schedules"}  # of a stage: how long and at which rate, not how fast


class Outlook(NamedTuple):
    """A stack to come: memory in bytes at its peak, if asked for; time of one core in seconds."""

    stack: str
    seeds: int
    members: int
    steps: int
    bytes: int | None
    seconds: float


class Speeds:
    """What steps took on this machine, one thread each.

    Args:
        members: Trained members, of any tier of a spec; those of other machines are passed over.
        processor: This machine's.
        rate: Operations a second that one core multiplies matrices at, see `peak`.
    """

    def __init__(self, members: Iterable[TrainedMember], processor: str, rate: float) -> None:
        self.rate = rate
        self._known: dict[str, list[float]] = {}
        self._reached: list[float] = []
        for member in members:
            if member.trained.get("processor") == processor and not member.imported:
                for name, stage in member.stages.items():
                    protocol = dict(member.parts["protocol"]["stages"]).get(name)
                    if protocol and protocol.get("batch", "all") != "all" and stage["steps"]:
                        taken = stage["cpu_seconds"] / stage["steps"]
                        self._known.setdefault(_pace(member.parts["model"], protocol), []).append(
                            taken
                        )

    def step(
        self,
        member: Member,
        stage: Descent,
        features: int,
        examples: int,
        watched: Mapping[str, int],
    ) -> float:
        """Seconds that one member's step takes, one thread, with its share of evaluations.

        What a step on all examples took is of no use for a training set of another size.
        """
        key = _pace(member.cell.model, stage.model_dump(mode="json", exclude_defaults=True))
        work = step_flops(member, stage, features, examples)
        work *= 1 + _evaluated(stage, examples, watched)
        if key in self._known:
            found = statistics.median(self._known[key])
            self._reached.append(work / (found * self.rate))
            return found
        used = statistics.median(self._reached) if self._reached else USED
        return work / (used * self.rate)


def _pace(model: Mapping[str, Any], stage: Mapping[str, Any]) -> str:
    return digest([dict(model), {k: v for k, v in stage.items() if k not in PACE}])


def outlook(
    plan: StackPlan,
    examples: int,
    features: int,
    speeds: Speeds,
    *,
    row: int | None = None,
    fresh: bool = False,
    watched: Mapping[str, int] = {},
    sized: bool = True,
) -> Outlook:
    """What a stack will take from its beginning.

    Args:
        plan: The stack.
        examples: How many its training set has.
        features: Pixels of an example.
        speeds: What steps take here.
        row: Bytes that an example takes where it is kept; by default one a pixel.
        fresh: Whether examples are drawn anew at each step.
        watched: Split that its stages watch -> how many examples it has.
        sized: Whether memory is asked for, which a rehearsal of each stage finds.
    """
    seconds, shown = 0.0, labelled(plan, examples)
    for _, stage in plan.stages:
        if isinstance(stage, Fit):
            seconds += FIT_SECONDS
        else:
            one = speeds.step(plan.members[0], stage, features, examples, watched)
            seconds += len(plan.members) * one * steps_of(stage, examples, shown)
    return Outlook(
        stack=plan.name,
        seeds=len(plan.seeds),
        members=len(plan.members),
        steps=sum(steps_of(stage, examples, shown) for _, stage in plan.stages),
        bytes=footprint(plan, examples, features, row=row, fresh=fresh).total if sized else None,
        seconds=seconds,
    )


def labelled(plan: StackPlan, examples: int) -> int:
    """How many of the training set's examples show their label."""
    shown = plan.cells[0].data.labelled
    return examples if shown == "all" else shown


def steps_of(stage: Descent | Fit, examples: int, labelled: int) -> int:
    """Optimiser steps of a stage, where no member stops early."""
    if isinstance(stage, Fit):
        return 1
    return max(1, round(stage.epochs * batches_of(stage, examples, labelled)))


def _evaluated(stage: Descent, examples: int, watched: Mapping[str, int]) -> float:
    """The evaluations of a stage a step, in steps: an example's evaluation is a third of one."""
    found = 0.0
    for watch in stage.watch.values():
        seen = watched[watch.split] if watch.examples == "all" else watch.examples
        size = size_of(stage, examples)
        found += seen * (watch.samples or 1) / (3 * size * watch.every)
    return found


def flops(member: Member, features: int, examples: int) -> float:
    """Floating-point operations of the costliest stage's step, on a training set of so many."""
    stages = [stage for _, stage in member.stages if isinstance(stage, Descent)]
    return max((step_flops(member, stage, features, examples) for stage in stages), default=0.0)


_FLOPS: dict[tuple[str, str, int, int], float] = {}  # seeds of a run are alike


def step_flops(member: Member, stage: Descent, features: int, examples: int) -> float:
    """Floating-point operations of the matrix products and convolutions of one member's step.

    They are counted while it rehearses a step, so that a weight counts as often as it is used: a
    decoder that is run for each of ten classes counts ten times.
    """
    known = member.kind, digest(stage.model_dump(mode="json")), features, examples
    if known not in _FLOPS:
        counter = FlopCounterMode(display=False)
        counter.mod_tracker = _Whole()  # type: ignore[assignment]
        rehearse(empty(member), stage, features, examples, counter)
        _FLOPS[known] = float(counter.get_total_flops())
    return _FLOPS[known]


class _Whole(nullcontext[None]):
    """Counts by no module: to tell them apart, torch hooks what they are given, parameters too."""

    parents = frozenset({"Global"})


@functools.cache
def peak(device: str, seconds: float = 0.15) -> float:
    """Operations a second of square single-precision matrix products, at this process's threads.

    Measured once a process: papers are planned one after another in the same one.
    """
    a = torch.randn(SIDE, SIDE, device=device)
    best, started = math.inf, time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        (a @ a)[0, 0].item()
        best = min(best, time.perf_counter() - before)
    return 2.0 * SIDE**3 / best
