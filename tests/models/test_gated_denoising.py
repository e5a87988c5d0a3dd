"""Gated denoisers: the objective by hand, the published network's form, the best gain in reach."""

import pytest
import torch

from ae.models.base import Batch
from ae.models.gated_denoising import ConvGatedDAE, GatedDAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def dense(squared=True):
    return GatedDAE(100, hidden=[7], latent=3, sigma=0.2, squared=squared)


def convolutional():
    return ConvGatedDAE(100, planes=[2, 3], hidden=7, latent=3, sigma=0.2)


@pytest.mark.parametrize("kind", [dense, convolutional])
def test_the_output_multiplies_the_noisy_example_and_the_error_is_a_mean_over_pixels(kind):
    model, x, n = kind(), torch.randn(5, 100), torch.randn(5, 100)
    out = model.objective(Batch(x), {"corruption": n})
    noisy = x + 0.2 * n
    gain = torch.sigmoid(model.decoder(model.encode(noisy)))
    torch.testing.assert_close(out.loss, (noisy * gain - x).square().sum(-1) / 100)
    assert ((model.gain(noisy) > 0) & (model.gain(noisy) < 1)).all()


def test_squaring_hides_the_sign_from_the_encoder_and_nothing_else_does():
    x = torch.randn(5, 100)
    torch.testing.assert_close(dense(True).encode(x).shape, torch.Size([5, 3]))
    squared, raw = dense(True), dense(False)
    torch.testing.assert_close(squared.encode(x), squared.encode(-x), rtol=0, atol=0)
    torch.testing.assert_close(squared.encode(x), squared.encoder(x * x))
    torch.testing.assert_close(raw.encode(x), raw.encoder(x))


def test_with_the_variance_known_the_best_gain_is_the_oracles():
    """A gate that knows s^2 reaches the error s^2 sigma^2 / (s^2 + sigma^2)."""
    model = GatedDAE(2, hidden=[3], latent=1, sigma=0.2, squared=True)
    s = torch.tensor([0.3, 0.9])
    for parameter in model.parameters():
        parameter.data.zero_()
    model.decoder[-1].bias.data = (s**2 / 0.04).log()  # sigmoid of it is s^2 / (s^2 + sigma^2)
    x, n = s * torch.randn(200_000, 2), torch.randn(200_000, 2)
    found = model.objective(Batch(x), {"corruption": n}).loss.mean().item()
    expected = (s**2 * 0.04 / (s**2 + 0.04)).mean().item()
    assert found == pytest.approx(expected, rel=4 * (2 / 400_000) ** 0.5 * 1.1)


def test_the_published_network_has_9216_units_below_the_code_and_its_size():
    model = ConvGatedDAE(784, planes=[6, 16], hidden=250, latent=10, sigma=0.2)
    assert model.encoder[:8](torch.zeros(2, 784)).shape == (2, 9216)
    convolutions = 2 * (25 * 6 + 25 * 6 * 16) + (6 + 16) + (6 + 1)
    normalisations = 2 * (6 + 16) + 2 * (6 + 1)
    down = 9216 * 250 + 250 + 250 * 10 + 10
    up = 10 * 250 + 250 + 250 * 9216 + 9216
    assert sum(p.numel() for p in model.parameters()) == convolutions + normalisations + down + up


def test_statistics_are_those_of_the_batch_in_training_and_in_evaluation():
    model, x = convolutional(), torch.randn(5, 100)
    trained = model.train().encode(x)
    torch.testing.assert_close(model.eval().encode(x), trained, rtol=0, atol=0)
    assert not torch.equal(model.encode(x[:2]), trained[:2])
    planes = model.encoder[:4](x)
    torch.testing.assert_close(planes.mean((0, 2, 3)), torch.zeros(2), atol=1e-12, rtol=0)
