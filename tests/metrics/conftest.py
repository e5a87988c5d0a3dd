"""Trained runs whose weights and data are known."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ae.data.dataset import Dataset
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.seeds import Stack
from ae.trained import Trained


class Linear(Autoencoder):
    """Codes W x, which serve as logits and, through W's transpose, as reconstructions."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(units, features))
        self.draws = {}

    def encode(self, x: Tensor) -> Tensor:
        return x @ self.weight.T

    def classify(self, x: Tensor) -> Tensor:
        return self.encode(x)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.encode(x) @ self.weight

    def filters(self) -> Tensor:
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


class Images(Dataset):
    """What metrics use of a data set, from tensors."""

    def __init__(self, x: Tensor, y: Tensor | None, shape: tuple[int, ...]) -> None:
        self.__dict__.update(x=x, y=y, shape=shape)

    def clean(self, index: Tensor) -> Tensor:
        return self.x[index]

    def batch(self, index: Tensor) -> Batch:
        return Batch(self.x[index])


Make = Callable[..., Trained]


@pytest.fixture
def run(exact_arithmetic: None) -> Make:
    """A run of a stack on images and labels; the training images serve as test images, too."""

    def make(
        stack: Stack, x: Tensor, y: Tensor | None = None, *, shape: tuple[int, ...], **test: Tensor
    ) -> Trained:
        return Trained(
            name="a",
            label="A",
            stack=stack,
            train=Images(x, y, shape),
            test=Images(test.get("test_x", x), test.get("test_y", y), shape),
        )

    return make


@pytest.fixture
def linear(run: Make) -> Make:
    """A run of `Linear` whose seeds have the given weights (seed, unit, feature)."""

    def make(weights: Tensor, x: Tensor, y: Tensor | None = None, **more: Tensor) -> Trained:
        seeds, units, features = weights.shape
        stack = Stack([lambda: Linear(features, units)] * seeds, range(seeds))
        stack.load({"weight": weights})
        side = round(features**0.5)
        shape = (side, side) if side * side == features else (1, features)
        return run(stack, x, y, shape=shape, **more)

    return make
