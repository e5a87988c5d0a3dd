"""Flows: a density is that of the noise over the determinant of what a sample does to it."""

import pytest
import torch
from torch import nn
from torch.func import jacrev, vmap

from ae.maths.masked_flows import MADE, MaskedFlow


@pytest.fixture(autouse=True)
def doubles(exact_arithmetic):
    torch.manual_seed(0)


def flow(size, *, inverse):
    made = MaskedFlow(size, width=7, layers=2, blocks=2, inverse=inverse)
    for p in made.parameters():
        nn.init.normal_(p, std=0.5)
    return made.double()


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("size", [2, 5])
def test_the_density_is_the_noises_over_the_determinant(size, inverse):
    made = flow(size, inverse=inverse)
    noise = torch.randn(4, size, dtype=torch.float64)
    slopes = vmap(jacrev(lambda one: made.sample(one[None])[0]))(noise)
    expected = torch.distributions.Normal(0, 1).log_prob(noise).sum(-1) - slopes.det().abs().log()
    torch.testing.assert_close(made.log_prob(made.sample(noise)), expected)


def test_a_number_is_told_by_those_before_it_alone():
    made = MADE(4, width=60, layers=2).double()
    z = torch.randn(4, dtype=torch.float64)
    for told in (0, 1):
        slopes = jacrev(lambda one, told=told: made(one[None])[told][0])(z)
        assert torch.equal(slopes.triu(), torch.zeros(4, 4, dtype=torch.float64))
        assert (slopes.tril(-1) != 0).sum() == 6


def test_the_density_of_two_numbers_integrates_to_one():
    made = flow(2, inverse=False)
    axis = torch.linspace(-30, 30, 601, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = made.log_prob(grid).exp().sum() * (axis[1] - axis[0]) ** 2
    assert total.item() == pytest.approx(1, abs=0.01)
