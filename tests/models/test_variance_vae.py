"""Both variational models of variances: their terms are what torch.distributions says."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from ae.models.base import Batch
from ae.models.variance_vae import ConvVarianceVAE, VarianceVAE, floored

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
FEATURES = 144


def dense(squared=True):
    return VarianceVAE(FEATURES, hidden=[7], latent=3, min_logvar=-6.0, squared=squared)


def convolutional():
    return ConvVarianceVAE(FEATURES, planes=[2, 3], hidden=7, latent=3, min_logvar=-6.0)


KINDS = pytest.mark.parametrize("kind", [dense, convolutional])


@KINDS
def test_the_terms_are_those_of_torch_distributions_but_for_the_constant(kind):
    model, x, noise = kind(), torch.randn(5, FEATURES), torch.randn(5, 3)
    out = model.objective(Batch(x), {"z": noise})
    mean, logvar = model.posterior(x)
    posterior = Normal(mean, (logvar / 2).exp())
    centre, spread = model.pixels(mean + posterior.scale * noise)
    density = Normal(centre, (spread / 2).exp()).log_prob(x).sum(-1)
    constant = FEATURES / 2 * math.log(2 * math.pi)
    torch.testing.assert_close(out.parts["reconstruction"], -density - constant)
    kl = kl_divergence(posterior, Normal(torch.zeros(3), torch.ones(3))).sum(-1)
    torch.testing.assert_close(out.parts["kl"], kl)
    torch.testing.assert_close(out.loss, -density - constant + kl)
    torch.testing.assert_close(out.parts["bound"], -out.loss)


@KINDS
def test_maps_are_taken_through_the_mean_of_the_code(kind):
    model, x = kind(), torch.randn(5, FEATURES)
    centre, spread = model.pixels(model.posterior(x)[0])
    torch.testing.assert_close(model.reconstruct(x), centre)
    torch.testing.assert_close(model.deviation(x).log() * 2, spread)
    assert (spread > -6).all()


def test_the_floor_is_soft():
    logvar = torch.tensor([[-1000.0, -6.0, 3.0]])
    expected = [-6.0, -6 + math.log(2), 3 + math.log1p(math.exp(-9))]
    assert floored(logvar, -6.0)[0].tolist() == pytest.approx(expected, abs=1e-12)


def test_squaring_hides_the_sign_from_the_encoder():
    model, x = dense(), torch.randn(5, FEATURES)
    torch.testing.assert_close(model.encode(x), model.encode(-x), rtol=0, atol=0)
    raw = dense(squared=False)
    assert not torch.allclose(raw.encode(x), raw.encode(-x))


def test_the_published_network_has_6400_units_below_the_code_and_its_size():
    model = ConvVarianceVAE(784, planes=[6, 16], hidden=250, latent=10, min_logvar=-6.0)
    assert model.encoder[:6](torch.zeros(2, 784)).shape == (2, 6400)
    convolutions = (25 * 6 + 6) + (25 * 6 * 16 + 16) + (25 * 6 * 16 + 6) + 2 * (25 * 6 + 1)
    down = 6400 * 250 + 250 + 250 * 20 + 20
    up = 10 * 250 + 250 + 250 * 6400 + 6400
    assert sum(p.numel() for p in model.parameters()) == convolutions + down + up
