"""Checks of what learns: every parameter gets a gradient of some objective."""

from collections.abc import Iterator

import torch

from ae.contract.finding import Finding
from ae.contract.subject import Subject, called, constants, prepared
from ae.models.base import Batch, Noise
from ae.spec import Descent, StepTable
from ae.training.stack import Stack

POINTS = 3  # from which gradients are looked at


def learns(subject: Subject) -> Iterator[Finding]:
    """Every parameter gets a gradient of some objective, for every seed."""
    if subject.stages and not any(isinstance(stage, Descent) for _, stage in subject.stages):
        return  # it has a closed form
    reached: set[str] = set()
    ready = prepared(subject)
    for step, noise in ready.steps:
        if isinstance(step, Descent) and step.start is not None:
            with torch.no_grad():
                ready.stack.call(step.start)
        # Zero weights pass no gradient down, nor do rectified units that happen to be dead: look
        # from several points, none of them special.
        for _ in range(POINTS):
            with torch.no_grad():
                for parameter in ready.stack.parameters.values():
                    parameter.add_(0.1 * torch.randn_like(parameter))
            reached |= gradients(ready.stack, step, ready.batch, noise)
    asked = ", ".join(dict.fromkeys(called(step) for step, _ in ready.steps))
    for name in ready.stack.parameters:
        if name not in reached:
            yield Finding(f"the parameter {name!r} never learns: {asked} gives it no gradient")


def gradients(
    stack: Stack, step: StepTable, batch: Batch, noise: Noise, *, zero: bool = False
) -> set[str]:
    """The parameters that get a gradient of a step in every member, other than `zero`."""
    out = stack.call(step.objective, batch, noise, **constants(step))
    losses = [out.loss, *out.adversaries.values()]
    total = torch.stack([loss.mean(-1).sum() for loss in losses]).sum()
    if not total.requires_grad:
        return set()
    grads = torch.autograd.grad(total, list(stack.parameters.values()), allow_unused=True)
    return {
        name
        for name, grad in zip(stack.parameters, grads, strict=True)
        if grad is not None and (zero or (grad.flatten(1).abs().sum(1) > 0).all())
    }
