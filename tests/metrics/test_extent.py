"""Reach of codes and steps of walks of a model whose pictures are known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ae.metrics import extent
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.training.stack import Stack


class Bent(Autoencoder):
    """Codes are the images times `scale`; a code is decoded to its `power`th powers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.power = nn.Parameter(torch.ones(1))
        self.draws = {"z": Draw("normal", (2,))}

    def encode(self, x: Tensor) -> Tensor:
        return self.scale * x

    def decode(self, z: Tensor) -> Tensor:
        return z**self.power

    def prior_code(self, noise: Noise) -> Tensor:
        return noise["z"]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


@pytest.fixture
def trained(run):
    stack = Stack([Bent] * 4, [1, 2, 3, 4])
    powers = torch.tensor([[1.0], [1.0], [2.0], [1.0]])
    stack.load({"scale": torch.tensor([[1.0], [-3.0], [1.0], [math.nan]]), "power": powers})
    return run(stack, torch.tensor([[0.0, 1], [0, 0], [1, 1], [4, 0]]), shape=(1, 2))


def test_the_range_is_the_mean_over_numbers(trained):
    found = extent.code_range(trained)
    assert found[:2] == pytest.approx([(4 + 1) / 2, 3 * (4 + 1) / 2])
    assert math.isnan(found[3])


def test_even_walks_have_even_steps_and_bent_ones_a_largest(trained):
    """From the first image to the third and from the second to the fourth, each along one number."""
    found = extent.largest_step(trained, pairs=2, steps=5)
    assert found[:2] == pytest.approx([20, 20])
    squares = np.arange(6) ** 2 / 25
    assert found[2] == pytest.approx(100 * np.diff(squares).max())
    assert math.isnan(found[3])


def test_holes_are_where_no_code_is(run):
    """Codes of the prior's own law leave about one draw in a hundred; half a plane half of them."""
    x = torch.randn(1500, 2, generator=torch.Generator().manual_seed(1))
    stack = Stack([Bent] * 4, [1, 2, 3, 4])
    scales = torch.tensor([[1.0], [100.0], [0.0], [math.nan]])
    stack.load({"scale": scales, "power": torch.ones(4, 1)})
    whole, far, point, lost = extent.holes(run(stack, x, shape=(1, 2)), codes=1500)
    assert whole == pytest.approx(1, abs=2)
    assert far > 95
    assert point > 75
    assert math.isnan(lost)
    half = torch.stack([x[:, 0].abs(), x[:, 1]], 1)
    assert extent.holes(run(stack, half, shape=(1, 2)), codes=1500)[0] == pytest.approx(38, abs=10)
