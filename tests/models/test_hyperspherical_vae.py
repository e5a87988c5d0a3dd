"""Codes on a sphere against scipy's distribution, against exact likelihoods; the Gaussian rival."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import vonmises_fisher
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy, softplus

from ae.models.base import Batch
from ae.models.bernoulli_vae import BernoulliVAE
from ae.models.hyperspherical_vae import SVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def build(latent=2, beta=1.0):
    return SVAE(20, hidden=[13, 11], latent=latent, beta=beta)


def noise(model, count=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {
        name: (torch.randn if draw.law == "normal" else torch.rand)(count, *draw.shape, generator=g)
        for name, draw in model.draws.items()
    }


@pytest.mark.parametrize("latent", [2, 5, 10])
def test_the_terms_are_the_papers_with_scipys_distribution(latent):
    model, x = build(latent, beta=0.5), torch.rand(8, 20)
    given = noise(model)
    mean, kappa = model.direction(x)
    z = model.sample_code(x, given)
    out = model.objective(Batch(x), given)
    pixels = binary_cross_entropy(model.decode(z), x, reduction="none").sum(-1)
    laws = [
        vonmises_fisher(m, k) for m, k in zip(mean.detach().numpy(), kappa.tolist(), strict=True)
    ]
    m = latent + 1
    area = math.log(2 * math.pi ** (m / 2) / math.gamma(m / 2))
    kl = torch.tensor([area - law.entropy() for law in laws])
    torch.testing.assert_close(out.parts["kl"], kl, atol=1e-6, rtol=0)
    torch.testing.assert_close(out.loss, pixels + 0.5 * kl, atol=1e-6, rtol=0)
    density = [law.logpdf(p) for law, p in zip(laws, z.detach().numpy(), strict=True)]
    expected = -pixels - area - torch.tensor(np.array(density)).flatten()
    torch.testing.assert_close(model.log_weights(x, given), expected, atol=1e-6, rtol=0)


def test_codes_are_unit_vectors_and_concentrations_above_one():
    model, x = build(5), torch.rand(8, 20)
    outputs = model.encoder(x)
    mean, kappa = model.direction(x)
    torch.testing.assert_close(mean, outputs[:, :-1] / outputs[:, :-1].norm(dim=-1, keepdim=True))
    torch.testing.assert_close(kappa, softplus(outputs[:, -1]) + 1)
    assert (kappa > 1).all()
    for z in (model.encode(x), model.prior_code(noise(model)), model.sample_code(x, noise(model))):
        torch.testing.assert_close((z**2).sum(-1), torch.ones(8), atol=1e-7, rtol=0)


def test_weights_of_a_decoder_that_ignores_its_code_average_to_the_likelihood():
    """E_q[p(x, z) / q(z given x)] = p(x), exactly what the pixels' own probabilities give."""
    model, x = build(3), torch.rand(2, 20)
    with torch.no_grad():
        model.decoder[0].weight.zero_()
        model.encoder[-1].bias[-1] = 1.0
        exact = -binary_cross_entropy(model.reconstruct(x), x, reduction="none").sum(-1)
        many = x.repeat(100_000, 1)
        w = model.log_weights(many, noise(model, len(many))).view(-1, 2)
    estimate = w.logsumexp(0) - math.log(len(w))
    torch.testing.assert_close(estimate, exact, atol=0.02, rtol=0)


def test_the_gradient_of_the_divergence_lowers_the_concentration():
    model, x = build(), torch.rand(8, 20)
    out = model.objective(Batch(x), noise(model))
    (slope,) = torch.autograd.grad(out.parts["kl"].sum(), model.encoder[-1].bias)
    assert slope[-1] > 0  # the last output is the concentration's
    assert slope[:-1].abs().max() == 0  # the divergence does not know the direction


@pytest.mark.parametrize("spread", ["logvar", "softplus"])
def test_the_rivals_terms_are_torchs(spread):
    model = BernoulliVAE(
        20,
        hidden=[13],
        latent=3,
        activation="relu",
        init="glorot_uniform",
        heads="joint",
        scale=spread,
        beta=0.25,
    )
    x, given = torch.rand(8, 20), {"z": torch.randn(8, 3)}
    mean, second = model.encoder(x).chunk(2, -1)
    std = (second / 2).exp() if spread == "logvar" else softplus(second)
    z = mean + std * given["z"]
    pixels = binary_cross_entropy(model.decoder(z).sigmoid(), x, reduction="none").sum(-1)
    kl = kl_divergence(Normal(mean, std), Normal(0.0, 1.0)).sum(-1)
    out = model.objective(Batch(x), given)
    torch.testing.assert_close(out.loss, pixels + 0.25 * kl)
    torch.testing.assert_close(out.parts["kl"], kl)
    log_q = Normal(mean, std).log_prob(z).sum(-1)
    log_p = Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(model.log_weights(x, given), log_p - pixels - log_q)
