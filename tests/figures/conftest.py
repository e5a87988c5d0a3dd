"""Runs to draw, whose weights and data are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ae.data.dataset import Dataset
from ae.figures.drawing import Drawing, Saved, save
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.seeds import Stack
from ae.trained import Trained


class Linear(Autoencoder):
    """Codes W x and, through W's transpose, reconstructions."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(units, features))
        self.draws = {}

    def encode(self, x: Tensor) -> Tensor:
        return x @ self.weight.T

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.encode(x) @ self.weight

    def decode(self, z: Tensor) -> Tensor:
        return z @ self.weight

    def filters(self) -> Tensor:
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


class Images(Dataset):
    """What figures use of a data set, from tensors."""

    def __init__(self, x: Tensor, y: Tensor | None, shape: tuple[int, ...]) -> None:
        self.__dict__.update(x=x, y=y, shape=shape)

    def batch(self, index: Tensor) -> Batch:
        return Batch(self.x[index])


@pytest.fixture
def linear(exact_arithmetic: None) -> Callable[..., Trained]:
    """A run of `Linear` whose seeds have the given weights (seed, unit, feature)."""

    def make(name: str, weights: Tensor, x: Tensor, y: Tensor | None = None) -> Trained:
        seeds, units, features = weights.shape
        stack = Stack([lambda: Linear(features, units)] * seeds, range(seeds))
        stack.load({"weight": weights})
        side = round(features**0.5)
        data = Images(x, y, (side, side) if side * side == features else (1, features))
        return Trained(name=name, label=f"run {name}", stack=stack, train=data, test=data)

    return make


@pytest.fixture
def repainted(tmp_path: Path) -> Callable[[Drawing], Saved]:
    """Saves a drawing, paints it again from its .npz alone, and holds the files to be equal."""

    def check(drawing: Drawing) -> Saved:
        saved = save(drawing, tmp_path / "first", "figure")
        with np.load(tmp_path / "first" / saved.arrays, allow_pickle=False) as file:
            kept = dict(file)
        again = save(replace(drawing, arrays=kept), tmp_path / "second", "figure")
        assert again == saved
        data = saved.interaction.data if saved.interaction else None
        for name in filter(None, (saved.image, saved.vector, saved.arrays, data)):
            assert (tmp_path / "first" / name).read_bytes() == (
                tmp_path / "second" / name
            ).read_bytes(), name
        return saved

    return check
