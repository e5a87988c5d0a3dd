"""The capacity that divergence is led to, against the bound and against sums by hand."""

import json

import pytest
import torch

from ae.models.base import Batch
from ae.models.capacity_vae import CapacityVAE
from ae.models.vae import VAE
from ae.spec import Schedule
from ae.training.optimizers import scheduled

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def build(distance="image", gamma=1000.0, capacity=25.0):
    return CapacityVAE(
        30,
        colours=1,
        planes=[],
        hidden=[12],
        activation="tanh",
        latent=3,
        gamma=gamma,
        capacity=capacity,
        distance=distance,
    )


def given(model):
    x, noise = torch.rand(8, 30), torch.randn(8, 3)
    return x, noise, model.objective(Batch(x), {"z": noise})


@pytest.mark.parametrize("distance", ["image", "batch"])
def test_without_capacity_gamma_is_the_weight_of_the_divergence(distance):
    model = build(distance, gamma=4.0, capacity=0.0)
    x, noise, ours = given(model)
    vae = VAE(30, hidden=[12], latent=3, init="fan_in", beta=4.0)
    vae.load_state_dict({**model.state_dict(), "beta": vae.beta}, strict=False)
    theirs = vae.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(ours.loss.mean(), theirs.loss.mean())
    for part in ("reconstruction", "kl", "bound"):
        torch.testing.assert_close(ours.parts[part], theirs.parts[part])


def test_the_distance_is_of_each_image_or_of_the_batch():
    alone, together = build("image", 2.0, 40.0), build("batch", 2.0, 40.0)
    together.load_state_dict(alone.state_dict())
    scale = {k: v * (20 if "encoder.2" in k else 1) for k, v in alone.state_dict().items()}
    for model in (alone, together):
        model.load_state_dict(scale)
    x, noise, first = given(alone)
    second = together.objective(Batch(x), {"z": noise})
    kl = first.parts["kl"]
    assert kl.min() < 40 < kl.max()  # so that the two differ
    torch.testing.assert_close(first.loss - first.parts["reconstruction"], 2 * (kl - 40).abs())
    torch.testing.assert_close(
        second.loss.mean() - second.parts["reconstruction"].mean(), 2 * (kl.mean() - 40).abs()
    )


def test_at_its_capacity_the_divergence_costs_nothing_and_is_pulled_from_both_sides():
    model = build("batch", gamma=7.0)
    x, noise, out = given(model)
    kl = out.parts["kl"].mean().item()
    for capacity, slope in ((kl - 1e-3, 7.0), (kl + 1e-3, -7.0)):
        model.capacity.fill_(capacity)
        out = model.objective(Batch(x), {"z": noise})
        pull = out.loss.mean() - out.parts["reconstruction"].mean()
        assert pull.item() == pytest.approx(7e-3, rel=1e-6)
        bias = model.encoder[-1].bias
        (ours,) = torch.autograd.grad(pull, bias, retain_graph=True)
        (plain,) = torch.autograd.grad(out.parts["kl"].mean(), bias)
        torch.testing.assert_close(ours, slope * plain)


def test_a_schedule_opens_every_capacity_by_the_same_share():
    table = {"key": "buffer:opened", "kind": "linear", "at": [0, 10], "values": [0, 1]}
    schedule = Schedule.model_validate_json(json.dumps(table))
    model = build(capacity=25.0)
    for epoch, expected in ((0, 0.0), (4, 10.0), (10, 25.0), (12, 25.0)):
        model.opened.fill_(scheduled(schedule, epoch))
        _, _, out = given(model)
        torch.testing.assert_close(out.parts["capacity"], torch.full((8,), expected))


def test_the_papers_network_has_four_convolutions_of_32_planes_and_two_layers_of_256():
    model = CapacityVAE(
        64**2,
        colours=1,
        planes=[32] * 4,
        hidden=[256, 256],
        activation="relu",
        latent=10,
        gamma=1000.0,
        capacity=25.0,
        distance="batch",
    )
    conv = 32 * 16 + 32 + 3 * (32 * 32 * 16 + 32)
    back = 3 * (32 * 32 * 16 + 32) + 32 * 16 + 1
    dense = 512 * 256 + 256 + 256 * 256 + 256 + 256 * 20 + 20
    up = 10 * 256 + 256 + 256 * 256 + 256 + 256 * 512 + 512
    assert sum(p.numel() for p in model.parameters()) == conv + back + dense + up
    assert model.in_turn
    assert not build().in_turn
    assert model.reconstruct(torch.rand(2, 64**2)).shape == (2, 64**2)
