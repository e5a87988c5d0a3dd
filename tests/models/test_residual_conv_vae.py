"""The residual convolutional model against its layers written out as functions."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from ae.models.base import Batch
from ae.models.residual_conv_vae import ResidualConvVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

MEAN, STD, PLANES, LATENT = 0.13, 0.31, 4, 3


def made(colours=1, side=28):
    return ResidualConvVAE(
        colours * side**2, colours=colours, planes=PLANES, latent=LATENT, mean=MEAN, std=STD
    )


def encoded(model, h):
    """The encoder by its weights alone, in their order."""
    weights = iter(model.encoder.parameters())

    def normalised_convolution(h):
        h = F.conv2d(h, next(weights), padding="same")
        return F.instance_norm(h, weight=next(weights), bias=next(weights))

    h = normalised_convolution(h).relu()
    for _ in range(3):
        branch = normalised_convolution(normalised_convolution(h).relu())
        h = F.max_pool2d(h + branch, 2).relu()
    return F.conv2d(h, next(weights), next(weights)).flatten(1)


def decoded(model, z):
    """The decoder, its normalisations with the statistics of the batch."""
    weights = iter(model.decoder.parameters())

    def expanded(h):
        h = F.conv_transpose2d(h, next(weights))
        return F.batch_norm(h, None, None, next(weights), next(weights), training=True)

    h = expanded(z[:, :, None, None]).relu()
    h = h.repeat_interleave(2, -1).repeat_interleave(2, -2)
    for _ in range(3):
        h = expanded(h).relu()
    h = h.repeat_interleave(2, -1).repeat_interleave(2, -2)
    return expanded(expanded(h).relu()).flatten(1)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("colours", "side"), [(1, 28), (3, 32)])
def test_the_loss_is_squared_error_in_the_pixels_deviation_plus_divergence(colours, side):
    model, x, noise = made(colours, side), torch.rand(4, colours * side**2), torch.randn(4, LATENT)
    standard = (x - MEAN) / STD
    mean, logvar = encoded(model, standard.reshape(4, colours, side, side)).chunk(2, -1)
    posterior = Normal(mean, (logvar / 2).exp())
    found = model.objective(Batch(x), {"z": noise})
    if side == 28:
        error = ((standard - decoded(model, mean + posterior.scale * noise)) ** 2).sum(-1)
        torch.testing.assert_close(found.parts["squared_error"], error)
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(found.parts["kl"], kl)
    torch.testing.assert_close(found.loss, found.parts["squared_error"] + kl)


def test_pixels_come_back_in_their_own_unit():
    model, x = made().eval(), torch.rand(4, 784)
    still = model.objective(Batch(x), {"z": torch.zeros(4, LATENT)}).parts["squared_error"]
    torch.testing.assert_close(still, ((x - model.reconstruct(x)) ** 2).sum(-1) / STD**2)


def test_the_density_of_a_pixel_is_a_gaussian_of_half_the_deviations_square():
    model, x, z = made().eval(), torch.rand(4, 784), torch.randn(4, LATENT)
    centre = model.decode(z)
    density = Normal(centre, STD / math.sqrt(2)).log_prob(x).sum(-1)
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(model.log_joint(x, {"z": z}), density + prior)
    terms = model.elbo_terms(x, {"z": torch.randn(4, LATENT)})
    loss = model.objective(Batch(x), {"z": (terms.z - terms.mean) / (terms.logvar / 2).exp()}).loss
    constant = 784 / 2 * math.log(math.pi * STD**2)
    torch.testing.assert_close(loss, -terms.bound - constant)


def test_another_side_is_refused():
    with pytest.raises(ValueError, match="features 900: expected 1 planes of 28 x 28 or 32 x 32"):
        made(1, 30)
