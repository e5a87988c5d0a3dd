"""How much memory a stack takes on its device, and stacks of half the members where it is too much.

Parameters, gradients, optimiser state, batch and noise are counted. Activations are the peak of
what lives while one member computes its objective and its gradient on tensors without data, times
the members; what libraries take for themselves (workspaces, the allocator's gaps) is not counted.
"""

import math
import weakref
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ae.models.base import Autoencoder, Batch
from ae.plan import Member, StackPlan
from ae.record import digest
from ae.seeds import LINE
from ae.spec import Descent, Fit, Optimizer

SHARE = 0.9  # of what is free that a stack may plan with
INDEX = 8  # bytes of a label, and of a place in the order of examples


@dataclass(frozen=True)
class Footprint:
    """Bytes on the device at a stack's peak, by what they are for.

    Attributes:
        data: The training set, and the order in which every seed sees it.
        weights: Parameters and buffers.
        gradients: A gradient for every parameter that is trained.
        optimizer: What the optimiser remembers, and what it needs for a moment.
        batch: The examples of a step and its noise.
        activations: Results that live between the forward and the backward pass.
    """

    data: int
    weights: int
    gradients: int
    optimizer: int
    batch: int
    activations: int

    @property
    def stack(self) -> int:
        """All but the training set, which is there anyway."""
        return self.weights + self.gradients + self.optimizer + self.batch + self.activations

    @property
    def total(self) -> int:
        """All of it."""
        return self.data + self.stack


def footprint(
    plan: StackPlan, examples: int, features: int, *, row: int | None = None, fresh: bool = False
) -> Footprint:
    """The memory of a stack at the stage that takes most of it.

    Args:
        plan: The stack.
        examples: How many its training set has.
        features: Pixels of an example.
        row: Bytes that an example of the training set takes there; by default one a pixel.
        fresh: Whether examples are drawn anew at each step, by as many random numbers.
    """
    seeds = len({m.seed for m in plan.members})
    data = examples * ((features if row is None else row) + INDEX) + seeds * examples * INDEX
    stages = [_stage(plan.members, stage, examples, features, fresh) for _, stage in plan.stages]
    peak = max(stages, key=lambda f: f.stack, default=Footprint(0, 0, 0, 0, 0, 0))
    weights = len(plan.members) * _weights(empty(plan.members[0]))
    return replace(peak, data=data, weights=weights)


def _stage(
    members: tuple[Member, ...], stage: Descent | Fit, examples: int, features: int, fresh: bool
) -> Footprint:
    """A stage's share, without data and weights."""
    count, seeds = len(members), len({m.seed for m in members})
    size = torch.get_default_dtype().itemsize
    model = empty(members[0])
    if isinstance(stage, Fit):
        x = torch.empty(examples, features, device="meta")
        with torch.no_grad(), torch.device("meta"), _Live() as live:
            getattr(model, stage.fit)(x)
        return Footprint(0, 0, 0, 0, x.nbytes, count * live.peak)
    draws = model.draws_for(stage.objective, stage.layer)
    shapes = [draw.shape for draw in draws.values()] + [(features,)] * fresh
    noise = sum(size * stage.batch * math.prod(shape) for shape in shapes)
    copies = count if seeds == count else count + seeds
    example = features * (size + 1) + INDEX  # as bytes, as floats, its label
    trained = [p for n, p in model.named_parameters() if stage.trains(n)]
    gradients = count * sum(map(_padded, trained))
    remembered, momentary = _copies(stage.optimizer, stage)
    return Footprint(
        data=0,
        weights=0,
        gradients=gradients,
        optimizer=(remembered + momentary) * gradients,
        batch=(count + seeds) * stage.batch * example + copies * noise,
        activations=count * _activations(model, stage, features),
    )


def empty(member: Member) -> Autoencoder:
    """The member's model with shapes and no numbers."""
    with torch.device("meta"):
        return member.build()


def _padded(tensor: Tensor) -> int:
    """Bytes of one member's row in a stack's storage."""
    return -(-tensor.numel() // LINE) * LINE * tensor.element_size()


def _weights(model: Autoencoder) -> int:
    buffers = sum(b.nbytes for b in model.buffers())
    return buffers + sum(_padded(p) for p in model.parameters())


def _copies(optimizer: Optimizer, stage: Descent) -> tuple[int, int]:
    """Copies of the parameters that an optimiser keeps, and that it makes for a moment."""
    momentum = bool(optimizer.momentum) or any(s.key == "momentum" for s in stage.schedules)
    momentum |= any(g.momentum for g in optimizer.groups)
    kept = {"SGD": 0, "Adagrad": 1, "RMSprop": 1}.get(optimizer.name, 2)
    fused = optimizer.name not in ("RMSprop", "Adamax")
    return kept + (momentum and optimizer.name in ("SGD", "RMSprop")), 0 if fused else 2


def _activations(model: Autoencoder, stage: Descent, features: int) -> int:
    """Peak of the bytes that one member's objective and gradient add to what is there."""
    live = _Live()
    rehearse(model, stage, features, live)
    peak: int = live.peak
    return peak


def rehearse(
    model: Autoencoder, stage: Descent, features: int, watch: AbstractContextManager[object]
) -> None:
    """One member's objective and gradient for a batch, by shapes alone, while `watch` is entered.

    `model` is on the device meta, as `empty` makes it.
    """
    constants: dict[str, Any] = {} if stage.layer is None else {"layer": stage.layer}
    draws = model.draws_for(stage.objective, stage.layer)
    trained = [p for n, p in model.named_parameters() if stage.trains(n)]
    with torch.device("meta"):
        y = torch.zeros(stage.batch, dtype=torch.long)
        batch = Batch(torch.zeros(stage.batch, features), y)
        noise = {name: torch.zeros(stage.batch, *draw.shape) for name, draw in draws.items()}
        with watch:
            out = getattr(model, stage.objective)(batch, noise, **constants)
            loss = sum((a.mean() for a in out.adversaries.values()), out.loss.mean())
            torch.autograd.grad(loss, trained, allow_unused=True)


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that are made and live; `peak` is the most at any time."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        before = {t.untyped_storage()._cdata for t in given}
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage(), before)
        return out

    def _see(self, storage: torch.UntypedStorage, before: set[int]) -> None:
        key = storage._cdata
        if key in before or key in self._known:  # in place, or a view
            return
        self._known.add(key)
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def free(device: str) -> float:
    """Bytes that a stack may plan with: a share of what is free on CUDA, no limit on the CPU."""
    if torch.device(device).type != "cuda":
        return math.inf
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return SHARE * (torch.cuda.mem_get_info(device)[0] + idle)


def halves(plan: StackPlan) -> tuple[StackPlan, StackPlan]:
    """A stack of two or more members as two; each half's key is its own."""
    middle = (len(plan.members) + 1) // 2
    parts = plan.members[:middle], plan.members[middle:]
    first, second = (
        replace(plan, members=part, key=digest({"half": half, "of": plan.key}))
        for half, part in enumerate(parts)
    )
    return first, second


def split(plan: StackPlan, examples: int, features: int, limit: float) -> list[StackPlan]:
    """The stack in halves of halves, until each fits in `limit` bytes or is a single member."""
    if len(plan.members) == 1 or footprint(plan, examples, features).stack <= limit:
        return [plan]
    return [part for half in halves(plan) for part in split(half, examples, features, limit)]
