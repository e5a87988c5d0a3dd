"""The total correlation of Gaussian codes whose covariance is known."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from ae.metrics import total_correlation as tc
from ae.models.base import Autoencoder
from ae.training.stack import Stack

MIX = torch.tensor([[[1.0, 0.0], [0.8, 0.6]], [[1.0, 0.0], [0.0, 2.0]]])  # correlations 0.8, 0
ALL = {"split": "test", "examples": 20_000}


class Mixed(Autoencoder):
    """Codes W x of two numbers, the variance of whose posterior is 1."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, features))
        self.draws = {}

    def posterior(self, x):
        mean = x @ self.weight.T
        return mean, torch.zeros_like(mean)

    def objective(self, batch, noise):
        raise NotImplementedError


@pytest.fixture
def mixed(run):
    def make(weights):
        stack = Stack([lambda: Mixed(2)] * len(weights), range(len(weights)))
        stack.load({"weight": weights})
        x = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
        x = (x - x.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
        return run(stack, x, shape=(1, 2))

    return make


def test_means_have_the_dependence_of_their_covariance(mixed):
    # Whitened images: the covariance is W W^T, so TC = -log(1 - 0.8^2) / 2 and 0.
    found = tc.gaussian(mixed(MIX), representation="mean", **ALL)
    assert found == pytest.approx([-math.log(1 - 0.64) / 2, 0.0], abs=1e-6)


def test_samples_have_that_of_the_covariance_and_the_posteriors_variance(mixed):
    # W W^T + 1: the correlation 0.8 becomes 0.8 / 2.
    found = tc.gaussian(mixed(MIX), representation="sampled", **ALL)
    assert found == pytest.approx([-math.log(1 - 0.16) / 2, 0.0], abs=0.01)
    ahead = tc.excess(mixed(MIX), **ALL)
    assert ahead == pytest.approx([math.log(0.84 / 0.36) / 2, 0.0], abs=0.01)


def test_it_is_the_divergence_of_a_gaussian_from_its_margins():
    z = np.random.default_rng(1).normal(size=(4000, 3)) @ np.array(
        [[1.0, 0.5, 0.2], [0.0, 2.0, 0.3], [0.0, 0.0, 0.7]]
    )
    cov = np.cov(z.T, bias=True)
    margins = sum(scipy.stats.norm(scale=math.sqrt(v)).entropy() for v in cov.diagonal())
    expected = margins - scipy.stats.multivariate_normal(cov=cov).entropy()
    assert tc.dependence(z) == pytest.approx(expected, abs=1e-9)


def test_constant_numbers_and_seeds_that_diverged_have_none(mixed):
    weights = MIX.clone()
    weights[0, 0], weights[1] = 0.0, math.nan
    assert all(math.isnan(v) for v in tc.gaussian(mixed(weights), representation="mean", **ALL))
