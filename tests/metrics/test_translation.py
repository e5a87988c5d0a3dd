"""Errors of halves that a known model exchanges."""

import math

import pytest
import torch
from torch import Tensor, nn

from ae.metrics import translation
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.training.stack import Stack


class Exchange(Autoencoder):
    """Gives the first half for the second and the other way round, `scale` times as bright."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.draws = {}

    def translate(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, -1)
        return torch.cat([self.scale * second, first], -1)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


@pytest.fixture
def trained(run):
    stack = Stack([Exchange] * 3, [1, 2, 3])
    stack.load({"scale": torch.tensor([[1.0], [0.5], [math.nan]])})
    return run(stack, torch.rand(6, 8), torch.tensor([2, 0, 1, 1, 0, 2]), shape=(2, 2, 2))


def test_a_half_is_compared_with_what_is_made_of_the_other(trained):
    first, second = trained.test.x.chunk(2, 1)
    apart = float(((first - second) ** 2).sum(1).mean())
    assert translation.error(trained, to="second")[:2] == pytest.approx([apart, apart])
    dim = float(((0.5 * second - first) ** 2).sum(1).mean())
    found = translation.error(trained, to="first")
    assert found[:2] == pytest.approx([apart, dim])
    assert math.isnan(found[2])
