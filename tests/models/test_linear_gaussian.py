"""The linear VAE against scikit-learn, torch.distributions and itself."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.distributions import MultivariateNormal, kl_divergence

from ae.models.base import Batch
from ae.models.linear_gaussian import LinearVAE
from ae.training.stack import Stack

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

FEATURES, LATENT = 7, 3


def data(count=400):
    mixing = torch.randn(FEATURES, FEATURES) * torch.tensor([3.0, 2, 1.5, 0.5, 0.4, 0.3, 0.2])
    return torch.randn(count, FEATURES) @ mixing.T + torch.arange(FEATURES)


def fitted(x, rotated, full):
    model = LinearVAE(FEATURES, latent=LATENT, init=0.1, rotated=rotated, full=full)
    with torch.no_grad():
        model.fit(x)
    return model


def free():
    """Parameters at no special point, with correlations in the posterior."""
    model = LinearVAE(FEATURES, latent=LATENT, init=0.7, rotated=False, full=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def posterior(model, x):
    """p(z given x), by torch's Gaussian."""
    noise = model.lognoise.exp()
    precision = model.weight.T @ model.weight / noise + torch.eye(LATENT)
    mean = torch.linalg.solve(precision, model.weight.T @ (x - model.mean).T / noise).T
    return MultivariateNormal(mean, precision_matrix=precision)


def marginal(model):
    covariance = model.weight @ model.weight.T + model.lognoise.exp() * torch.eye(FEATURES)
    return MultivariateNormal(model.mean, covariance)


KINDS = pytest.mark.parametrize("rotated", [False, True])


def test_the_evidence_is_torchs_gaussian():
    model, x = free(), data(5)
    torch.testing.assert_close(model.log_evidence(x), marginal(model).log_prob(x))


@KINDS
@pytest.mark.parametrize("full", [False, True])
def test_the_fit_is_sklearns_probabilistic_pca(rotated, full):
    x, n = data(), 400
    oracle = PCA(LATENT, svd_solver="full").fit(x.numpy())
    model = fitted(x, rotated, full)
    # scikit-learn divides by n - 1, so its covariance is larger by n / (n - 1).
    ours = marginal(model).covariance_matrix.detach().numpy()
    np.testing.assert_allclose(ours, oracle.get_covariance() * (n - 1) / n, rtol=1e-9, atol=1e-12)
    score = oracle.score(x.numpy())
    assert model.log_evidence(x).mean().item() == pytest.approx(score, abs=1e-4)
    assert model.log_evidence(x).mean().item() > score  # for it is the maximum


@KINDS
def test_with_a_full_posterior_the_elbo_is_the_evidence_at_the_maximum(rotated):
    model, x = fitted(data(), rotated, full=True), data(20)
    torch.testing.assert_close(model.elbo(x), model.log_evidence(x))


def test_with_orthogonal_columns_a_diagonal_posterior_is_enough():
    model, x = fitted(data(), rotated=False, full=False), data(20)
    torch.testing.assert_close(model.elbo(x), model.log_evidence(x))


def test_with_rotated_columns_the_gap_is_the_divergence_of_the_best_diagonal_posterior():
    model, x = fitted(data(), rotated=True, full=False), data(20)
    p = posterior(model, x)
    q = MultivariateNormal(model.encode(x), scale_tril=model.factor())
    torch.testing.assert_close(q.mean, p.mean)
    gap = model.log_evidence(x) - model.elbo(x)
    torch.testing.assert_close(gap, kl_divergence(q, p))
    assert gap.min().item() > 0.05
    with torch.no_grad():  # no other diagonal is better
        for unit in range(LATENT):
            for change in (-0.05, 0.05):
                model.logscale[unit] += change
                assert (model.elbo(x) < model.log_evidence(x) - gap).all()
                model.logscale[unit] -= change


def test_elbo_and_gap_at_any_parameters_are_torchs():
    model, x = free(), data(5)
    q = MultivariateNormal(model.encode(x), scale_tril=model.factor())
    gap = kl_divergence(q, posterior(model, x))
    torch.testing.assert_close(model.elbo(x), model.log_evidence(x) - gap)
    prior = MultivariateNormal(torch.zeros(LATENT), torch.eye(LATENT))
    out = model.exact_objective(Batch(x), {})
    torch.testing.assert_close(out.parts["kl"], kl_divergence(q, prior))
    torch.testing.assert_close(out.loss, out.parts["reconstruction"] + out.parts["kl"])


def test_weights_are_ratios_of_torchs_densities():
    model, x, noise = free(), data(5), torch.randn(5, LATENT)
    q = MultivariateNormal(model.encode(x), scale_tril=model.factor())
    z = model.encode(x) + noise @ model.factor().T
    joint = MultivariateNormal(
        model.decode(z), model.lognoise.exp() * torch.eye(FEATURES)
    ).log_prob(x) + MultivariateNormal(torch.zeros(LATENT), torch.eye(LATENT)).log_prob(z)
    torch.testing.assert_close(model.log_joint(x, {"z": z}), joint)
    torch.testing.assert_close(model.log_weights(x, {"z": noise}), joint - q.log_prob(z))


def test_one_sample_gives_the_exact_elbo_and_its_gradient_on_average():
    model, x = free(), data(1)
    many = Batch(x.expand(40000, -1))
    exact = torch.autograd.grad(
        model.exact_objective(Batch(x), {}).loss.sum(), list(model.parameters())
    )
    noise = torch.randn(20000, LATENT)
    noise = torch.cat([noise, -noise])  # antithetic: quadratic terms alone are left to chance
    sampled = torch.autograd.grad(
        model.objective(many, {"z": noise}).loss.mean(), list(model.parameters())
    )
    for one, other in zip(sampled, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.03 * other.abs().max().item())


def test_rotation_is_orthogonal_and_differs_by_seed():
    build = lambda: LinearVAE(FEATURES, latent=LATENT, init=0.1, rotated=True, full=False)
    stack = Stack([build] * 2, [3, 4])
    rotation = stack.buffers["rotation"]
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(LATENT).expand(2, -1, -1))
    assert not torch.allclose(rotation[0], rotation[1])
    x = data()
    with torch.no_grad():
        stack.share("fit", x)
    weight = stack.parameters["weight"]
    assert not torch.allclose(weight[0], weight[1])
    evidence = stack.share("log_evidence", x)
    torch.testing.assert_close(evidence[0], evidence[1])


def test_the_objective_leads_to_the_maximum():
    x = data(200)
    best = fitted(x, rotated=False, full=False).log_evidence(x).mean().item()
    model = LinearVAE(FEATURES, latent=LATENT, init=0.1, rotated=False, full=False)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=400, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = model.exact_objective(Batch(x), {}).loss.mean()
        loss.backward(inputs=[p for p in model.parameters() if p is not model.correlation])
        return loss

    optimizer.step(closure)
    loss = closure()
    assert math.isclose(-loss.item(), best, abs_tol=0.01)
    assert -loss.item() <= best + 1e-9
