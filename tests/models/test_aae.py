"""The adversarial autoencoder's phases by hand, and what each of them trains."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, one_hot

from ae.models.aae import AAE
from ae.models.base import Batch

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
PLAIN = {
    "hidden": [13, 11],
    "discriminator": [9],
    "latent": 2,
    "prior": "normal",
    "scale": 5.0,
    "classes": 10,
    "told": False,
    "cost": "squared",
    "posterior": "none",
    "keep": 1.0,
    "init": 0.3,
}


def build(**changes):
    return AAE(20, **{**PLAIN, **changes})


def noise(model, method, count=8):
    draws = model.draws_for(method, None)
    return {
        name: (torch.randn if draw.law == "normal" else torch.rand)(count, *draw.shape)
        for name, draw in draws.items()
    }


def batch(count=8, hide=()):
    y = torch.arange(count) % 10
    y[list(hide)] = -1
    return Batch(torch.rand(count, 20), y)


def moved(model, loss):
    named = dict(model.named_parameters())
    grads = torch.autograd.grad(loss.mean(), list(named.values()), allow_unused=True)
    return {
        n.partition(".")[0] for n, g in zip(named, grads, strict=True) if g is not None and g.any()
    }


def plain(network, x):
    for layer in network[:-1]:
        x = torch.relu(x @ layer.weight.T + layer.bias)
    return x @ network[-1].weight.T + network[-1].bias


def test_the_phases_are_the_papers():
    model, data = build(), batch()
    z = plain(model.encoder, data.x)
    made = plain(model.decoder, z).sigmoid()
    out = model.objective(data, noise(model, "objective"))
    torch.testing.assert_close(out.loss, 0.5 * ((data.x - made) ** 2).sum(-1))
    given = noise(model, "discrimination")
    real, fake = (plain(model.discriminator, c)[:, 0].sigmoid() for c in (5 * given["normal"], z))
    out = model.discrimination(data, given)
    torch.testing.assert_close(out.loss, -real.log() - (1 - fake).log())
    torch.testing.assert_close(out.parts["prior"], real)
    torch.testing.assert_close(model.confusion(data, noise(model, "confusion")).loss, -fake.log())
    torch.testing.assert_close(model.encode(data.x), z)
    torch.testing.assert_close(model.reconstruct(data.x), made)


def test_each_phase_reaches_its_own_networks():
    model, data = build(init=0.5), batch()
    assert moved(model, model.objective(data, {}).loss) == {"encoder", "decoder"}
    judge = model.discrimination(data, noise(model, "discrimination"))
    assert moved(model, judge.loss) == {"discriminator"}
    assert "decoder" not in moved(model, model.confusion(data, {}).loss)


def test_cross_entropy_is_the_mean_over_pixels():
    model, data = build(cost="cross_entropy"), batch()
    made = model.reconstruct(data.x)
    expected = binary_cross_entropy(made, data.x, reduction="none").mean(-1)
    torch.testing.assert_close(model.objective(data, {}).loss, expected)


def test_a_gaussian_posterior_has_noise_as_wide_as_the_prior_times_its_own():
    model, x = build(posterior="gaussian", latent=3), torch.rand(8, 20)
    mean, logvar = plain(model.encoder, x).chunk(2, -1)
    given = noise(model, "sample_code")
    expected = mean + 5 * (logvar / 2).exp() * given["code"]
    torch.testing.assert_close(model.sample_code(x, given), expected)
    torch.testing.assert_close(model.encode(x), mean)


def test_units_are_dropped_in_training_but_not_in_the_code_that_is_judged():
    model, data = build(keep=0.5), batch()
    given = noise(model, "objective")
    h = data.x
    for i, layer in enumerate(model.encoder[:-1]):
        h = torch.relu(layer(h)) * (given[f"encoder_{i}"] < 0.5) / 0.5
    h = model.encoder[-1](h)
    for i, layer in enumerate(model.decoder[:-1]):
        h = torch.relu(layer(h)) * (given[f"decoder_{i}"] < 0.5) / 0.5
    made = model.decoder[-1](h).sigmoid()
    out = model.objective(data, given).loss
    torch.testing.assert_close(out, 0.5 * ((data.x - made) ** 2).sum(-1))
    assert not [n for n in model.draws_for("discrimination", None) if n.startswith("encoder")]
    assert {"discriminator_real_0", "discriminator_fake_0"} < {*noise(model, "discrimination")}


def test_a_discriminator_that_is_told_sees_the_class_of_both_and_an_extra_one_for_none():
    model, data = build(prior="petals", told=True), batch(hide=(2, 5))
    given = noise(model, "discrimination")
    known = one_hot(torch.where(data.y >= 0, data.y, 10), 11).double()
    part = torch.where(data.y >= 0, data.y, (10 * given["uniform"][:, 0]).long())
    angle = 2 * math.pi * part / 10
    along, across = 1.4 + 0.5 * given["normal"][:, 0], 0.05 * given["normal"][:, 1]
    z = torch.stack(
        [along * angle.cos() - across * angle.sin(), along * angle.sin() + across * angle.cos()], -1
    )
    real = plain(model.discriminator, torch.cat([z, known], -1))[:, 0].sigmoid()
    out = model.discrimination(data, given)
    torch.testing.assert_close(out.parts["prior"], real)
    codes = torch.cat([model.encode(data.x), known], -1)
    torch.testing.assert_close(
        out.parts["codes"], plain(model.discriminator, codes)[:, 0].sigmoid()
    )


@pytest.mark.parametrize("prior", ["petals", "roll"])
def test_without_labels_samples_are_of_the_whole_prior_and_are_classified_as_their_part(prior):
    model = build(prior=prior)
    given = noise(model, "prior_code", 4000)
    part = (10 * given["uniform"][:, 0]).long()
    near = (-0.5 * model.part_distances(model.prior_code(given))).argmax(-1)
    assert (near == part).double().mean() > 0.97
    assert part.unique().numel() == 10
    assert torch.equal(model.prior_code(given), model.prior_code(given))


def test_a_normal_prior_is_one_part():
    model = build()
    z = model.prior_code(noise(model, "prior_code", 20_000))
    assert z.std().item() == pytest.approx(5, rel=0.01)
    torch.testing.assert_close(model.part_distances(z), (z**2).sum(-1, keepdim=True) / 25)


def test_a_prior_in_the_plane_needs_codes_of_two_numbers():
    with pytest.raises(ValueError, match="latent 8: prior 'roll' lies in the plane; expected 2"):
        build(prior="roll", latent=8)
