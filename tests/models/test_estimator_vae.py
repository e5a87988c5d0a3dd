"""Two estimators of one gradient: equal on average by an exact sum, and free bits by hand."""

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from ae.models.base import Batch
from ae.models.estimator_vae import EstimatorVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(estimator="pathwise", free=0.0, latent=2):
    torch.manual_seed(5)
    return EstimatorVAE(6, hidden=[7], latent=latent, estimator=estimator, free=free)


def given(latent=2, count=4):
    g = torch.Generator().manual_seed(1)
    x = torch.rand(count, 6, generator=g).round()
    return Batch(x), {"z": torch.randn(count, latent, generator=g)}


@pytest.mark.parametrize("estimator", ["pathwise", "score"])
def test_the_loss_is_minus_the_bound_of_torch_distributions(estimator):
    model, (batch, noise) = made(estimator), given()
    found = model.objective(batch, noise)
    mean, logvar = model.posterior(batch.x)
    posterior = Normal(mean, (logvar / 2).exp())
    z = posterior.mean + posterior.stddev * noise["z"]
    likelihood = Independent(Bernoulli(logits=model.decoder(z)), 1).log_prob(batch.x)
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(found.loss, kl - likelihood)
    torch.testing.assert_close(found.parts["bound"], likelihood - kl)


def gradient(model, batch, z, weights):
    """Of the weighted mean of objectives at these noises, by the encoder's weights."""
    losses = [
        w * model.objective(batch, {"z": e}).loss.mean() for w, e in zip(weights, z, strict=True)
    ]
    return torch.cat(
        [g.flatten() for g in torch.autograd.grad(sum(losses), list(model.encoder.parameters()))]
    )


def test_both_estimators_have_the_gradient_of_the_expectation():
    """By Gauss and Hermite's rule in one latent number, which needs no luck."""
    torch.set_default_dtype(torch.float64)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = torch.tensor(weights / weights.sum())
    batch = Batch(given(1)[0].x.double())
    z = [torch.full((4, 1), float(n)) for n in nodes]
    found = [gradient(made(e, latent=1), batch, z, weights) for e in ("pathwise", "score")]
    torch.testing.assert_close(*found, atol=1e-7, rtol=1e-5)
    alone = [gradient(made(e, latent=1), batch, z[7:8], [1.0]) for e in ("pathwise", "score")]
    assert (alone[0] - alone[1]).norm() > 0.1 * alone[0].norm()


def test_the_decoder_learns_the_same_by_both():
    batch, noise = given()
    found = []
    for estimator in ("pathwise", "score"):
        model = made(estimator)
        loss = model.objective(batch, noise).loss.sum()
        found.append(torch.autograd.grad(loss, list(model.decoder.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_free_bits_charge_each_number_its_mean_or_the_least():
    batch, noise = given()
    plain = made().objective(batch, noise)
    mean, logvar = made().posterior(batch.x)
    each = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).mean(0).detach()
    free = float(each.mean())
    assert each.min() < free < each.max()
    found = made(free=free).objective(batch, noise)
    expected = plain.parts["reconstruction"] + free + each.max()
    torch.testing.assert_close(found.loss, expected)
    torch.testing.assert_close(found.parts["kl"], plain.parts["kl"])
