"""Spec and tier -> the members to train, and the stacks in which they train together.

A member is one seed of one run. Runs whose model, data and protocol agree, but for numbers that
live in buffers, train together with all their seeds: all of them on a GPU; on a CPU, where a large
net gains nothing by it, as few as keep the cost of a step well above that of calling it.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch

from ae.disk import digest
from ae.machine.code import code_of
from ae.models.base import Autoencoder
from ae.spec import Cell, Descent, Fit, Precision
from ae.training.classes import code_name, model_class
from ae.training.key import TRAINER, parts, protocol
from ae.training.named import check_named
from ae.training.sweeps import check_sweep


@dataclass(frozen=True)
class Member:
    """One seed of one run, and everything that its weights depend on.

    Attributes:
        cell: The run in its tier.
        seed: The seed.
        build: Makes the model, from the global generator's state.
        data: Digest of the training set as it is used.
        code: Digest of every definition that is reached from the model's class.
        trainer: The same of the trainer.
    """

    cell: Cell
    seed: int
    build: Callable[[], Autoencoder]
    data: str
    code: Mapping[str, str]
    trainer: Mapping[str, str]

    @cached_property
    def parts(self) -> dict[str, Any]:
        """What the key is the digest of, part by part; see `ae.training.key`."""
        return parts(self.cell, self.seed, self.data, self.code, self.trainer)

    @cached_property
    def key(self) -> str:
        """Digest of all that the weights depend on but the machine: device, torch, processor."""
        return digest(self.parts)

    @cached_property
    def kind(self) -> str:
        """Digest of its model's arguments and code: members of one kind compute and take the same."""
        return digest([self.cell.model, dict(self.code)])

    @property
    def run(self) -> str:
        """The run's name."""
        return self.cell.name

    @property
    def stages(self) -> tuple[tuple[str, Descent | Fit], ...]:
        """Name and protocol of each stage, in order."""
        train = self.cell.train
        return tuple((name, train.stages[name]) for name in train.use)


@dataclass(frozen=True)
class StackPlan:
    """Members that train together, by their common protocol."""

    members: tuple[Member, ...]

    @property
    def stages(self) -> tuple[tuple[str, Descent | Fit], ...]:
        """Name and protocol of each stage, in order."""
        return self.members[0].stages

    @property
    def precision(self) -> Precision:
        """That of products in training on CUDA."""
        return self.members[0].cell.train.precision

    @cached_property
    def key(self) -> str:
        """Digest of its members' keys: a checkpoint belongs to a stack."""
        return digest([member.key for member in self.members])

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The runs, each once, in order."""
        return tuple({m.run: m.cell for m in self.members}.values())

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, each once, in order."""
        return tuple(dict.fromkeys(m.seed for m in self.members))

    @property
    def name(self) -> str:
        """The runs' names, for people."""
        return ", ".join(cell.name for cell in self.cells)


def builder(cell: Cell, shape: Sequence[int]) -> Callable[[], Autoencoder]:
    """A constructor of the cell's model; `features` is filled from the data's shape."""
    kind = model_class(cell.model["class"])
    return partial(kind, **_arguments(kind, cell, shape))


def _arguments(kind: type[Autoencoder], cell: Cell, shape: Sequence[int]) -> dict[str, Any]:
    arguments = {key: value for key, value in cell.model.items() if key != "class"}
    if "features" in inspect.signature(kind).parameters:
        arguments["features"] = math.prod(shape)
    return arguments


def plan(
    cells: Sequence[Cell], shapes: Mapping[str, Sequence[int]], data: Mapping[str, str]
) -> list[Member]:
    """The members of these runs, run by run, in the order of their seeds.

    Args:
        cells: The runs of a spec in a tier.
        shapes: Data set -> shape of an example.
        data: Run -> digest of the training set as it is used.

    Raises:
        UserError: Runs differ in an argument that their model names in `sweeps`, but keeps
            elsewhere than in a buffer; or a stage names modules or groups of parameters that its
            model has not.
    """
    for cell in cells:
        check_named(cell, builder(cell, shapes[cell.data.name]))
    _check_sweeps(cells, shapes, data)
    trainer = code_of(*TRAINER)
    found = []
    for cell in cells:
        build = builder(cell, shapes[cell.data.name])
        code = code_of(code_name(cell.model["class"]))
        found += [Member(cell, s, build, data[cell.name], code, trainer) for s in cell.train.seeds]
    return found


def _check_sweeps(
    cells: Sequence[Cell], shapes: Mapping[str, Sequence[int]], data: Mapping[str, str]
) -> None:
    """Of runs that may train together, see that what they differ in lives in buffers alone."""
    alike: dict[str, list[Cell]] = {}
    for cell in cells:
        alike.setdefault(_common(cell, data[cell.name]), []).append(cell)
    for group in alike.values():
        kind = model_class(group[0].model["class"])
        given = [(c.name, _arguments(kind, c, shapes[c.data.name])) for c in group]
        fixed = {key: value for key, value in given[0][1].items() if key not in kind.sweeps}
        swept = [(name, {k: v for k, v in own.items() if k not in fixed}) for name, own in given]
        check_sweep(kind, fixed, swept)


def stacks(members: Iterable[Member], most: Callable[[Member], int]) -> list[StackPlan]:
    """Members in the stacks that they train in.

    Args:
        members: Those that are to be trained.
        most: How many like this one may train together; not a matter of how many there are, nor of
            how many cores, so that neither decides the last bit of a number.
    """
    alike: dict[str, list[Member]] = {}
    for member in members:
        alike.setdefault(_common(member.cell, member.data), []).append(member)
    found = []
    for group in alike.values():
        size = most(group[0])
        found += [StackPlan(tuple(group[i : i + size])) for i in range(0, len(group), size)]
    return found


def _common(cell: Cell, data: str) -> str:
    """What runs must share to train in one stack."""
    sweeps = model_class(cell.model["class"]).sweeps
    fixed = {k: v for k, v in cell.model.items() if k not in sweeps}
    return digest({"model": fixed, "train": protocol(cell), "data": data})


def together(members: Sequence[Member]) -> list[list[Cell]]:
    """The runs that may train in one stack, each once; of those that differ in a sweep."""
    alike: dict[str, dict[str, Cell]] = {}
    for member in members:
        alike.setdefault(_common(member.cell, member.data), {})[member.run] = member.cell
    return [list(runs.values()) for runs in alike.values()]


def torch_release() -> str:
    """Torch's version without its build."""
    return torch.__version__.partition("+")[0]
