"""Optimisers over a stack: one for the model, one for each adversary; clipping member by member."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ae.errors import UserError
from ae.spec import Optimizer, Schedule, StepTable
from ae.training.stack import Stack, like

FUSED = {"SGD", "Adam", "AdamW", "Adagrad"}
CAPTURABLE = {"Adam", "AdamW", "RMSprop", "Adamax", "Adadelta"}  # take the argument of that name


class Optimizers:
    """The optimisers of one step.

    The role "" trains the step's modules but the adversaries; each adversary of the model that is
    among them is a role of its own.
    """

    def __init__(self, stack: Stack, stage: StepTable) -> None:
        self.stack, self.stage = stack, stage
        self.trained = [name for name in stack.parameters if trains(stage, name)]
        self._adversaries = stack.model.adversaries
        self.roles: dict[str, torch.optim.Optimizer] = {}
        for name in self.trained:
            if stack.storage[name].grad is None:  # another step may train it, too
                stack.storage[name].grad = torch.zeros_like(stack.storage[name])
        for role in ("", *self._adversaries):
            if own := self._own(role):
                storage = {name: stack.storage[name] for name in own}
                self.roles[role] = build(stage.optimizer, storage)

    def _own(self, role: str) -> dict[str, Tensor]:
        def owner(name: str) -> str:
            return next((a for a in self._adversaries if name.startswith(f"{a}.")), "")

        return {n: self.stack.parameters[n] for n in self.trained if owner(n) == role}

    def assign(self, role: str, loss: Tensor) -> None:
        """Give the role's parameters the gradient of `loss` (member, batch), clipped per member."""
        own = self._own(role)
        grads = torch.autograd.grad(
            loss.mean(-1).sum(),
            list(own.values()),
            retain_graph=bool(self._adversaries),
            allow_unused=True,
        )
        for (name, parameter), grad in zip(own.items(), grads, strict=True):
            if grad is None:
                raise UserError(
                    f"objective {self.stage.objective!r} of {type(self.stack.model).__name__} does "
                    f"not use the parameter {name!r}: leave its module out of the stage's `modules`"
                )
            # Fused optimisers on the CPU read gradients without regard to their strides.
            like(self._gradient(name), parameter).copy_(grad)
        if self.stage.clip is not None:
            clip([self._gradient(name) for name in own], self.stage.clip)

    def _gradient(self, name: str) -> Tensor:
        gradient = self.stack.storage[name].grad
        assert gradient is not None
        return gradient

    def step(self, role: str | None = None) -> None:
        """Step one role's optimiser, or all."""
        for name, optimizer in self.roles.items():
            if role in (None, name):
                optimizer.step()

    def set(self, key: str, value: float) -> bool:
        """Set a hyper-parameter; `lr` multiplies each group's own rate, the rest replace.

        Returns:
            Whether a number changed that is no tensor, so that a step recorded before is stale.
        """
        stale = False
        for group in (g for optimizer in self.roles.values() for g in optimizer.param_groups):
            new = value * group["initial_lr"] if key == "lr" else value
            if isinstance(group[key], Tensor):
                group[key].fill_(new)
            elif group[key] != new:
                group[key], stale = new, True
        return stale

    def tensors(self) -> dict[str, Tensor]:
        """The optimisers' tensors by role, parameter and name; there are more after a step."""
        return {
            f"{role}/{name}/{key}": value.detach()
            for role, optimizer in self.roles.items()
            for name in self._own(role)
            for key, value in optimizer.state.get(self.stack.storage[name], {}).items()
        }

    def state(self) -> dict[str, Tensor]:
        """Copies of `tensors`."""
        return {name: tensor.clone() for name, tensor in self.tensors().items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave, the number of steps included, to the parameters' device."""
        for full, value in state.items():
            role, name, key = full.split("/")
            storage = self.stack.storage[name]
            self.roles[role].state[storage][key] = value.to(storage.device, copy=True)


def trains(step: StepTable, parameter: str) -> bool:
    """Whether a step trains the parameter of this name: all, or one of its modules' own."""
    return step.modules == "all" or any(
        parameter == m or parameter.startswith(f"{m}.") for m in step.modules
    )


def build(settings: Optimizer, parameters: dict[str, Tensor]) -> torch.optim.Optimizer:
    """The optimiser that a spec describes; a group takes the first pattern that its name has.

    On CUDA the learning rates and the number of steps are tensors there, so that a step can be
    recorded; on the CPU they are on the host.
    """
    device = next(iter(parameters.values())).device
    own = settings.model_dump(exclude={"name", "groups"}, exclude_none=True)
    groups: dict[int, dict[str, Any]] = {}
    for name, parameter in parameters.items():
        found = next((i for i, g in enumerate(settings.groups) if g.match in name), -1)
        if found not in groups:
            extra = {}
            if found >= 0:
                extra = settings.groups[found].model_dump(exclude={"match"}, exclude_none=True)
            groups[found] = {"params": [], **own, **extra}
            groups[found]["initial_lr"] = rate = groups[found]["lr"]
            if device.type == "cuda":  # fused kernels read single precision
                groups[found]["lr"] = torch.tensor(rate, dtype=torch.float32, device=device)
        groups[found]["params"].append(parameter)
    kind = getattr(torch.optim, settings.name)
    # Adagrad reads its initial accumulator from the constructor alone, not from a group.
    speed = {"fused": True} if settings.name in FUSED else {"foreach": True}
    if device.type == "cuda" and settings.name in CAPTURABLE:
        speed["capturable"] = True
    optimizer: torch.optim.Optimizer = kind([groups[k] for k in sorted(groups)], **own, **speed)
    return optimizer


def clip(grads: Sequence[Tensor], limit: float) -> None:
    """Scale each member's gradients in place so that their joint norm is at most `limit`."""
    squares = torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0)
    scale = (limit / squares.sqrt().clamp_min(1e-12)).clamp_max(1.0)
    for grad in grads:
        grad.mul_(scale.view(-1, *[1] * (grad.dim() - 1)))


def scheduled(schedule: Schedule, epoch: float) -> float:
    """The value of a schedule at a (fractional) epoch."""
    at, values = schedule.at, schedule.values
    if schedule.kind == "step":
        passed = [v for a, v in zip(at, values, strict=True) if epoch >= a]
        return passed[-1] if passed else values[0]
    along = min(1.0, max(0.0, (epoch - at[0]) / (at[1] - at[0])))
    first, last = values
    if schedule.kind == "linear":
        return first + along * (last - first)
    if schedule.kind == "cosine":
        return last + (first - last) * 0.5 * (1 + math.cos(math.pi * along))
    return first * math.pow(last / first, along)
