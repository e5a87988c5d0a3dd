"""A linear model and data from tensors, of which metrics and figures are known in advance."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ae.data.dataset import Dataset
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.training.stack import Stack


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

    def decode(self, z: Tensor) -> Tensor:
        return z @ self.weight

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def filters(self) -> Tensor:
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


class Images(Dataset):
    """What metrics and figures use of a data set, from tensors."""

    def __init__(self, x: Tensor, y: Tensor | None, shape: tuple[int, ...]) -> None:
        found = find_manifest("mnist", Library.at(Path(__file__).parents[1]))
        manifest = found.model_copy(update={"publish": False})
        self.__dict__.update(x=x, y=y, shape=shape, manifest=manifest, sha256="")

    def clean(self, index: Tensor) -> Tensor:
        return self.x[index]

    def batch(self, index: Tensor) -> Batch:
        return Batch(self.x[index])


def linear_stack(weights: Tensor) -> Stack:
    """Seeds of `Linear` that have the given weights (seed, unit, feature)."""
    seeds, units, features = weights.shape
    stack = Stack([lambda: Linear(features, units)] * seeds, range(seeds))
    stack.load({"weight": weights})
    return stack


def picture(features: int) -> tuple[int, int]:
    """A square of so many pixels, or one row where there is none."""
    side = round(features**0.5)
    return (side, side) if side * side == features else (1, features)
