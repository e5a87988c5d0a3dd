"""Priors in the plane: where their parts are, and how far they reach."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest, multivariate_normal

from ae.maths.priors import LONG, SHORT, petal, petal_distance, roll, roll_distance

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def draws(count, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(count, 2, generator=g), torch.rand(count, generator=g)


@pytest.mark.parametrize("part", [0, 3, 9])
def test_a_petal_is_the_gaussian_that_it_is_said_to_be(part):
    z = petal(draws(20_000)[0], torch.full((20_000,), part), classes=10)
    angle = 2 * math.pi * part / 10
    way = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-way[1], way[0]])
    covariance = LONG**2 * np.outer(way, way) + SHORT**2 * np.outer(across, across)
    np.testing.assert_allclose(z.mean(0).numpy(), 1.4 * way, atol=0.015)
    np.testing.assert_allclose(np.cov(z.T.numpy()), covariance, atol=0.006)
    law = multivariate_normal(1.4 * way, covariance)
    distance = petal_distance(z, classes=10)[:, part].numpy()
    exact = -0.5 * distance - math.log(2 * math.pi * LONG * SHORT)
    np.testing.assert_allclose(exact, law.logpdf(z.numpy()), rtol=1e-8, atol=1e-8)
    assert kstest(distance, chi2(2).cdf).pvalue > 0.003


def test_samples_of_a_part_are_nearest_to_it():
    normal, uniform = draws(5000)
    part = torch.arange(5000) % 10
    near = petal_distance(petal(normal, part, classes=10), classes=10).argmin(-1)
    assert (near == part).double().mean() > 0.98
    near = roll_distance(roll(uniform, part, classes=10), classes=10).argmin(-1)
    assert (near == part).double().mean() > 0.995


def test_the_roll_goes_from_the_middle_outwards_in_two_turns():
    ends = roll(torch.tensor([0.0, 0.999999]), torch.tensor([0, 9]), classes=10)
    torch.testing.assert_close(ends[0], torch.zeros(2))
    torch.testing.assert_close(ends[1], torch.tensor([3.0, 0.0]), atol=1e-4, rtol=0)
    way = torch.linspace(0, 1, 2001)[:-1]
    z = roll(way, torch.zeros(2000, dtype=torch.long), classes=1)
    turned = torch.atan2(z[:, 1], z[:, 0]).diff()
    assert (turned.abs() > math.pi).sum() == 2  # the angle jumps once a turn, on the left
    assert roll_distance(z, classes=10).amin(-1).max() < 0.05**2
