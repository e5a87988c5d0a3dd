"""Each loss by hand, the gradient's norm by differences, and the three scores."""

import pytest
import torch

from ae.models.base import Batch
from ae.models.mirrored import AMA, length

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

GIVEN = {
    "colours": 1,
    "planes": [],
    "hidden": [7],
    "latent": 2,
    "critic": 5,
    "activation": "tanh",
    "norm_weight": 0.5,
    "atypical": 0.4,
    "atypical_weight": 5.0,
    "interpolation": 0.2,
    "gradient_penalty": 10.0,
}


def model(features=6, **changes):
    return AMA(features, **{**GIVEN, **changes})


def draws(examples):
    return {
        "chance": torch.tensor([0.1, 0.9, 0.5, 0.3, 0.45])[:examples],
        "towards": torch.rand(examples),
        "between": torch.rand(examples),
        "mix": torch.rand(examples, 2),
    }


def value(net, x, other):
    return net.judge(net.critic(torch.cat([x, other], -1)).relu()).squeeze(-1)


def seen(net, x, noise):
    """0.1 and 0.3 are below the share of 0.4: images 0 and 3 are taken for anomalous."""
    made = net.decode(noise["towards"].unsqueeze(-1) / 2 * net.encode(x))
    index = torch.tensor([0, 3])
    return x.index_copy(0, index, made[index]), torch.tensor([-5.0, 1.0, 1.0, -5.0, 1.0])


def test_encoder_and_generator_bring_the_distance_down_and_the_norm():
    net, x, noise = model(), torch.rand(5, 6), draws(5)
    images, sign = seen(net, x, noise)
    out = net.objective(Batch(x), noise)
    norm = net.encode(images).norm(dim=-1)
    normal = (sign > 0).double()
    expected = 0.5 * normal * norm / 0.6 - sign * value(net, images, net.reconstruct(images))
    torch.testing.assert_close(out.loss, expected)
    torch.testing.assert_close((normal * norm / 0.6).mean(), norm[[1, 2, 4]].mean())


def test_the_critics_loss_has_three_terms():
    net, x, noise = model(), torch.rand(5, 6), draws(5)
    images, sign = seen(net, x, noise)
    made = net.reconstruct(images)
    distance = value(net, images, images) - value(net, images, made)
    z = net.encode(x)
    first, second = (noise["mix"] / 2).unsqueeze(1).unbind(-1)
    before, twice = z[[4, 0, 1, 2, 3]], z[[3, 4, 0, 1, 2]]
    mixture = net.decode(first * z + second * before + (1 - first - second) * twice)
    apart = torch.zeros(5)
    for order in ([0, 1, 2, 3, 4], [4, 0, 1, 2, 3], [3, 4, 0, 1, 2]):
        apart += (value(net, x[order], x[order]) - value(net, x[order], mixture)) / 3
    share = noise["between"].unsqueeze(-1)
    point = torch.cat([images, share * images + (1 - share) * made], -1).detach().requires_grad_()
    slope = torch.autograd.grad(value(net, *point.chunk(2, -1)).sum(), point)[0]
    norm = (slope[:, :6] ** 2 + slope[:, 6:] ** 2).sqrt()
    penalty = ((norm - 1) ** 2).mean(-1)
    out = net.criticise(Batch(x), noise)
    torch.testing.assert_close(out.parts["distance"], distance)
    torch.testing.assert_close(out.parts["interpolation"], apart)
    torch.testing.assert_close(out.parts["steepness"], penalty)
    torch.testing.assert_close(out.loss, 10 * penalty - sign * distance - 0.2 * apart)


def test_the_gradient_penalty_teaches_the_critic():
    """Its derivative by a weight of the critic, against a difference of the penalty itself."""
    net, x, noise = model(interpolation=0.0), torch.rand(5, 6), draws(5)
    weight = net.judge.weight

    def penalty():
        return net.criticise(Batch(x), noise).parts["steepness"].mean()

    slope = torch.autograd.grad(penalty(), weight)[0]
    step = 1e-6
    with torch.no_grad():
        weight[0, 1] += step
        above = float(penalty())
        weight[0, 1] -= 2 * step
        below = float(penalty())
    assert float(slope[0, 1]) == pytest.approx((above - below) / (2 * step), rel=1e-5)


def test_neither_side_teaches_the_other():
    net, x, noise = model(), torch.rand(5, 6), draws(5)
    loss = net.criticise(Batch(x), noise).loss.mean()
    others = [*net.encoder.parameters(), *net.generator.parameters()]
    assert all(g is None for g in torch.autograd.grad(loss, others, allow_unused=True))


def test_the_norm_is_over_the_channels_of_both_images():
    net = model(48, colours=3, planes=[2], hidden=[])
    x, other = torch.rand(2, 48), torch.rand(2, 48)
    point = torch.cat([x, other], -1).requires_grad_()
    slope = torch.autograd.grad(value(net, *point.chunk(2, -1)).sum(), point)[0]
    norm = slope.view(2, 6, 16).norm(dim=1)
    torch.testing.assert_close(net._steepness(x, other), ((norm - 1) ** 2).mean(-1))


def test_a_length_is_torchs_norm_and_so_is_its_gradient_at_nothing_too():
    x = torch.randn(3, 2, 4)
    x[1, :, 2] = 0
    x[2] = 0
    slopes = []
    for norm in (length, lambda t: t.norm(dim=-2)):
        given = x.clone().requires_grad_()
        found = norm(given)
        slopes.append((found, *torch.autograd.grad(((found - 1) ** 2).mean(), given)))
    assert slopes[0][1].isfinite().all()
    torch.testing.assert_close(slopes[0], slopes[1])


def test_scores_are_what_they_say():
    net, x = model(), torch.rand(5, 6)
    made = net.reconstruct(x)
    torch.testing.assert_close(net.pixel_score(x), (x - made).abs().sum(-1) / 6)
    torch.testing.assert_close(net.norm_score(x), (net.encode(x) ** 2).sum(-1).sqrt())
    features = [net.critic(torch.cat([x, o], -1)).relu() for o in (x, made)]
    torch.testing.assert_close(net.mirror_score(x), (features[0] - features[1]).abs().sum(-1))
