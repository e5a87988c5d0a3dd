"""The stick-breaking autoencoder: its evidence on a grid, its codes by sampling."""

import math

import pytest
import torch

from ae.maths import sticks
from ae.models.base import Batch
from ae.models.stick_breaking import SBVAE, GaussVAE
from ae.training.noise import NoiseSource

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

FAMILIES = ("kumaraswamy", "gauss_logit", "gamma")


def build(posterior, latent=2, terms=400, clip=0.0, features=6):
    if posterior == "gaussian":
        return GaussVAE(features, hidden=[5], latent=latent - 1, init=0.4)
    return SBVAE(
        features,
        hidden=[5],
        latent=latent,
        posterior=posterior,
        concentration=3.0,
        terms=terms,
        clip=clip,
        init=0.4,
    )


def noise_of(model, count, method="objective"):
    source = NoiseSource([3], "cpu", "noise")
    return {k: v[0] for k, v in source.draw(model.draws_for(method, None), count).items()}


def evidence(model, image):
    """log p(x) on a grid over the one logit (or the one code)."""
    grid = torch.linspace(-40, 15, 20_001).unsqueeze(-1)
    name = next(iter(model.draws_for("log_joint", None)))
    joint = model.log_joint(image.expand(len(grid), -1), {name: grid})
    return float(joint.logsumexp(0).detach()) + math.log(55 / 20_000)


@pytest.mark.parametrize("posterior", [*FAMILIES, "gaussian"])
def test_weights_average_to_the_evidence(posterior):
    model, image = build(posterior), torch.rand(6)
    weights = model.log_weights(image.expand(40_000, 6), noise_of(model, 40_000)).detach()
    relative = (weights - weights.max()).exp()
    found = float(relative.mean().log() + weights.max())
    error = float(relative.std() / relative.mean()) / math.sqrt(40_000)
    assert error < 0.1
    assert found == pytest.approx(evidence(model, image), abs=4 * error)


@pytest.mark.parametrize("posterior", ["kumaraswamy", "gauss_logit", "gaussian"])
def test_the_objective_is_minus_the_mean_log_weight(posterior):
    model, x = build(posterior, latent=4), torch.rand(6).expand(10_000, 6)
    noise = noise_of(model, 10_000)
    with torch.no_grad():
        bound, weights = -model.objective(Batch(x), noise).loss, model.log_weights(x, noise)
    error = float((bound - weights).std()) / math.sqrt(10_000)
    assert float(bound.mean()) == pytest.approx(float(weights.mean()), abs=4 * error + 0.01)


def test_gamma_charges_the_divergence_between_betas():
    model, x = build("gamma", latent=4), torch.rand(9, 6)
    a, b = model.posterior(x)
    out = model.objective(Batch(x), noise_of(model, 9))
    torch.testing.assert_close(out.parts["kl"], sticks.kl_beta_beta(a, b, model.concentration))


@pytest.mark.parametrize("posterior", ["kumaraswamy", "gaussian"])
def test_the_code_is_the_mean_of_its_samples(posterior):
    model, x = build(posterior, latent=4), torch.rand(6).expand(40_000, 6)
    samples = model.sample_code(x, noise_of(model, 40_000))
    error = samples.std(0) / math.sqrt(40_000)
    assert ((samples.mean(0) - model.encode(x[:1])[0]).abs() < 4 * error).all()


@pytest.mark.parametrize("posterior", FAMILIES)
def test_codes_are_sticks(posterior):
    model, x = build(posterior, latent=7), torch.rand(50, 6)
    sampled = model.sample_code(x, noise_of(model, 50))
    dreamt = model.prior_code(noise_of(model, 50, "prior_code"))
    for codes in (model.encode(x), sampled, dreamt):
        assert codes.shape == (50, 7)
        torch.testing.assert_close(codes.sum(-1), torch.ones(50))
        assert (codes >= 0).all()


def test_codes_of_the_prior_have_its_expectation():
    model = build("kumaraswamy", latent=5)
    mean = model.prior_code(noise_of(model, 100_000, "prior_code")).mean(0)
    expected = torch.tensor(sticks.expected_pieces(3.0, 5))
    torch.testing.assert_close(mean, expected, rtol=0, atol=4e-3)


def test_clipping_keeps_training_noise_from_the_ends():
    model, x = build("kumaraswamy", latent=2, clip=0.01), torch.rand(6).expand(2, 6)
    a, b = model.posterior(x[:1])
    ends = model.objective(Batch(x), {"u": torch.tensor([[0.0], [1.0]])})
    for i, u in enumerate((0.01, 0.99)):
        v = (1 - u ** (1 / b)) ** (1 / a)
        logits = model.decoder(torch.cat([v, 1 - v], -1))
        cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, x[:1], reduction="sum")
        torch.testing.assert_close(ends.parts["reconstruction"][i], cost)


@pytest.mark.parametrize("posterior", FAMILIES)
def test_single_precision_survives_extreme_parameters(posterior):
    model = build(posterior, latent=6, terms=10, clip=0.01).float()
    for scale in (-300.0, 300.0):
        with torch.no_grad():
            model.encoder[-1].weight.fill_(scale if posterior != "gauss_logit" else scale / 100)
        x = torch.rand(8, 6, dtype=torch.float32)
        noise = {k: v.float() for k, v in noise_of(model, 8).items()}
        out = model.objective(Batch(x), noise)
        grads = torch.autograd.grad(out.loss.sum(), list(model.parameters()))
        assert out.loss.isfinite().all()
        assert all(g.isfinite().all() for g in grads)
        assert model.log_weights(x, noise).isfinite().all()
