"""How much memory a stack takes on its device, and stacks of half the members where it is too much.

Parameters, gradients, optimiser state, batch and noise are counted. Activations are the peak of
what lives while one member computes its objective and its gradient on tensors without data, times
the members; what libraries take for themselves (workspaces, the allocator's gaps) is not counted.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ae.disk import digest
from ae.models.base import Autoencoder
from ae.spec import Descent, Fit, Optimizer, StepTable
from ae.training.batches import fit_draws, size_of
from ae.training.optimizers import FUSED, trains
from ae.training.plan import Member, StackPlan
from ae.training.rehearsal import Live, activations, seen
from ae.training.stack import LINE

SHARE = 0.9  # of what is free that a stack may plan with
HISTORY = 100  # pairs that torch's L-BFGS keeps by default
FEW = 16  # models without numbers that are kept
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


_KNOWN: dict[tuple[object, ...], Footprint] = {}  # without data


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
    one = plan.members[0]
    sizes = len(plan.members), seeds, examples, features, fresh, torch.get_default_dtype()
    known = one.kind, digest([s.model_dump(mode="json") for _, s in plan.stages]), *sizes
    if known not in _KNOWN:  # rehearsals take a while, and the seeds of a run are alike
        found = [_stage(plan.members, s, examples, features, fresh) for _, s in plan.stages]
        peak = max(found, key=lambda f: f.stack, default=Footprint(0, 0, 0, 0, 0, 0))
        weights = len(plan.members) * _weights(empty(one))
        _KNOWN[known] = replace(peak, weights=weights + peak.weights)
    return replace(_KNOWN[known], data=data)


def _stage(
    members: tuple[Member, ...], stage: Descent | Fit, examples: int, features: int, fresh: bool
) -> Footprint:
    """A stage's share, without data and the weights that every stage has."""
    count, seeds = len(members), len({m.seed for m in members})
    size = torch.get_default_dtype().itemsize
    model = empty(members[0])
    if isinstance(stage, Fit):
        peak = _fit(model, stage.fit, examples, features)
        return Footprint(0, 0, 0, 0, size * examples * features, count * peak)
    copies = count if seeds == count else count + seeds
    example = features * (size + 1) + INDEX  # as bytes, as floats, its label
    trained = {n: p for n, p in model.named_parameters() if any(trains(s, n) for s in stage.steps)}
    parts = [
        _step(model, step, seen(step, stage, examples), features, fresh) for step in stage.steps
    ]
    examples_seen = size_of(stage, examples) + sum(phase.labelled or 0 for phase in stage.phases)
    return Footprint(
        data=0,
        weights=count * _weights(model) if stage.keep else 0,  # the best, beside the present ones
        gradients=count * sum(map(_padded, trained.values())),
        optimizer=count * (sum(p.remembered for p in parts) + max(p.momentary for p in parts)),
        batch=(count + seeds) * examples_seen * example + copies * sum(p.noise for p in parts),
        activations=count * max(p.activations for p in parts),
    )


def _fit(model: Autoencoder, method: str, examples: int, features: int) -> int:
    """Bytes at the peak of one member's `fit`."""
    x = torch.empty(examples, features, device="meta")
    drawn = fit_draws(model, method)
    one = {n: torch.empty(1, *draw.shape, device="meta") for n, draw in drawn.items()}
    with torch.no_grad(), torch.device("meta"), Live() as live:
        getattr(model, method)(x, **({"noise": one} if drawn else {}))
    peak: int = live.peak
    return peak


class _Part(NamedTuple):
    """What one member takes for a step, in bytes: its optimiser keeps some, some for a moment."""

    noise: int
    remembered: int
    momentary: int
    activations: int


def _step(model: Autoencoder, step: StepTable, examples: int, features: int, fresh: bool) -> _Part:
    size = torch.get_default_dtype().itemsize
    draws = model.draws_for(step.objective, step.layer)
    shapes = [draw.shape for draw in draws.values()] + [(features,)] * fresh
    trained = sum(_padded(p) for n, p in model.named_parameters() if trains(step, n))
    remembered, momentary = _copies(step.optimizer, step)
    return _Part(
        noise=sum(size * examples * math.prod(shape) for shape in shapes),
        remembered=remembered * trained,
        momentary=momentary * trained,
        activations=activations(model, step, examples, features),
    )


_EMPTY: dict[tuple[str, str], Autoencoder] = {}  # the last FEW: making one may take seconds


def empty(member: Member) -> Autoencoder:
    """The model of this member, and of all that are alike, with shapes and no numbers."""
    known = member.kind, repr(member.build)
    if known not in _EMPTY:
        if len(_EMPTY) == FEW:
            _EMPTY.pop(next(iter(_EMPTY)))
        with torch.device("meta"):
            _EMPTY[known] = member.build()
    return _EMPTY[known]


def _padded(tensor: Tensor) -> int:
    """Bytes of one member's row in a stack's storage."""
    return -(-tensor.numel() // LINE) * LINE * tensor.element_size()


def _weights(model: Autoencoder) -> int:
    buffers = sum(b.nbytes for b in model.buffers())
    return buffers + sum(_padded(p) for p in model.parameters())


def _copies(optimizer: Optimizer, step: StepTable) -> tuple[int, int]:
    """Copies of the parameters that an optimiser keeps, and that it makes for a moment."""
    momentum = bool(optimizer.momentum) or any(s.key == "momentum" for s in step.schedules)
    momentum |= any(g.momentum for g in optimizer.groups)
    kept = {"SGD": 0, "Adagrad": 1, "RMSprop": 1}.get(optimizer.name, 2)
    if optimizer.name == "LBFGS":  # pairs of vectors; direction, gradients, and where a step began
        return 2 * (optimizer.history_size or HISTORY) + 2, 4
    kept += bool(optimizer.centered) + (momentum and optimizer.name in ("SGD", "RMSprop"))
    return kept, 0 if optimizer.name in FUSED else 2


def free(device: str) -> float:
    """Bytes that a stack may plan with: a share of what is free on CUDA, no limit on the CPU."""
    if torch.device(device).type != "cuda":
        return math.inf
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return SHARE * (torch.cuda.mem_get_info(device)[0] + idle)


def halves(plan: StackPlan) -> tuple[StackPlan, StackPlan]:
    """A stack of two or more members as two."""
    middle = (len(plan.members) + 1) // 2
    return StackPlan(plan.members[:middle]), StackPlan(plan.members[middle:])
