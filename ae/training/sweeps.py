"""That sweeps cannot lie: runs of one stack share all of their model but its buffers.

A stack computes every member through the first one's module, to which it lends each member's
parameters and buffers. A number that a model keeps anywhere else would be the first run's for all.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from ae.errors import UserError
from ae.models.base import Autoencoder
from ae.training.stack import seeded

APART = {"_buffers", "_modules", "_parameters"}  # what a module keeps beside its attributes
Arguments = Mapping[str, Any]


def check_sweep(
    kind: type[Autoencoder], fixed: Arguments, runs: Sequence[tuple[str, Arguments]]
) -> None:
    """Build a member for each distinct sweep of runs that are to train together, and compare them.

    Args:
        kind: The class of their model.
        fixed: The arguments that all of them share.
        runs: Each run's name and the arguments that are swept; the same keys for all.

    Raises:
        UserError: An argument differs that the model keeps outside its buffers, or in none of them.
    """
    sweeps: list[tuple[str, Arguments]] = []
    for run, swept in runs:
        if all(swept != other for _, other in sweeps):
            sweeps.append((run, swept))
    if len(sweeps) < 2:
        return
    build = partial(kind, **fixed)
    first = seeded(partial(build, **sweeps[0][1]), 0)
    known = [(sweeps[0][1], dict(first.named_buffers()))]
    for run, swept in sweeps[1:]:
        model = seeded(partial(build, **swept), 0)
        buffers = dict(model.named_buffers())
        twins = [other for other, held in known if same(held, buffers)]
        if twins or difference(first, model) is not None:
            key, why = _blamed(build, [*twins, sweeps[0][1]][0], swept)
            raise UserError(
                f"[[run]] {run!r}: model.{key}: {kind.__name__} {why}, so that runs which differ "
                "in it cannot train together; register it as a buffer, or take it out of `sweeps`"
            )
        known.append((swept, buffers))


def fault(one: nn.Module, other: nn.Module) -> str | None:
    """Why two models that differ in a sweep cannot train together, if so.

    Outside their buffers all must be equal, parameters that are drawn by the same seed included; and
    the numbers of some buffer must differ.
    """
    if (where := difference(one, other)) is not None:
        return f"keeps it outside its buffers, as {where}"
    if same(dict(one.named_buffers()), dict(other.named_buffers())):
        return "keeps it in no buffer"
    return None


def difference(one: nn.Module, other: nn.Module) -> str | None:
    """The first place where two models differ, other than in the numbers of their buffers."""
    first, second = dict(_state(one)), dict(_state(other))
    pairs = zip(one.modules(), other.modules(), strict=False)
    seen = frozenset((id(a), id(b)) for a, b in pairs)
    for place in (*first, *(p for p in second if p not in first)):
        if place not in first or place not in second:
            return place
        if not same(first[place], second[place], seen):
            return place
    return None


def _state(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """What a model is but for the numbers of its buffers, by place, parameters last."""
    for name, module in model.named_modules():
        own = f"self.{name}" if name else "self"
        yield f"the class of {own}", _class(module)
        for key, value in vars(module).items():
            if "_hooks" in key:  # torch numbers them through, over all modules of a process
                yield f"{own}.{key}", list(value.values())
            elif key not in APART:
                yield f"{own}.{key}", value
    for name, buffer in model.named_buffers():
        yield f"the shape or type of self.{name}", (buffer.shape, buffer.dtype)
    for name, parameter in model.named_parameters():
        yield f"the parameter self.{name}", parameter.detach()


def same(one: object, other: object, seen: frozenset[tuple[int, int]] = frozenset()) -> bool:
    """Whether two values are equal all the way down, NaN equal to NaN, functions by what they hold.

    Pairs of objects whose ids are in `seen` count as equal.
    """
    if one is other or (id(one), id(other)) in seen:
        return True
    if _class(one) != _class(other):
        return False
    seen = seen | {(id(one), id(other))}
    match one, other:
        case Tensor(), Tensor():
            return one.dtype == other.dtype and _equal_tensors(one, other)
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[k], other[k], seen) for k in one)
        case (list() | tuple(), list() | tuple()):
            both = zip(one, other, strict=False)
            return len(one) == len(other) and all(same(a, b, seen) for a, b in both)
        case float(), float():
            return one == other or (math.isnan(one) and math.isnan(other))
    held = _held(one)
    if held is not None:
        return same(held, _held(other), seen)
    return type(one).__eq__ is object.__eq__ or bool(one == other)


def _equal_tensors(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and (
        torch.equal(one, other) or torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    )


def _held(value: object) -> object:
    """What an object holds, to be compared in its place; None where `==` compares it."""
    match value:
        case FunctionType():
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return [value.__code__, cells, value.__defaults__, value.__kwdefaults__]
        case MethodType():
            return [value.__func__, value.__self__]
        case partial():
            return [value.func, value.args, value.keywords]
        case type():
            return (value.__module__, value.__qualname__)
    return getattr(value, "__dict__", None)


def _class(value: object) -> tuple[str, str]:
    """A class by name: that of a parametrised layer is made anew for each."""
    return type(value).__module__, type(value).__qualname__


def _blamed(build: Callable[..., Autoencoder], one: Arguments, other: Arguments) -> tuple[str, str]:
    """The argument to blame for a fault between two sweeps, and why; all that differ if together.

    Each is changed alone; one that gives no model by itself is passed over.
    """
    changed = [key for key in one if one[key] != other[key]]
    first = seeded(partial(build, **one), 0)
    for key in changed if len(changed) > 1 else ():
        try:
            second = seeded(partial(build, **{**one, key: other[key]}), 0)
        except ValueError:
            continue
        if (why := fault(first, second)) is not None:
            return key, why
    why = fault(first, seeded(partial(build, **other), 0))
    assert why is not None
    return ", ".join(changed), why
