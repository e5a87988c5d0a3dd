"""beta-VAE: its bound against torch.distributions, the weight, and the network of the paper."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from ae.models.base import Batch
from ae.models.beta_vae import BetaVAE, ConvBetaVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(beta: float) -> BetaVAE:
    torch.manual_seed(1)
    return BetaVAE(6, encoder=[5, 4], latent=3, decoder=[4, 4], beta=beta)


def test_the_loss_is_what_distributions_say_with_beta_times_the_divergence():
    x, noise = torch.bernoulli(torch.full((9, 6), 0.4)), torch.randn(9, 3)
    for beta in (1.0, 4.0):
        model = made(beta)
        e = model.encoder
        hidden = e[2](e[0](x).clamp(min=0)).clamp(min=0)
        mean, logvar = e[4](hidden)[:, :3], e[4](hidden)[:, 3:]
        posterior = Normal(mean, (logvar / 2).exp())
        d = model.decoder
        logits = d[4](torch.tanh(d[2](torch.tanh(d[0](mean + posterior.scale * noise)))))
        kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1)
        expected = beta * kl - Bernoulli(logits=logits).log_prob(x).sum(-1)
        found = model.objective(Batch(x), {"z": noise})
        torch.testing.assert_close(found.loss, expected)
        torch.testing.assert_close(found.parts["kl"], kl)
        torch.testing.assert_close(-found.parts["bound"], expected - (beta - 1) * kl)


def test_the_weights_average_to_the_bound():
    model, x = made(1.0), torch.bernoulli(torch.full((1, 6), 0.4))
    many, noise = x.expand(200_000, -1), {"z": torch.randn(200_000, 3)}
    with torch.no_grad():
        weights = model.log_weights(many, noise)
        bound = model.objective(Batch(many), noise).parts["bound"]
    error = (weights - bound).std() / 200_000**0.5
    assert abs(weights.mean() - bound.mean()) < 4 * error


def test_the_network_of_the_paper_has_its_number_of_weights():
    with torch.device("meta"):
        model = BetaVAE(4096, encoder=[1200, 1200], latent=10, decoder=[1200] * 3, beta=4.0)
    encoder = 4097 * 1200 + 1201 * 1200 + 1201 * 20
    decoder = 11 * 1200 + 2 * 1201 * 1200 + 1201 * 4096
    assert sum(p.numel() for p in model.parameters()) == encoder + decoder


def convolutional(beta: float, sigma: float) -> ConvBetaVAE:
    torch.manual_seed(1)
    return ConvBetaVAE(
        3 * 8**2, colours=3, planes=[4, 5], hidden=[6], latent=3, sigma=sigma, beta=beta
    )


def test_pixels_of_the_convolutional_one_are_gaussian_about_what_it_decodes():
    x, noise = torch.rand(9, 192), torch.randn(9, 3)
    for beta, sigma in ((1.0, 0.1), (250.0, 0.5)):
        model = convolutional(beta, sigma)
        mean, logvar = model.posterior(x)
        posterior = Normal(mean, (logvar / 2).exp())
        pixels = Normal(model.decode(mean + posterior.scale * noise), sigma)
        kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1)
        found = model.objective(Batch(x), {"z": noise})
        torch.testing.assert_close(found.loss, beta * kl - pixels.log_prob(x).sum(-1))
        prior = Normal(0.0, 1.0).log_prob(noise).sum(-1)
        joint = model.log_joint(x, {"z": noise})
        expected = prior + Normal(model.decode(noise), sigma).log_prob(x).sum(-1)
        torch.testing.assert_close(joint, expected)


def test_the_convolutional_network_of_the_paper_has_its_number_of_weights():
    with torch.device("meta"):
        model = ConvBetaVAE(
            12288,
            colours=3,
            planes=[32, 32, 64, 64],
            hidden=[256],
            latent=32,
            sigma=0.1,
            beta=250.0,
        )
    kernels = 16 * (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64)
    encoder = kernels + (32 + 32 + 64 + 64) + 1025 * 256 + 257 * 64
    decoder = kernels + (64 + 32 + 32 + 3) + 33 * 256 + 257 * 1024
    assert sum(p.numel() for p in model.parameters()) == encoder + decoder
