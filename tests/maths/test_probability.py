"""Densities against torch.distributions."""

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from scipy.stats import norm
from torch.distributions import (
    Bernoulli,
    MultivariateNormal,
    Normal,
    SigmoidTransform,
    TransformedDistribution,
    Uniform,
    kl_divergence,
)

from ae.maths.probability import (
    kl_between_normals,
    kl_to_standard_normal,
    log_bernoulli,
    log_discretised_logistic,
    log_discretised_normal,
    log_normal,
    log_normal_cholesky,
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


def test_kl_between_normals_is_what_torch_says(gaussian):
    mean, logvar = gaussian
    prior_mean, prior_logvar = torch.randn(1, 3), torch.randn(1, 3)
    prior = Normal(prior_mean, (prior_logvar / 2).exp())
    theirs = kl_divergence(Normal(mean, (logvar / 2).exp()), prior).sum(-1)
    ours = kl_between_normals(mean, logvar, prior_mean, prior_logvar)
    torch.testing.assert_close(ours, theirs)
    zero = torch.zeros(7, 3)
    standard = kl_between_normals(mean, logvar, zero, zero)
    torch.testing.assert_close(standard, kl_to_standard_normal(mean, logvar))


def test_log_normal_cholesky_is_what_torch_says(gaussian):
    mean, logvar = gaussian
    factor = torch.randn(3, 3).tril(-1) + torch.diag(torch.rand(3) + 0.5)
    z = torch.randn(7, 3)
    theirs = MultivariateNormal(mean, scale_tril=factor).log_prob(z)
    torch.testing.assert_close(log_normal_cholesky(z, mean, factor), theirs)
    diagonal = torch.diag_embed((logvar / 2).exp())
    ours = log_normal_cholesky(z, mean, diagonal)
    torch.testing.assert_close(ours, log_normal(z, mean, logvar))


def test_the_discretised_logistic_is_a_difference_of_torchs_distribution_function():
    unit = Uniform(torch.tensor(0.0), torch.tensor(1.0), validate_args=False)
    logistic = TransformedDistribution(unit, [SigmoidTransform().inv])
    x = torch.arange(256).reshape(256, 1) / 255
    mean, logscale = torch.tensor([0.3]), torch.tensor([-2.5])
    ours = log_discretised_logistic(x, mean, logscale, 256).exp()
    edges = (torch.arange(257) / 256 - mean) / logscale.exp()
    theirs = logistic.cdf(edges).diff()
    torch.testing.assert_close(ours[1:-1], theirs[1:-1])
    torch.testing.assert_close(ours.sum(), torch.tensor(1.0))


def test_the_discretised_logistic_survives_a_narrow_scale():
    x, logscale = torch.tensor([[0.0, 1.0, 0.5]]), torch.full((3,), -7.0)
    far = log_discretised_logistic(x, torch.tensor([1.0, 0.0, 0.9]), logscale, 256)
    assert torch.isfinite(far).all()
    assert far.item() < -1000


def test_shapes_that_disagree_are_refused(gaussian):
    mean, logvar = gaussian
    with pytest.raises(TypeCheckError, match="logvar"):
        kl_to_standard_normal(mean, logvar[:, :2])


def test_a_discretised_normal_law_is_scipys_and_sums_to_1():
    levels = torch.arange(256).double() / 255
    for mean, std in ((0.3, 0.02), (1.4, 0.1), (0.5, 3.0), (-0.2, 0.004)):
        mean, std = torch.tensor(mean).double(), torch.tensor(std).double()
        found = log_discretised_normal(levels[:, None], mean[None, None], std[None, None], 256)
        assert found.exp().sum().item() == pytest.approx(1, abs=1e-12)
        edges = (np.arange(255) + 0.5) / 255
        mass = np.diff(norm.cdf(edges, mean, std))
        inner = found.exp().numpy()[1:-1]
        np.testing.assert_allclose(inner, mass, rtol=1e-6, atol=1e-15)
    far = log_discretised_normal(torch.zeros(1, 1), torch.ones(1, 1), torch.full((1, 1), 0.01), 256)
    assert far.item() == pytest.approx(norm.logcdf((0.5 / 255 - 1) / 0.01), rel=1e-6)
