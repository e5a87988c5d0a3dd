"""A model under test: how it is made and trained, and what it is tested on."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Noise
from ae.spec import Descent, Fit, Optimizer, StepTable
from ae.training.batches import Source
from ae.training.noise import NoiseSource
from ae.training.stack import Stack
from ae.training.trainer import Training

SEEDS = (3, 1, 4, 15)
EXAMPLES = 40  # to train on
FEW = 6  # to look at
BATCH = 7
Stages = tuple[tuple[str, Descent | Fit], ...]


@dataclass(frozen=True)
class Subject:
    """A model, small, with the stages that train it.

    Attributes:
        kind: Its class.
        arguments: The constructor's, without `features`.
        stages: Name and protocol of each stage.
        sweep: Values of the swept arguments to train side by side.
        features: Pixels of an image.
        classes: How many classes the labels are of.
    """

    kind: type[Autoencoder]
    arguments: Mapping[str, Any]
    stages: Stages
    sweep: tuple[Mapping[str, Any], ...] = ()
    features: int = 17  # odd on purpose: rows that fill no vector register
    classes: int = 3

    def build(self, **changes: Any) -> Callable[[], Autoencoder]:
        """A constructor of the model, some arguments changed."""
        given = {**self.arguments, **changes}
        if "features" in inspect.signature(self.kind).parameters:
            given["features"] = self.features
        return partial(self.kind, **given)

    @property
    def steps(self) -> list[StepTable]:
        """What trains it by an objective; what has a closed form is looked at all the same."""
        found = [stage for _, stage in self.stages if isinstance(stage, Descent)]
        return [step for stage in found or [descent("objective")] for step in stage.steps]

    def source(self) -> Source:
        """Images and labels, of which some are hidden where the model can take that."""
        g = torch.Generator().manual_seed(9)
        x = torch.rand(EXAMPLES, self.features, generator=g)
        y = torch.randint(self.classes, (EXAMPLES,), generator=g)
        if self.kind.hidden_labels:
            y[::2] = -1
        return Source(EXAMPLES, lambda index: Batch(x[index], y[index]))


def descent(objective: str, **keys: Any) -> Descent:
    """A short stage of gradient descent."""
    return Descent(
        objective=objective,
        **{
            "modules": "all",
            "batch": BATCH,
            "epochs": 3,
            "optimizer": Optimizer.model_validate({"class": "Adam", "lr": 1e-2}),
            **keys,
        },
    )


class Prepared(NamedTuple):
    """Members as they begin, a batch that leads with the member axis, and the noise of each step."""

    stack: Stack
    batch: Batch
    steps: list[tuple[StepTable, Noise]]


def prepared(subject: Subject, seeds: Sequence[int] = SEEDS) -> Prepared:
    """Members of these seeds, and what their objectives are computed of."""
    stack = Stack([subject.build()] * len(seeds), seeds)
    batch = subject.source().batch(torch.arange(FEW).expand(len(seeds), FEW))
    noise = NoiseSource(seeds, "cpu", "noise")
    steps = [(step, _noise(stack, step, noise)) for step in subject.steps]
    return Prepared(stack, batch, steps)


def _noise(stack: Stack, step: StepTable, source: NoiseSource) -> Noise:
    draws = stack.model.draws_for(step.objective, step.layer)
    return {name: tensor.clone() for name, tensor in source.draw(draws, FEW).items()}


def trained(subject: Subject, seeds: Sequence[int]) -> Stack:
    """Members after all stages, in batches of seven and, at the end of an epoch, of what is left."""
    stack = Stack([subject.build()] * len(seeds), seeds)
    stages = [
        (name, stage.model_copy(update={"batch": BATCH}) if isinstance(stage, Descent) else stage)
        for name, stage in subject.stages
    ]
    for _ in Training(stack, stages, subject.source()).run():
        pass
    return stack


def constants(step: StepTable) -> dict[str, Any]:
    """What a step gives its objective beside a batch and noise."""
    return {} if step.layer is None else {"layer": step.layer}


def called(step: StepTable) -> str:
    """A step's objective, for people."""
    return step.objective if step.layer is None else f"{step.objective}(layer={step.layer})"


def lone(subject: Subject, state: Mapping[str, Tensor], member: int) -> Autoencoder:
    """The plain module of one member of a stack in this state."""
    model = subject.build()()
    model.load_state_dict({name: tensor[member] for name, tensor in state.items()})
    return model


def methods(kind: type[Autoencoder], *parameters: str) -> set[str]:
    """The public methods of a model that take these, and no more but perhaps a layer."""
    return {
        name
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and not hasattr(torch.nn.Module, name)
        if [p for p in inspect.signature(method).parameters if p != "layer"]
        == ["self", *parameters]
    }
