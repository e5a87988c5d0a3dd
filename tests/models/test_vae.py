"""The two Gaussian models: each term of the bound is what torch.distributions says."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from zoo import stage

from ae.models.base import Batch
from ae.models.conv_vae import ConvVAE
from ae.models.vae import VAE
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def dense(beta=1.0):
    return VAE(30, hidden=[12], latent=3, init=0.3, beta=beta)


def convolutional(beta=1.0):
    return ConvVAE(2 * 16**2, colours=2, planes=[3, 4], hidden=8, latent=3, beta=beta)


KINDS = pytest.mark.parametrize(
    ("kind", "features"), [(dense, 30), (convolutional, 512)], ids=["dense", "convolutional"]
)


def given(kind, features, beta=1.0):
    model, x, noise = kind(beta), torch.rand(5, features), torch.randn(5, 3)
    return model, x, noise, model.objective(Batch(x), {"z": noise})


@KINDS
def test_the_terms_are_those_of_torch_distributions(kind, features):
    model, x, noise, out = given(kind, features)
    mean, logvar = model.posterior(x)
    posterior = Normal(mean, (logvar / 2).exp())
    pixels = Bernoulli(model.decode(mean + posterior.scale * noise), validate_args=False)
    expected = -Independent(pixels, 1).log_prob(x)
    torch.testing.assert_close(out.parts["reconstruction"], expected)
    prior = Normal(torch.zeros(3), torch.ones(3))
    torch.testing.assert_close(out.parts["kl"], kl_divergence(posterior, prior).sum(-1))
    torch.testing.assert_close(out.loss, out.parts["reconstruction"] + out.parts["kl"])


@KINDS
def test_beta_weighs_the_divergence_alone(kind, features):
    model, x, noise, one = given(kind, features)
    model.beta.fill_(4.0)
    four = model.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(four.loss - one.loss, 3 * one.parts["kl"])


@KINDS
def test_noise_moves_the_code_by_its_standard_deviation(kind, features):
    model, x, _, _ = given(kind, features)
    still = model.objective(Batch(x), {"z": torch.zeros(5, 3)}).parts["reconstruction"]
    x_hat = model.reconstruct(x)
    torch.testing.assert_close(still, -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum(-1))


def test_the_bound_lies_below_the_evidence_of_a_model_that_is_integrated_on_a_grid():
    model = VAE(6, hidden=[5], latent=1, init=0.6, beta=1.0)
    x, grid = torch.rand(4, 6).round(), torch.linspace(-9, 9, 4001)
    logits = model.decoder(grid.unsqueeze(1))
    joint = -torch.nn.functional.binary_cross_entropy_with_logits(
        logits.expand(4, -1, -1), x.unsqueeze(1).expand(-1, 4001, -1), reduction="none"
    ).sum(-1) + Normal(0.0, 1.0).log_prob(grid)
    evidence = joint.logsumexp(-1) + math.log(18 / 4000)
    noise = torch.randn(20000, 1)
    for image, log_joint, log_px in zip(x, joint, evidence, strict=True):
        bound = -model.objective(Batch(image.expand(20000, 6)), {"z": noise}).loss
        mean, logvar = (t.squeeze() for t in model.posterior(image.unsqueeze(0)))
        posterior = Normal(mean, (logvar / 2).exp()).log_prob(grid)
        gap = (posterior.exp() * (posterior - (log_joint - log_px))).sum()
        standard_error = bound.std().item() / math.sqrt(20000)
        assert bound.mean().item() == pytest.approx(
            (log_px - gap * 18 / 4000).item(), abs=5 * standard_error
        )
        assert gap > 0


def test_four_convolutions_take_64_pixels_to_4_and_back():
    model = ConvVAE(4096, colours=1, planes=[32, 32, 64, 64], hidden=256, latent=10, beta=4.0)
    assert model.summit == (64, 4, 4)
    assert model.reconstruct(torch.rand(2, 4096)).shape == (2, 4096)
    assert sum(p.numel() for p in model.parameters()) == 764_245


def test_a_side_that_does_not_halve_is_refused():
    with pytest.raises(ValueError, match="expected 1 square planes whose side halves 3 times"):
        ConvVAE(36, colours=1, planes=[2, 2, 2], hidden=4, latent=2, beta=1.0)


@pytest.mark.parametrize("build", [dense, convolutional], ids=["dense", "convolutional"])
def test_warm_up_is_a_schedule_of_beta(build):
    """KL warm-up, as a spec writes it: from 0 to 1 over two epochs of three steps."""
    warm_up = {"key": "buffer:beta", "kind": "linear", "at": [0, 2], "values": [0.0, 1.0]}
    x = torch.rand(96, 30 if build is dense else 512)
    source = Source(96, lambda index: Batch(x[index]))

    def trained(beta, **keys):
        stack, weights = Stack([lambda: build(beta)] * 2, [3, 1]), []
        training = Training(stack, [stage(**keys)], source)
        for progress in training.run():
            parts = progress.parts
            if parts is not None:
                weights.append((parts["loss"] - parts["reconstruction"]) / parts["kl"])
        return stack, weights

    stack, weights = trained(1.0, schedules=[warm_up])
    torch.testing.assert_close(stack.buffers["beta"], torch.ones(2))
    expected = torch.arange(9).div(6).clamp(max=1).unsqueeze(1).expand(9, 2)
    torch.testing.assert_close(torch.stack(weights), expected, rtol=0, atol=1e-9)
    none, _ = trained(0.0, epochs=1 / 3)
    begun, _ = trained(1.0, epochs=1 / 3, schedules=[warm_up])  # its only step has beta 0
    for name, tensor in none.parameters.items():
        assert torch.equal(begun.parameters[name], tensor), name
