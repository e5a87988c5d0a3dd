"""What a planned stack will take here, before anything is trained: steps, memory, time.

The time is useful arithmetic over what this machine multiplies at: the matrix products and
convolutions of a step, forward and backward. Stacks of this suite ran at 0.3 to 0.65 of
the machine's matrix-product peak; the estimate takes 0.4 and is good to a factor of two for dense
layers. Convolutions multiply more slowly than square matrices and take longer than it says.
"""

import math
import time
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from ae.memory import empty, footprint, rehearse
from ae.plan import Member, StackPlan
from ae.spec import Descent, Fit

USED = 0.4  # of the peak
SIDE = 1024  # of the square matrices that measure it
FIT_SECONDS = 1.0  # a closed-form stage


class Outlook(NamedTuple):
    """A stack to come: memory in bytes at its peak, time in seconds."""

    stack: str
    seeds: int
    members: int
    steps: int
    bytes: int
    seconds: float


def outlook(
    plan: StackPlan,
    examples: int,
    features: int,
    rate: float,
    *,
    row: int | None = None,
    fresh: bool = False,
) -> Outlook:
    """What a stack will take.

    Args:
        plan: The stack.
        examples: How many its training set has.
        features: Pixels of an example.
        row: Bytes that an example takes where it is kept; by default one a pixel.
        fresh: Whether examples are drawn anew at each step.
        rate: Operations a second that this machine multiplies matrices at, see `peak`.
    """
    closed = sum(FIT_SECONDS for _, stage in plan.stages if isinstance(stage, Fit))
    return Outlook(
        stack=plan.name,
        seeds=len({m.seed for m in plan.members}),
        members=len(plan.members),
        steps=sum(steps_of(stage, examples) for _, stage in plan.stages),
        bytes=footprint(plan, examples, features, row=row, fresh=fresh).total,
        seconds=closed + operations(plan, examples, features) / (USED * rate),
    )


def steps_of(stage: Descent | Fit, examples: int) -> int:
    """Optimiser steps of a stage; incomplete last batches are dropped."""
    if isinstance(stage, Fit):
        return 1
    return max(1, round(stage.epochs * (examples // stage.batch)))


def operations(plan: StackPlan, examples: int, features: int) -> float:
    """Floating-point operations of the matrix products and convolutions of training a stack.

    They are counted while one member rehearses a step, so that a weight counts as often as it is
    used: a decoder that is run for each of ten classes counts ten times.
    """
    return len(plan.members) * sum(
        _step(plan.members[0], stage, features) * steps_of(stage, examples)
        for _, stage in plan.stages
        if isinstance(stage, Descent)
    )


def _step(member: Member, stage: Descent, features: int) -> int:
    counter = FlopCounterMode(display=False)
    rehearse(empty(member), stage, features, counter)
    return counter.get_total_flops()


def peak(device: str, seconds: float = 0.3) -> float:
    """Operations a second of square single-precision matrix products on this machine."""
    a = torch.randn(SIDE, SIDE, device=device)
    best, started = math.inf, time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        (a @ a)[0, 0].item()
        best = min(best, time.perf_counter() - before)
    return 2.0 * SIDE**3 / best
