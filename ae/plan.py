"""Spec and tier -> the stacks to train.

Runs whose model, data and protocol agree, but for numbers that live in buffers, train together
with all their seeds.
"""

import importlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ae.models.base import Autoencoder
from ae.record import digest
from ae.spec import Cell, Descent, Fit, Precision

PACKAGE = Path(__file__).parent
TRAINER = (
    "batches.py",
    "data/access.py",
    "data/dataset.py",
    "data/noise.py",
    "environment.py",
    "fitted.py",
    "fitting.py",
    "graph.py",
    "models/base.py",
    "networks.py",
    "optimize.py",
    "plan.py",
    "position.py",
    "probability.py",
    "seeds.py",
    "spec/training.py",
    "spectrum.py",
    "sticks.py",
    "train.py",
)


@dataclass(frozen=True)
class Member:
    """One seed of one run."""

    cell: Cell
    seed: int
    build: Callable[[], Autoencoder]


@dataclass(frozen=True)
class StackPlan:
    """What trains together: its members, their common protocol, and its key.

    The key is the digest of everything that the outcome depends on: the members' arguments and
    seeds, the protocol with its precision, the data, the code of the model and of the trainer, the
    kind of device.
    """

    members: tuple[Member, ...]
    stages: tuple[tuple[str, Descent | Fit], ...]
    precision: Precision
    key: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The runs, each once, in order."""
        return tuple({m.cell.name: m.cell for m in self.members}.values())

    @property
    def name(self) -> str:
        """The runs' names, for people."""
        return ", ".join(cell.name for cell in self.cells)

    def members_of(self, run: str) -> list[int]:
        """Where the seeds of a run are in the stack."""
        return [i for i, m in enumerate(self.members) if m.cell.name == run]


def model_class(path: str) -> type[Autoencoder]:
    """The class that a spec names as `file.Class`."""
    file, _, name = path.partition(".")
    found = getattr(importlib.import_module(f"ae.models.{file}"), name)
    assert isinstance(found, type)
    assert issubclass(found, Autoencoder)
    return found


def builder(cell: Cell, shape: Sequence[int]) -> Callable[[], Autoencoder]:
    """A constructor of the cell's model; `features` is filled from the data's shape."""
    arguments = dict(cell.model)
    kind = model_class(arguments.pop("class"))
    if "features" in inspect.signature(kind).parameters:
        arguments["features"] = math.prod(shape)
    return partial(kind, **arguments)


def code_digest(*files: str) -> str:
    """sha256 over source files of this package, by their paths in it."""
    return digest(
        {file: (PACKAGE / file).read_text(encoding="utf-8") for file in sorted(set(files))}
    )


def plan(
    cells: Sequence[Cell],
    shapes: Mapping[str, Sequence[int]],
    data: Mapping[str, str],
    device: str,
) -> list[StackPlan]:
    """The stacks of these runs.

    Args:
        cells: The runs of a spec in a tier.
        shapes: Data set -> shape of an example.
        data: Run -> digest of the training set as it is used.
        device: Kind of device, `cpu` or `cuda`.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(_common(cell, data[cell.name]), []).append(cell)
    return [_stack(group, shapes, data, device) for group in groups.values()]


def _common(cell: Cell, data: str) -> str:
    """What runs must share to train in one stack."""
    sweeps = model_class(cell.model["class"]).sweeps
    fixed = {k: v for k, v in cell.model.items() if k not in sweeps}
    return digest({"model": fixed, "train": _protocol(cell), "data": data})


def _protocol(cell: Cell) -> dict[str, Any]:
    train = cell.train
    stages = [[name, train.stages[name].model_dump(mode="json")] for name in train.use]
    return {"precision": train.precision, "stages": stages}


def _stack(
    group: Sequence[Cell],
    shapes: Mapping[str, Sequence[int]],
    data: Mapping[str, str],
    device: str,
) -> StackPlan:
    first = group[0]
    members = tuple(
        Member(cell, seed, builder(cell, shapes[cell.data.name]))
        for cell in group
        for seed in cell.train.seeds
    )
    file = first.model["class"].partition(".")[0]
    key = digest(
        {
            "members": [[m.cell.model, m.seed] for m in members],
            "train": _protocol(first),
            "data": data[first.name],
            "code": code_digest(f"models/{file}.py", *TRAINER),
            "device": device,
            "torch": torch.__version__,
        }
    )
    stages = tuple((name, first.train.stages[name]) for name in first.train.use)
    return StackPlan(members, stages, first.train.precision, key)
