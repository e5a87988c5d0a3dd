"""beta-VAE: its bound against torch.distributions, the weight, and the network of the paper."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from ae.models.base import Batch
from ae.models.beta_vae import BetaVAE

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
