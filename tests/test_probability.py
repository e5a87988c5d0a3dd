"""Densities against torch.distributions."""

import pytest
import torch
from jaxtyping import TypeCheckError
from torch.distributions import Bernoulli, Normal, kl_divergence

from ae.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


@pytest.fixture
def gaussian(exact_arithmetic):
    return torch.randn(7, 3), torch.randn(7, 3)


def test_kl_is_what_torch_says(gaussian):
    mean, logvar = gaussian
    theirs = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_to_standard_normal(mean, logvar), theirs)


def test_kl_vanishes_at_the_prior():
    zero = torch.zeros(1, 3)
    assert kl_to_standard_normal(zero, zero).item() == 0


def test_log_normal_is_what_torch_says(gaussian):
    mean, logvar = gaussian
    z = torch.randn(7, 3)
    theirs = Normal(mean, (logvar / 2).exp()).log_prob(z).sum(-1)
    torch.testing.assert_close(log_normal(z, mean, logvar), theirs)
    zero = torch.zeros(7, 3)
    torch.testing.assert_close(log_standard_normal(z), log_normal(z, zero, zero))


def test_log_bernoulli_is_what_torch_says_and_survives_extreme_logits(gaussian):
    logits, _ = gaussian
    x = torch.rand(7, 3).round()
    theirs = Bernoulli(logits=logits).log_prob(x).sum(-1)
    torch.testing.assert_close(log_bernoulli(x, logits), theirs)
    extreme = torch.tensor([[800.0, -800.0]])
    assert log_bernoulli(torch.tensor([[1.0, 0.0]]), extreme).item() == 0
    assert log_bernoulli(torch.tensor([[0.0, 1.0]]), extreme).item() == -1600


def test_shapes_that_disagree_are_refused(gaussian):
    mean, logvar = gaussian
    with pytest.raises(TypeCheckError, match="logvar"):
        kl_to_standard_normal(mean, logvar[:, :2])
