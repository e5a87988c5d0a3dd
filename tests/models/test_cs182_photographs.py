"""The course's networks on photographs, against their layers as functions and torch's densities."""

import pytest
import torch
from torch.distributions import Normal
from torch.nn import functional as F

from ae.models.base import Batch
from ae.models.cs182_photographs import CourseVAE, CourseVQVAE, decoder, encoder

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SIZES = {"planes": 6, "narrow": 2, "many": 4, "wide": 5, "few": 2}
FEATURES, ENTRIES, VARIANCE, LATENT = 3 * 8**2, 5, 0.3, 3


def coded(beta=0.25):
    return CourseVQVAE(FEATURES, width=4, entries=ENTRIES, beta=beta, variance=VARIANCE, **SIZES)


def dense(variational=True, weight=0.01, noise=0.0):
    return CourseVAE(
        FEATURES, latent=LATENT, variational=variational, weight=weight, noise=noise, **SIZES
    )


def drawn(model, examples):
    return {k: torch.randn(examples, *d.shape) for k, d in model.draws.items()}


def normed(h, weights):
    return F.batch_norm(h, None, None, next(weights), next(weights), training=True)


def stack(h, weights, times):
    """One residual layer's weights, used `times` over."""
    own = [next(weights) for _ in range(8)]
    for _ in range(times):
        w = iter(own)
        inner = normed(F.conv2d(h.relu(), next(w), next(w), padding=1), w).relu()
        h = h + normed(F.conv2d(inner, next(w), next(w)), w)
    return h.relu()


def test_the_encoder_applies_one_residual_layer_many_times():
    net, x = encoder(6, 2, 4), torch.randn(5, 3, 8, 8)
    weights = iter(net.parameters())
    h = normed(F.conv2d(x, next(weights), next(weights), stride=2, padding=1), weights).relu()
    h = normed(F.conv2d(h, next(weights), next(weights), stride=2, padding=1), weights).relu()
    h = normed(F.conv2d(h, next(weights), next(weights), padding=1), weights)
    torch.testing.assert_close(net(x), stack(h, weights, 4))


def test_the_decoder_is_its_layers():
    net, z = decoder(4, 6, 5, 2), torch.randn(5, 4, 2, 2)
    weights = iter(net.parameters())
    h = F.conv_transpose2d(z, next(weights), next(weights), padding=1)
    h = stack(h, weights, 2)
    h = F.conv_transpose2d(h, next(weights), next(weights), stride=2, padding=1).relu()
    expected = F.conv_transpose2d(h, next(weights), next(weights), stride=2, padding=1)
    torch.testing.assert_close(net(z), expected)


def test_the_coded_loss_is_error_codebook_and_commitment():
    model, x = coded(beta=0.4).eval(), torch.rand(6, FEATURES)
    z, entries = model.vectors(x), model.codebook[model.codes(x)]
    found = model.objective(Batch(x), {})
    error = ((model.reconstruct(x) - x) ** 2).mean(-1) / VARIANCE
    torch.testing.assert_close(found.parts["nmse"], error)
    torch.testing.assert_close(found.parts["vq_loss"], 1.4 * ((z - entries) ** 2).mean((1, 2)))
    torch.testing.assert_close(found.loss, found.parts["nmse"] + found.parts["vq_loss"])
    assert model.codebook.abs().max() <= 1 / ENTRIES


def test_the_variational_loss_is_error_and_the_ratio_of_torchs_densities():
    model, x = dense(weight=0.3).eval(), torch.rand(6, FEATURES)
    noise = drawn(model, 6)
    planes = (x - 0.5).reshape(6, 3, 8, 8)
    mean = model.down(model.mean(planes).flatten(1))
    std = model.down(model.logstd(planes).flatten(1)).sigmoid().exp()
    assert std.min() >= 1
    z = mean + std * noise["z"]
    ratio = (Normal(mean, std).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1)
    error = ((model.decode(z) - x) ** 2).mean(-1)
    found = model.objective(Batch(x), noise)
    torch.testing.assert_close(found.parts["log_ratio"], ratio)
    torch.testing.assert_close(found.loss, error + 0.3 * ratio)


def test_the_plain_one_is_its_error():
    model, x = dense(variational=False).eval(), torch.rand(6, FEATURES)
    found = model.objective(Batch(x), drawn(model, 6))
    error = ((model.reconstruct(x) - x) ** 2).mean(-1)
    torch.testing.assert_close(found.loss, error)
    assert model.logstd is None
    assert set(model.draws) == {"x"}


def test_noise_is_cut_as_the_notebook_cuts_it():
    model, x = dense(variational=False, noise=0.1).eval(), torch.rand(6, FEATURES)
    noise = drawn(model, 6)
    seen = (x - 0.5 + 0.1 * noise["x"]).clamp(0, 1) + 0.5
    error = ((model.reconstruct(seen) - x) ** 2).mean(-1)
    torch.testing.assert_close(model.objective(Batch(x), noise).loss, error)
    assert (seen == 0.5).double().mean() > 0.3  # the darker half


def test_another_side_is_refused():
    with pytest.raises(ValueError, match="features 108: expected 3 square planes whose side is a"):
        CourseVAE(108, latent=2, variational=False, weight=0.0, noise=0.0, **SIZES)
