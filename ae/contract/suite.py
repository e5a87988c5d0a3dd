"""The contract suite on one class: what is wrong with it, each thing once."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from ae.contract import gradients, objectives, queries, seeds
from ae.contract.finding import Finding, refused
from ae.contract.subject import Stages, Subject, constants, descent, methods, prepared
from ae.errors import UserError
from ae.models.base import Objective
from ae.training.classes import model_class

LAYERS = 20  # of a model that is trained layer by layer, at most
Check = Callable[[Subject], Iterator[Finding]]
ROUNDS: tuple[tuple[Check, ...], ...] = (  # what one finds explains what the next would find
    (objectives.quiet,),
    (
        objectives.plain,
        objectives.keeps,
        gradients.learns,
        seeds.sweeps,
        queries.asked,
        queries.sampled,
    ),
    (seeds.apart,),
)


def subject_of(
    path: str,
    arguments: Mapping[str, Any],
    features: int,
    classes: int,
    stages: Stages = (),
) -> Subject:
    """A class with its constructor's arguments, to be tested.

    Args:
        path: The class, as a spec names it.
        arguments: The constructor's, without `features`.
        features: Pixels of an image.
        classes: How many classes labels are of.
        stages: How it is trained; by default by each of its objectives, a few steps.

    Raises:
        UserError: There is no such class; or an argument is missing or not known.
    """
    kind = model_class(path)
    known = {n: p for n, p in inspect.signature(kind).parameters.items() if n != "features"}
    for name, parameter in known.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UserError(
                f"{kind.__name__}: its constructor takes *{name}; name its arguments, which are the "
                "keys of a spec"
            )
        if name not in arguments and parameter.default is parameter.empty:
            raise UserError(f"{kind.__name__} needs the argument {name!r}: --argument {name}=...")
    for name in arguments:
        if name not in known:
            raise UserError(
                f"{kind.__name__} takes no argument {name!r}; it takes {', '.join(known) or 'none'}"
            )
    defaults = {n: p.default for n, p in known.items() if p.default is not p.empty}
    return Subject(kind, defaults | dict(arguments), stages, features=features, classes=classes)


def findings(subject: Subject) -> Iterator[Finding]:
    """What is wrong with a model, in the order in which to mend it.

    What cannot be computed is not looked at further.
    """
    with exact(torch.float64):
        if _mixes(subject):
            torch.set_default_dtype(torch.float32)  # it has numbers of one type only
        seen = [*_made(subject)]
        if not seen:
            staged = subject if subject.stages else _staged(subject)
            seen = [*objectives.computes(staged)]
            if not seen:
                yield from _all(subject if subject.stages else _reached(staged))
        yield from dict.fromkeys(seen)


def _all(subject: Subject) -> Iterator[Finding]:
    for checks in ROUNDS:
        seen: dict[Finding, None] = {}
        for check in checks:
            try:
                seen |= dict.fromkeys(check(subject))
            except Exception as error:  # noqa: BLE001 - a model may fail in any way
                seen[refused("it", error)] = None
        yield from seen
        if seen:
            return


def _made(subject: Subject) -> Iterator[Finding]:
    """What is wrong with the constructor, and with what it must leave behind."""
    try:
        model = subject.build()()
    except Exception as error:  # noqa: BLE001 - a constructor may fail in any way
        yield refused("the constructor", error)
        return
    if not isinstance(getattr(model, "draws", None), dict):
        yield Finding(
            "the constructor sets no `draws`: `self.draws = {}` where the objective takes no noise"
        )


def _mixes(subject: Subject) -> bool:
    """Whether a model makes tensors of single precision whatever the default is."""
    try:
        ready = prepared(subject)
        for step, noise in ready.steps:
            ready.stack.call(step.objective, ready.batch, noise, **constants(step))
    except RuntimeError as error:
        return "dtype" in str(error)
    except Exception:  # noqa: BLE001 - said by the checks
        return False
    return False


def _staged(subject: Subject) -> Subject:
    """With a stage for each of its objectives, layer by layer where one takes a layer."""
    found = [("objective", descent("objective"))]
    for name in sorted(methods(subject.kind, "batch", "noise") - {"objective"}):
        if not _is_objective(subject, name):
            continue
        if "layer" not in inspect.signature(getattr(subject.kind, name)).parameters:
            found.append((name, descent(name)))
            continue
        for layer in range(LAYERS):
            stage = descent(name, layer=layer)
            if layer and _ends(replace(subject, stages=((name, stage),))):
                break
            found.append((f"{name}-{layer}", stage))
    return replace(subject, stages=tuple(found))


def _is_objective(subject: Subject, name: str) -> bool:
    """Whether a method of that form is one: it says so, or says nothing and returns one."""
    says = inspect.signature(getattr(subject.kind, name)).return_annotation
    if says is not inspect.Signature.empty:
        return says is Objective or "Objective" in str(says)
    try:
        ready = prepared(replace(subject, stages=((name, descent(name)),)))
        ((step, noise),) = ready.steps
        return isinstance(ready.stack.call(name, ready.batch, noise, **constants(step)), Objective)
    except Exception:  # noqa: BLE001 - a model may fail in any way
        return False


def _ends(subject: Subject) -> bool:
    """Whether a model has no such layer."""
    try:
        ready = prepared(subject)
        ((step, noise),) = ready.steps
        ready.stack.call(step.objective, ready.batch, noise, **constants(step))
    except Exception:  # noqa: BLE001 - an IndexError, a KeyError, an AttributeError
        return True
    return False


def _reached(subject: Subject) -> Subject:
    """With stages that train what their objectives reach."""
    ready = prepared(subject)
    stages = []
    for (name, stage), (step, noise) in zip(subject.stages, ready.steps, strict=True):
        held = gradients.gradients(ready.stack, step, ready.batch, noise, zero=True)
        if held:
            stages.append((name, stage.model_copy(update={"modules": tuple(sorted(held))})))
    return replace(subject, stages=tuple(stages))


@contextmanager
def exact(dtype: torch.dtype) -> Iterator[None]:
    """Numbers of this type by default, one thread, a known global seed; afterwards as before."""
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(before)
            torch.set_num_threads(threads)
