"""The released code's own worked example, widths and noise; latent sizes that it allows."""

import pytest
import torch

from ae.maths.probability import kl_to_standard_normal
from ae.models.base import Batch
from ae.models.cs182 import AE, VAE, doubled, halved, noisy


def test_widths_are_those_of_the_helper():
    assert halved(784, 512) == [784, 512]
    assert doubled(512, 784) == [512, 512, 784]
    assert halved(784, 3) == [784, 512, 256, 128, 64, 32, 16, 8, 4, 3]
    assert doubled(3, 784) == [3, 4, 8, 16, 32, 64, 128, 256, 512, 784]
    assert (
        sum(p.numel() for p in AE(784, latent=512, bottleneck=0, noise=0.0).parameters())
        == 1_066_768
    )


def test_the_released_example_comes_out_to_every_printed_digit():
    """test_forward_and_loss of the notebook, from torch's own generator with seed 0."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VAE(784, latent=8, bottleneck=0, noise=0.0, weight=1e-4)
        x = torch.randn(784)[None]
        z = torch.randn(8)[None]
    mean, logvar = model.posterior(x)
    code = (mean + (logvar / 2).exp() * z)[0].tolist()
    expected = [0.1288, -0.1212, 1.8170, -0.8201, 1.2802, 0.4748, -0.2740, -0.9429]
    assert code == pytest.approx(expected, abs=5.1e-5)
    error, log_q, log_p = model.terms(x, x, z)
    assert log_q.item() == pytest.approx(-11.0791, abs=5.1e-5)
    loss = error + model.weight * (log_q - log_p)
    assert loss.item() == pytest.approx(1.0806, abs=5.1e-5)


def test_the_objective_is_an_unbiased_sample_of_the_divergence(exact_arithmetic):
    model = VAE(20, latent=4, bottleneck=0, noise=0.0, weight=0.5)
    x, many = torch.rand(1, 20), 100_000
    noise = {"x": torch.zeros(many, 20), "z": torch.randn(many, 4)}
    objective = model.objective(Batch(x.expand(many, 20)), noise)
    error, loss = objective.parts["squared_error"], objective.loss
    expected = 0.5 * kl_to_standard_normal(*model.posterior(x))
    assert (loss - error).mean().item() == pytest.approx(expected.item(), abs=0.01)
    assert expected > 0.05


def test_noise_is_half_a_standard_normal_within_the_range_of_pixels(exact_arithmetic):
    x, noise = torch.tensor([[0.2, 0.9, 0.0, 1.0]]), torch.tensor([[1.0, 1.0, -3.0, -1.0]])
    half, none = torch.tensor(0.5), torch.tensor(0.0)
    torch.testing.assert_close(noisy(x, half, noise), torch.tensor([[0.7, 1.0, 0.0, 0.5]]))
    assert torch.equal(noisy(x, none, noise), x)


def test_the_target_is_the_clean_image(exact_arithmetic):
    model = AE(20, latent=16, bottleneck=0, noise=0.5)
    x, noise = torch.rand(3, 20), {"x": torch.randn(3, 20)}
    made = model.reconstruct((x + 0.5 * noise["x"]).clamp(0, 1))
    expected = ((made - x) ** 2).mean(-1)
    torch.testing.assert_close(model.objective(Batch(x), noise).loss, expected)


def test_a_bottleneck_is_linear_and_the_helpers_layers_are_around_it(exact_arithmetic):
    model = AE(20, latent=16, bottleneck=3, noise=0.0)
    x = torch.rand(50, 20)
    weight, bias = model.encoder[-1].weight, model.encoder[-1].bias
    torch.testing.assert_close(model.encode(x), model.encoder[:-1](x) @ weight.T + bias)
    assert weight.shape == (3, 16)
    assert (model.encode(x) < 0).any()
    first, *others = [m.weight.shape for m in model.decoder if isinstance(m, torch.nn.Linear)]
    assert first == (16, 3)
    assert others == [
        w.shape
        for w in AE(20, latent=16, bottleneck=0, noise=0.0).decoder.parameters()
        if w.ndim == 2
    ]
    assert (model.reconstruct(x) >= 0).all()


def test_a_bottleneck_is_the_code_of_the_variational_network(exact_arithmetic):
    model = VAE(20, latent=16, bottleneck=2, noise=0.0, weight=0.5)
    mean, logvar = model.posterior(torch.rand(50, 20))
    assert mean.shape == logvar.shape == (50, 2)
    assert (mean < 0).any()
    assert (logvar < 0).any()
    assert model.draws["z"].shape == (2,)
