"""Teaching pages' networks: both ends of the noise, dropped units, a deviation of any sign."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, elu

from ae.models.base import Batch
from ae.models.teaching_vae import DenseVAE, FransVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
BOTH = {"noise": 1.0, "divergence": 1.0}
NEITHER = {"noise": 0.0, "divergence": 0.0}


def dense(keep=1.0, **weights):
    torch.manual_seed(1)
    return DenseVAE(12, hidden=[9, 7], latent=2, keep=keep, **{**BOTH, **weights})


def frans(scale="free", **weights):
    torch.manual_seed(1)
    return FransVAE(64, planes=[3, 4], latent=2, scale=scale, **{**BOTH, **weights})


def images(features):
    return torch.rand(6, features, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(("model", "features"), [(dense, 12), (frans, 64)])
def test_without_noise_and_divergence_it_is_an_autoencoder(model, features):
    plain, x = model(**NEITHER), images(features)
    found = plain.objective(Batch(x), {"z": torch.full((6, 2), 1e3)})
    made = plain.reconstruct(x)
    expected = binary_cross_entropy(made, x, reduction="none").sum(1)
    torch.testing.assert_close(found.loss, expected)
    assert torch.equal(plain.sample_code(x, {"z": torch.ones(6, 2)}), plain.encode(x))


@pytest.mark.parametrize(("model", "features"), [(dense, 12), (frans, 64)])
def test_with_both_it_is_the_bound(model, features):
    whole, x, z = model(), images(features), torch.randn(6, 2)
    found = whole.objective(Batch(x), {"z": z})
    mean, logvar = whole.posterior(x)
    made = whole.decode(mean + (logvar / 2).exp() * z)
    expected = binary_cross_entropy(made, x, reduction="none").sum(1)
    posterior = torch.distributions.Normal(mean, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    kl = torch.distributions.kl_divergence(posterior, prior).sum(1)
    torch.testing.assert_close(found.loss, expected + kl)
    torch.testing.assert_close(found.parts["bound"], -expected - kl)


def test_units_are_dropped_where_the_noise_says_so():
    model, x = dense(keep=0.5), images(12)
    kept, lost = torch.zeros(6, 16), torch.ones(6, 16)
    first, second, third = model.encoder.layers
    twice = 2 * elu(first(x))
    by_hand = third(2 * elu(second(twice)))
    torch.testing.assert_close(model.encoder(x, kept), by_hand)
    torch.testing.assert_close(model.encoder(x, lost), third.bias.expand(6, -1))
    assert set(model.draws) == {"z", "down", "up"}
    assert set(dense().draws) == {"z"}
    last = torch.cat([kept[:, :9], lost[:, 9:]], 1)
    torch.testing.assert_close(model.encoder(x, last), third.bias.expand(6, -1))


def test_a_free_deviation_has_any_sign_and_counts_by_its_square():
    model, x = frans(), images(64)
    with torch.no_grad():
        model.encoder[-1].bias.copy_(torch.tensor([0.0, 0.0, -0.5, 0.5]))
    given = model.encoder(x)[:, 2:]
    assert (given < 0).any()
    torch.testing.assert_close((model.posterior(x)[1] / 2).exp(), given.abs(), rtol=0, atol=1.1e-6)
    before = model.posterior(x)[1]
    with torch.no_grad():
        model.encoder[-1].weight[2:] *= -1
        model.encoder[-1].bias[2:] *= -1
    assert torch.equal(model.posterior(x)[1], before)
    assert torch.equal(frans("log").posterior(x)[1], frans("log").encoder(x)[:, 2:])


def test_planes_halve_and_double_the_side():
    model = FransVAE(784, planes=[16, 32], latent=20, scale="free", **BOTH)
    sizes = [tuple(p.shape) for p in model.parameters() if p.dim() == 4]
    assert sizes == [(16, 1, 5, 5), (32, 16, 5, 5), (32, 16, 5, 5), (16, 1, 5, 5)]
    assert model.encoder[-1].weight.shape == (40, 7 * 7 * 32)
    assert model.decode(torch.zeros(3, 20)).shape == (3, 784)
