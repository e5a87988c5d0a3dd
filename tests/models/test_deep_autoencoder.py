"""The machines under the deep autoencoder against enumeration and the published update rule."""

import itertools

import pytest
import torch

from ae.models.base import Batch
from ae.models.deep_autoencoder import DeepAutoencoder

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def machine(hidden=(3,), latent=2):
    model = DeepAutoencoder(5, hidden=list(hidden), latent=latent, init=0.7)
    for parameter in model.parameters():
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    return model


def test_free_energy_is_minus_the_log_of_the_sum_over_hidden_states():
    model = machine()
    weight, c = model.encoder[0].weight, model.encoder[0].bias
    b = model.decoder[1].bias
    v = torch.rand(7, 5)
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)))
    energy = -(v @ b)[:, None] - (states @ c)[None] - v @ weight.T @ states.T
    expected = -(-energy).logsumexp(1)
    torch.testing.assert_close(model._free_energy(v, 0), expected)


def test_free_energy_of_gaussian_hidden_units_is_the_integral():
    model = machine(hidden=(), latent=1)
    v, h = torch.rand(7, 5), torch.linspace(-30, 30, 60001)
    activity = model.encoder[0](v)
    b = model.decoder[0].bias
    # E = -b v - h (c + W v) + h^2 / 2, up to a constant that does not depend on v.
    density = (h * activity - h**2 / 2).exp()
    expected = -(v @ b) - (torch.trapezoid(density, h) / (2 * torch.pi) ** 0.5).log()
    torch.testing.assert_close(model._free_energy(v, 0), expected)


@pytest.mark.parametrize("layer", [0, 1])
def test_the_gradient_is_the_published_contrastive_divergence(layer):
    model = machine()
    x = torch.rand(64, 5)
    draw = model.draws_for("contrastive_divergence", layer)["hidden"]
    noise = torch.rand(64, *draw.shape) if draw.law == "uniform" else torch.randn(64, *draw.shape)
    assert draw.law == ("uniform" if layer == 0 else "normal")
    out = model.contrastive_divergence(Batch(x), {"hidden": noise}, layer=layer)
    machine_ = model.encoder[layer]
    mirror = model.decoder[1 - layer]
    wanted = [machine_.weight, machine_.bias, mirror.bias]
    grads = torch.autograd.grad(out.loss.mean(), wanted)

    v0 = x if layer == 0 else (x @ model.encoder[0].weight.T + model.encoder[0].bias).sigmoid()
    activity = v0 @ machine_.weight.T + machine_.bias
    if layer == 0:
        h0, states = activity.sigmoid(), (noise < activity.sigmoid()).double()
    else:
        h0, states = activity, activity + noise
    v1 = (states @ machine_.weight + mirror.bias).sigmoid()
    again = v1 @ machine_.weight.T + machine_.bias
    h1 = again.sigmoid() if layer == 0 else again
    expected = [(h1.T @ v1 - h0.T @ v0) / 64, (h1 - h0).mean(0), (v1 - v0).mean(0)]
    for grad, value in zip(grads, expected, strict=True):
        torch.testing.assert_close(grad, value)
    torch.testing.assert_close(out.parts["reconstruction"], ((v0 - v1) ** 2).sum(-1))


def test_unrolling_gives_the_decoder_the_transposed_weights():
    model = machine(hidden=(4, 3))
    with torch.no_grad():
        model.unroll()
    for up, down in zip(model.encoder, reversed(model.decoder), strict=True):
        assert torch.equal(down.weight, up.weight.T)


def test_fine_tuning_costs_the_cross_entropy_that_torch_computes():
    model, x = machine(), torch.rand(7, 5)
    out = model.objective(Batch(x), {})
    probability = model.reconstruct(x)
    expected = torch.nn.functional.binary_cross_entropy(probability, x, reduction="none").sum(-1)
    torch.testing.assert_close(out.loss, expected)
    torch.testing.assert_close(out.parts["squared_error"], ((probability - x) ** 2).sum(-1))
