"""The plain autoencoder, and what is known of a pixel without an image, against sums by hand."""

import math
from itertools import pairwise

import pytest
import torch
from torch.distributions import Normal

from ae.models.base import Batch
from ae.models.bottleneck import BottleneckAE, SquaresAE
from ae.models.shape_free import CHUNK, ShapeFree

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_the_error_is_a_mean_over_pixels_in_scaled_units():
    model = BottleneckAE(6, hidden=[5], latent=2, centre=0.5, scale=0.5)
    x = torch.rand(4, 6)
    scaled = 2 * x - 1
    made = model.decoder(model.encoder(scaled))
    out = model.objective(Batch(x), {})
    torch.testing.assert_close(out.loss, (made - scaled).square().mean(-1))
    torch.testing.assert_close(model.reconstruct(x), (made + 1) / 2)


def test_an_encoder_of_squares_sees_no_sign_and_is_held_to_the_pixels():
    model = SquaresAE(6, hidden=[5], latent=2)
    x = torch.randn(4, 6)
    torch.testing.assert_close(model.encode(x), model.encoder(x.square()))
    torch.testing.assert_close(model.encode(-x), model.encode(x))
    made = model.decoder(model.encoder(x.square()))
    torch.testing.assert_close(model.reconstruct(x), made)
    torch.testing.assert_close(model.objective(Batch(x), {}).loss, (made - x).square().mean(-1))


def test_the_published_network_has_its_size():
    model = BottleneckAE(784, hidden=[1000, 500, 250], latent=10, centre=0.5, scale=0.5)
    widths = [784, 1000, 500, 250, 10, 250, 500, 1000, 784]
    expected = sum(i * o + o for i, o in pairwise(widths))
    assert sum(p.numel() for p in model.parameters()) == expected == 2_827_294


def test_the_fit_is_the_mean_square_of_every_pixel():
    x = torch.randn(CHUNK + 7, 3) * torch.tensor([0.0, 0.5, 2.0])
    model = ShapeFree(3, sigma=0.2, min_logvar=-6.0)
    model.fit(x)
    torch.testing.assert_close(model.variance, x.square().mean(0))
    few = torch.ones(2, 3)
    v = model.variance
    torch.testing.assert_close(model.reconstruct(few), (v / (v + 0.04)).expand(2, 3))
    assert model.deviation(few)[1, 0].item() == pytest.approx(math.exp(-3))
    torch.testing.assert_close(model.deviation(few)[0, 1:], v[1:].sqrt())


def test_the_density_is_that_of_torch_distributions():
    x = torch.randn(50, 3)
    model = ShapeFree(3, sigma=0.2, min_logvar=-6.0)
    model.fit(x)
    expected = Normal(torch.zeros(3), model.variance.sqrt()).log_prob(x).sum(-1)
    bound = model.objective(Batch(x), {}).parts["bound"]
    torch.testing.assert_close(bound, expected + 1.5 * math.log(2 * math.pi))
