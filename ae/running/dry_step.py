"""A dry step before the first real one, so that a fault of a model is a line and not a lost night.

Two members of each kind of a stack take one step of every stage on a few examples, through the stack
and the trainer, which refuse what a model may not do; then measures and figures are tried of one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ae.data.dataset import Dataset
from ae.errors import UserError, exhausted, plain
from ae.running.selection import looked_at
from ae.training.batches import Fresh, Source
from ae.training.classes import function
from ae.training.dry_step import step_once
from ae.training.plan import Member, StackPlan
from ae.training.rules import told
from ae.training.stack import Stack
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from ae.running.paper import Paper

FEW = 64  # examples of a step
MOST = 16  # what a whole number among a measure's arguments is at most: samples, examples, units


def dry_step(paper: "Paper", plans: Sequence[StackPlan], stepped: set[str]) -> None:
    """Let every kind of member take a step of each of its stages, and try its measures.

    Args:
        paper: The paper.
        plans: The stacks that are to be trained.
        stepped: Runs that have taken it before, and need not; those that take it now are added.

    Raises:
        UserError: What is wrong, in a line: run, stage, class, and the rule.
    """
    try:
        tried = _tried(paper, plans, stepped)
    except (MemoryError, RuntimeError) as error:
        if exhausted(error) is None:
            raise
        return  # the first real step has more to say of it, and may train in halves
    _measures(paper, tried)
    _figures(paper, tried)


def _tried(paper: "Paper", plans: Sequence[StackPlan], stepped: set[str]) -> dict[str, Trained]:
    """A member of every run after a step of each of its stages."""
    tried: dict[str, Trained] = {}
    for member in _kinds(plans, stepped):
        data = _few(paper.source(member))
        fresh = data.fresh and Fresh(data.fresh, data.with_noise)
        source = Source(len(data.x), data.batch, fresh)
        kind = member.cell.model["class"]
        with torch.random.fork_rng(devices=[]):
            with told(f"run {member.run!r}: {kind}"):
                stack = Stack([member.build] * 2, [0, 1], paper.here)
            for name, stage in member.stages:
                with told(f"run {member.run!r}, stage {name!r}: {kind}"):
                    step_once(stack, source, name, stage)
        test = _few(paper.split(member.cell, "test"))
        tried[member.run] = Trained(
            member.run, member.cell.label, stack.select([0]), train=data, test=test
        )
    return tried


def _kinds(plans: Sequence[StackPlan], seen: set[str]) -> Iterator[Member]:
    """A member of every run, once: the runs of a stack may differ in numbers, and numbers can fail."""
    for plan in plans:
        for member in plan.members:
            if member.run not in seen:
                seen.add(member.run)
                yield member


def _few(data: Dataset) -> Dataset:
    images = None if data.images is None else data.images[:FEW]
    return replace(data, x=data.x[:FEW], y=data.y[:FEW], labelled=None, images=images)


def _measures(paper: "Paper", tried: Mapping[str, Trained]) -> None:
    """Try the measures of code that is not our own, which tests hold to what models have."""
    tier = paper.settings.tier
    changed = paper.spec.tier[tier].measure
    for measure in paper.spec.measure:
        if tier not in measure.tiers or looked_at(measure):
            continue
        arguments = {**measure.arguments, **changed.get(measure.name, {})}
        for run in tried if measure.runs == "all" else measure.runs:
            if run in tried and _foreign(measure.function, tried[run]):
                at = f"run {run!r}, measure {measure.name!r}: {measure.function}"
                act = partial(function(measure.function, "metrics"), tried[run])
                _try(at, partial(act, **_small(arguments)), tried[run])


def _figures(paper: "Paper", tried: Mapping[str, Trained]) -> None:
    """The same of the figures."""
    for figure in paper.spec.figure:
        runs = [tried[run] for run in figure.runs if run in tried]
        if len(runs) == len(figure.runs) and any(_foreign(figure.function, run) for run in runs):
            act = partial(function(figure.function, "figures"), runs, **figure.arguments)
            _try(f"figure {figure.name!r}: {figure.function}", act, *runs)


def _foreign(path: str, run: Trained) -> bool:
    return ":" in path or not type(run.model).__module__.startswith("ae.")


def _try(at: str, act: Callable[[], object], *runs: Trained) -> None:
    """A method that is missing is a fault; that examples are few and nothing is trained is none."""
    try:
        act()
    except AttributeError as error:
        if any(type(run.model).__name__ in str(error) for run in runs):
            raise UserError(f"{at}: {plain(error)}") from None
    except Exception:  # noqa: BLE001, S110 - of so few examples it may refuse
        pass


def _small(arguments: Mapping[str, Any]) -> dict[str, Any]:
    whole = {k for k, v in arguments.items() if isinstance(v, int) and not isinstance(v, bool)}
    return {key: min(v, MOST) if key in whole else v for key, v in arguments.items()}
