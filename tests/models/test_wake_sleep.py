"""Wake-sleep on both autoencoders, and Gaussian pixels: against torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from ae.models.base import Batch
from ae.models.gaussian_vae import GaussianVAE
from ae.models.vae import VAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def bernoulli(features=30):
    return VAE(features, hidden=[12], latent=3, init=0.3, beta=1.0)


def gaussian(features=30, floor=-11.0):
    return GaussianVAE(features, hidden=[12], latent=3, init=0.3, floor=floor)


KINDS = pytest.mark.parametrize("kind", [bernoulli, gaussian])


def noise(images=5, features=30):
    return {
        "z": torch.randn(images, 3),
        "cause": torch.randn(images, 3),
        "pixels": torch.rand(images, features),
    }


def distribution(model, z):
    """p(x given z), from the network's own outputs."""
    if isinstance(model, VAE):
        return Independent(Bernoulli(logits=model.decoder(z), validate_args=False), 1)
    mean, logvar = model.decoder(z).chunk(2, -1)
    return Independent(Normal(mean.sigmoid(), logvar.exp().sqrt(), validate_args=False), 1)


def posterior(model, x):
    mean, logvar = model.encoder(x).chunk(2, -1)
    return Independent(Normal(mean, logvar.exp().sqrt()), 1)


@KINDS
def test_wake_and_sleep_are_two_log_densities(kind):
    model, x, draws = kind(), torch.rand(5, 30), noise()
    out = model.wake_sleep(Batch(x), draws)
    q = posterior(model, x)
    wake = -distribution(model, q.base_dist.loc + q.base_dist.scale * draws["z"]).log_prob(x)
    dreamt = distribution(model, draws["cause"]).base_dist
    if isinstance(model, VAE):
        dream = (draws["pixels"] < dreamt.probs).double()
    else:
        dream = dreamt.loc + dreamt.scale * draws["pixels"]
    sleep = -posterior(model, dream).log_prob(draws["cause"])
    torch.testing.assert_close(out.loss, wake + sleep)
    torch.testing.assert_close(out.parts["reconstruction"], wake)
    torch.testing.assert_close(out.parts["sleep"], sleep)
    prior = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    torch.testing.assert_close(out.parts["bound"], -wake - kl_divergence(q, prior))


@KINDS
def test_wake_teaches_the_decoder_alone_and_sleep_the_encoder_alone(kind):
    model, x, draws = kind(), torch.rand(5, 30), noise()
    out = model.wake_sleep(Batch(x), draws)
    wake = model.objective(Batch(x), {"z": draws["z"]}).parts["reconstruction"]
    encoder, decoder = list(model.encoder.parameters()), list(model.decoder.parameters())
    both = torch.autograd.grad(out.loss.sum(), encoder + decoder, retain_graph=True)
    alone = torch.autograd.grad(out.parts["sleep"].sum(), encoder, retain_graph=True)
    theirs = torch.autograd.grad(wake.sum(), decoder)
    for found, expected in zip(both, (*alone, *theirs), strict=True):
        torch.testing.assert_close(found, expected)
    assert torch.autograd.grad(
        out.parts["sleep"].sum(), decoder, retain_graph=True, allow_unused=True
    ) == (None,) * len(decoder)


def test_dreams_have_the_frequency_of_their_pixels():
    model = bernoulli(4)
    cause = torch.randn(1, 3)
    u = (torch.arange(10000).unsqueeze(1) + 0.5).expand(-1, 4) / 10000
    dreams = (u < model.decode(cause)).double().mean(0)
    torch.testing.assert_close(dreams, model.decode(cause)[0], rtol=0, atol=1e-4)


def test_the_gaussian_bound_is_what_torch_distributions_says():
    model, x, draws = gaussian(), torch.rand(5, 30), torch.randn(5, 3)
    out = model.objective(Batch(x), {"z": draws})
    q = posterior(model, x)
    z = q.base_dist.loc + q.base_dist.scale * draws
    torch.testing.assert_close(out.parts["reconstruction"], -distribution(model, z).log_prob(x))
    prior = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    torch.testing.assert_close(out.parts["kl"], kl_divergence(q, prior))
    torch.testing.assert_close(out.loss, -out.parts["bound"])
    weights = distribution(model, z).log_prob(x) + prior.log_prob(z) - q.log_prob(z)
    torch.testing.assert_close(model.log_weights(x, {"z": draws}), weights)


def test_no_pixel_is_surer_than_the_floor():
    model = gaussian(floor=-2.0)
    with torch.no_grad():
        for parameter in model.decoder[-1].parameters():
            parameter.zero_()
        model.decoder[-1].bias[30:] = torch.linspace(-5, 1, 30)
    x = torch.full((1, 30), 0.5)
    logvar = model.pixel_logvar(x)[0]
    torch.testing.assert_close(logvar, torch.linspace(-5, 1, 30).clamp(min=-2.0))
    density = -0.5 * (math.log(2 * math.pi) + logvar).sum()
    out = model.objective(Batch(x), {"z": torch.zeros(1, 3)})
    torch.testing.assert_close(-out.parts["reconstruction"][0], density)


def test_zero_weights_give_784_log_2_for_any_image():
    model = VAE(784, hidden=[5], latent=3, init=0.0, beta=1.0)
    out = model.objective(Batch(torch.rand(2, 784)), {"z": torch.randn(2, 3)})
    torch.testing.assert_close(out.parts["bound"], torch.full((2,), -784 * math.log(2)))


def test_both_initial_laws_have_their_spread():
    normal = VAE(784, hidden=[500], latent=2, init=0.01, beta=1.0)
    assert normal.encoder[0].weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert normal.encoder[0].bias.std().item() == pytest.approx(0.01, rel=0.2)
    uniform = VAE(784, hidden=[500], latent=2, init="fan_in", beta=1.0)
    for layer, inputs in ((uniform.encoder[0], 784), (uniform.decoder[0], 2)):
        for values in (layer.weight, layer.bias):
            assert values.abs().max().item() == pytest.approx(inputs**-0.5, rel=0.02)
            assert values.std().item() == pytest.approx((3 * inputs) ** -0.5, rel=0.1)
