"""Codes on manifolds: the program's losses by hand, priors that are members."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, leaky_relu

from ae.maths.curvature import inner
from ae.models.base import Batch
from ae.models.ccm_aae import CCMAAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
CURVATURES = [1, 0, -1]


def build(curvature, **changes):
    keys = {"hidden": [13, 11], "discriminator": [9, 7], "latent": 3, "width": 5.0, "pull": 0.5}
    return CCMAAE(20, curvature=curvature, **{**keys, "decay": 0.01, **changes})


def noise(model, method, count=8):
    return {
        name: (torch.randn if draw.law == "normal" else torch.rand)(count, *draw.shape)
        for name, draw in model.draws_for(method, None).items()
    }


def judged(model, z):
    first, _, second, _, last = model.discriminator
    h = leaky_relu(z @ first.weight.T + first.bias, 0.3)
    h = leaky_relu(h @ second.weight.T + second.bias, 0.3)
    return (h @ last.weight.T + last.bias).squeeze(-1).sigmoid()


@pytest.mark.parametrize("curvature", CURVATURES)
def test_codes_have_a_number_more_than_the_manifold_but_on_the_plane(curvature):
    model = build(curvature)
    assert model.encode(torch.rand(4, 20)).shape == (4, 3 + abs(curvature))


@pytest.mark.parametrize("curvature", [1, -1])
def test_the_prior_lies_on_the_manifold(curvature):
    model = build(curvature)
    z = model.prior_code(noise(model, "prior_code", 500))
    torch.testing.assert_close(
        inner(z, z, curvature), torch.full((500,), float(curvature)), atol=1e-9, rtol=0
    )
    away = model.project(3 * torch.randn(100, 4))
    torch.testing.assert_close(inner(away, away, curvature), torch.full((100,), float(curvature)))


def test_the_hyperboloids_prior_is_normal_about_its_lowest_point():
    """The distance from (0, ..., 0, 1) is the length of a standard normal vector."""
    model = build(-1)
    z = model.prior_code(noise(model, "prior_code", 50_000))
    far = z[:, -1].acosh()
    assert (far**2).mean().item() == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize("curvature", CURVATURES)
def test_the_losses_are_the_programs(curvature):
    model, x = build(curvature), torch.rand(8, 20)
    given = noise(model, "discrimination")
    drawn = (given["pixels"] < x).double()
    z = model.encoder(drawn)
    made = model.decoder(z).sigmoid()
    cost = binary_cross_entropy(made, x, reduction="none").mean(-1)
    torch.testing.assert_close(model.objective(Batch(x), given).loss, cost)
    real, fake = judged(model, model.prior_code(given)), judged(model, z)
    weights = [m.weight for m in model.discriminator if hasattr(m, "weight")]
    decay = 0.01 * sum((w**2).sum() for w in weights)
    out = model.discrimination(Batch(x), given)
    torch.testing.assert_close(out.loss, -0.5 * real.log() - 0.5 * (1 - fake).log() + decay)
    square = (z**2).sum(-1) if curvature >= 0 else (z[:, :-1] ** 2).sum(-1) - z[:, -1] ** 2
    near = (-((square - curvature) ** 2) / 50).exp() if curvature else torch.ones(8)
    out = model.confusion(Batch(x), given)
    torch.testing.assert_close(out.loss, -(0.5 * fake + 0.5 * near).log())
    torch.testing.assert_close(out.parts["membership"], near)


def test_without_a_pull_the_encoder_hears_the_discriminator_alone():
    model, x = build(1, pull=0.0), torch.rand(8, 20)
    given = noise(model, "confusion")
    fake = judged(model, model.sample_code(x, given))
    torch.testing.assert_close(model.confusion(Batch(x), given).loss, -fake.log())


def test_drawn_pixels_are_on_with_the_probability_of_their_grey():
    model = build(0)
    x = torch.full((4000, 20), 0.3)
    seen = []
    model.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.sample_code(x, noise(model, "sample_code", 4000))
    assert set(seen[0].unique().tolist()) == {0.0, 1.0}
    assert seen[0].mean().item() == pytest.approx(0.3, abs=0.01)


def test_a_loss_is_finite_where_both_terms_vanish():
    model = build(1)
    with torch.no_grad():
        model.encoder[-1].weight.mul_(1e3)
        model.discriminator[-1].bias.fill_(-1e3)
    loss = model.confusion(Batch(torch.rand(8, 20)), noise(model, "confusion")).loss
    assert loss.max().item() == pytest.approx(-math.log(1e-7))
