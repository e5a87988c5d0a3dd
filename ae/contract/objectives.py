"""Checks of what a model's objectives compute: one number an example, of nothing but their inputs."""

import random
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ae.contract.finding import Finding, refused
from ae.contract.subject import (
    FEW,
    SEEDS,
    Prepared,
    Subject,
    called,
    constants,
    lone,
    prepared,
)
from ae.models.base import Batch, Noise, Objective
from ae.spec import StepTable

SLOW = "performance drop"  # what torch warns of where it takes the seeds one by one


def computes(subject: Subject) -> Iterator[Finding]:
    """Every objective is computed for all seeds at once, and gives one number an example."""
    for step, noise in (ready := prepared(subject)).steps:
        what = called(step)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                out = ready.stack.call(step.objective, ready.batch, noise, **constants(step))
            except KeyError as error:
                yield _undeclared(what, error, noise)
                continue
            except Exception as error:  # noqa: BLE001 - a model may fail in any way
                yield refused(what, error)
                continue
        for text in {str(w.message).partition(" for ")[2] for w in heard if SLOW in str(w.message)}:
            name = text.partition(". ")[0]
            yield Finding(
                f"{what} takes the seeds one by one at {name}: write it by other functions"
            )
        yield from _shaped(what, out, subject)


def _undeclared(what: str, error: KeyError, noise: Noise) -> Finding:
    if error.args and isinstance(error.args[0], str):
        there = ", ".join(noise) or "nothing"
        return Finding(f"{what} takes the noise {error.args[0]!r}; `draws` declares {there}")
    return refused(what, error)


def _shaped(what: str, out: object, subject: Subject) -> Iterator[Finding]:
    """What is wrong with what an objective returns."""
    if not isinstance(out, Objective):
        kind = type(out).__name__
        yield Finding(f"{what} returns {kind}; expected `Objective(loss, parts, adversaries)`")
        return
    terms = {"loss": out.loss, **_named("parts", out.parts)}
    terms |= _named("adversaries", out.adversaries)
    for name, value in terms.items():
        if not isinstance(value, Tensor) or value.shape != (len(SEEDS), FEW):
            found = tuple(value.shape[1:]) if isinstance(value, Tensor) else type(value).__name__
            yield Finding(
                f"{what}: {name} has the shape {found} for a batch of {FEW}: one number an example, "
                f"({FEW},); the trainer takes the mean"
            )
        elif not value.isfinite().all():
            yield Finding(f"{what}: {name} is not finite for images in [0, 1], before training")
    for name in out.adversaries:
        if name not in subject.kind.adversaries:
            yield Finding(
                f"{what}: found the adversary {name!r}; `adversaries` of the class names "
                f"{', '.join(subject.kind.adversaries) or 'none'}"
            )


def _named(what: str, terms: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{what}[{name!r}]": value for name, value in terms.items()}


def plain(subject: Subject) -> Iterator[Finding]:
    """The stack computes what the plain module computes, and updates the buffers that it updates."""
    ready = prepared(subject)
    for step, noise in ready.steps:
        before = {k: v.clone() for k, v in ready.stack.tensors().items()}
        out = ready.stack.call(step.objective, ready.batch, noise, **constants(step))
        told: set[str] = set()
        if idle := _idle(subject, ready, step, noise, before):
            yield Finding(f"{called(step)} takes no noise {idle!r}, which `draws` declares")
        for member in range(len(SEEDS)):
            for text in _differences(subject, ready, step, noise, before, out, member):
                if text not in told:
                    told.add(text)
                    yield Finding(text)


def _differences(
    subject: Subject,
    ready: Prepared,
    step: StepTable,
    noise: Noise,
    before: Mapping[str, Tensor],
    out: Objective,
    member: int,
) -> Iterator[str]:
    """In what a member of the stack differs from its plain module, after both were called."""
    what = called(step)
    model = lone(subject, before, member)
    held = dict(model.named_buffers())
    given = {k: v[member] for k, v in noise.items()}
    one = getattr(model, step.objective)(_one(ready.batch, member), given, **constants(step))
    pairs = {"loss": (out.loss, one.loss)}
    pairs |= {f"parts[{name!r}]": (out.parts[name], one.parts[name]) for name in one.parts}
    for name, (stacked, own) in pairs.items():
        if not close(stacked[member], own):
            yield (
                f"{what}: {name} is not what the model computes by itself: it keeps something "
                "outside its parameters and buffers that differs from call to call or seed to seed"
            )
            break
    for name, buffer in model.named_buffers():
        stacked = ready.stack.buffers[name][member]
        if close(stacked, buffer):
            continue
        if held[name] is not buffer and close(stacked, before[name][member]):
            yield (
                f"{what}: the update of the buffer {name!r} is lost: `self.{name} = ...` makes a new "
                f"tensor; change it in place: `self.{name}.mul_(0.9).add_(...)`"
            )
        else:
            yield f"{what}: the buffer {name!r} is not what the model makes of it by itself"


def _idle(
    subject: Subject, ready: Prepared, step: StepTable, noise: Noise, before: Mapping[str, Tensor]
) -> str | None:
    """The noise without which an objective is the same."""

    def loss(without: str | None) -> Tensor | None:
        model = lone(subject, before, 0)
        given = {k: v[0] for k, v in noise.items() if k != without}
        try:
            out = getattr(model, step.objective)(_one(ready.batch, 0), given, **constants(step))
        except Exception:  # noqa: BLE001 - a KeyError, or whatever a model makes of it
            return None
        return out.loss  # type: ignore[no-any-return]

    own = loss(None)
    for name in noise:
        other = loss(name)
        if own is not None and other is not None and torch.equal(own, other):
            return name
    return None


def _one(batch: Batch, member: int) -> Batch:
    return Batch(batch.x[member], None if batch.y is None else batch.y[member])


def close(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal to rounding, as torch's own tests have it."""
    try:
        torch.testing.assert_close(one, other)
    except AssertionError:
        return False
    return True


def quiet(subject: Subject) -> Iterator[Finding]:
    """No objective draws of a global generator, nor looks at one."""
    ready = prepared(subject)
    for step, noise in ready.steps:
        held = {k: b.clone() for k, b in ready.stack.buffers.items()}
        losses = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002 - the one that a model would use
            before = torch.get_rng_state()
            out = ready.stack.call(step.objective, ready.batch, noise, **constants(step))
            losses.append(out.loss.detach())
            for name, buffer in held.items():
                ready.stack.buffers[name].copy_(buffer)
            if not torch.equal(before, torch.get_rng_state()):
                yield Finding(f"{called(step)} draws of torch's global generator: take `noise`")
        if not torch.equal(*losses):
            yield Finding(
                f"{called(step)} gives another loss when it is called again: it draws numbers of "
                "`random` or numpy, or counts; take `noise`, keep counts in buffers"
            )


def keeps(subject: Subject) -> Iterator[Finding]:
    """A model keeps no tensor but its parameters and buffers."""
    ready = prepared(subject)
    for step, noise in ready.steps:
        ready.stack.call(step.objective, ready.batch, noise, **constants(step))
    for place, module in ready.stack.model.named_modules():
        own = {*module._parameters, *module._buffers}
        for name, value in vars(module).items():
            if isinstance(value, Tensor) and name not in own:
                where = f"self.{place}.{name}" if place else f"self.{name}"
                yield Finding(
                    f"`{where}` keeps a tensor that is no parameter and no buffer, dead after the "
                    "step: return it in `parts`, or register it"
                )
