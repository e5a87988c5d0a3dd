"""Deep embedded clustering against the formulas of the paper, and against itself step by step."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from zoo import stage

from ae.models.base import Batch
from ae.models.embedded_clustering import DEC, soft_assignment
from ae.spec import Fit
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

GIVEN = {
    "hidden": [8],
    "latent": 2,
    "clusters": 3,
    "starts": 10,
    "iterations": 50,
    "tolerance": 0.001,
}


def model(**changes):
    torch.manual_seed(1)
    return DEC(6, **{**GIVEN, **changes})


def images(examples=90):
    g = torch.Generator().manual_seed(4)
    middle = torch.rand(3, 6, generator=g)
    noise = 0.1 * torch.randn(examples, 6, generator=g)
    return middle[torch.arange(examples) % 3] + noise


def placed(**changes):
    net, x = model(**changes), images()
    with torch.no_grad():
        net.place(x, {"starts": torch.rand(1, 10, 3)})
    return net, x


def test_soft_assignments_are_students_t():
    z, centres = np.random.default_rng(0).normal(size=(5, 2)), np.eye(3, 2)
    square = ((z[:, None] - centres) ** 2).sum(-1)
    expected = (1 + square) ** -1.0
    expected /= expected.sum(1, keepdims=True)
    found = soft_assignment(torch.tensor(z), torch.tensor(centres))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_centres_are_placed_where_k_means_has_them():
    net, x = placed()
    z = net.encode(x).detach().numpy()
    theirs = KMeans(3, n_init=20, random_state=0).fit(z)
    found = sorted(net.centres.detach().tolist())
    np.testing.assert_allclose(found, sorted(theirs.cluster_centers_.tolist()), atol=1e-6)
    for q in (net.cluster(x), net.first_cluster(x), net.last_cluster(x)):
        torch.testing.assert_close(q, soft_assignment(torch.tensor(z), net.centres))


def target(q):
    weight = q**2 / q.sum(0)
    return weight / weight.sum(1, keepdims=True)


def test_the_loss_is_the_divergence_from_the_target_of_the_last_call():
    net, x = placed()
    with torch.no_grad():
        net.retarget(x)
        then = net.cluster(x).numpy()
        for parameter in net.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    p, q = target(then), net.cluster(x).detach().numpy()
    expected = (p * np.log(p / q)).sum(1)
    out = net.objective(Batch(x[:40]), {})
    np.testing.assert_allclose(out.loss.detach(), expected[:40], rtol=1e-9)
    grads = torch.autograd.grad(out.loss.mean(), [net.centres])[0]
    moved = torch.zeros_like(net.centres).requires_grad_()
    weight = torch.tensor(p[:40])
    other = soft_assignment(net.encode(x[:40]).detach(), net.centres.detach() + moved)
    kl = (weight * (weight / other).log()).sum(-1).mean()
    torch.testing.assert_close(grads, torch.autograd.grad(kl, [moved])[0])


def test_a_member_that_has_arrived_stays_there():
    net, x = placed()
    with torch.no_grad():
        net.retarget(x)  # the first call never ends it
        assert (net.calls, net.arrived) == (1, 0)
        net.retarget(x)  # nothing has moved since
        assert (net.calls, net.arrived, net.changed) == (2, 1, 0)
        before = net.last_cluster(x)
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
        net.retarget(x)
    assert torch.equal(net.last_cluster(x), before)
    assert not torch.equal(net.cluster(x), before)
    assert not net.objective(Batch(x), {}).loss.any()


def test_the_share_that_changed_is_counted():
    net, x = placed(tolerance=0.0)
    before = net.cluster(x).argmax(-1)
    with torch.no_grad():
        net.retarget(x)
        for parameter in net.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
        net.retarget(x)
    after = net.cluster(x).argmax(-1)
    share = float((before != after).double().mean())
    assert share > 0
    assert float(net.changed) == pytest.approx(share)
    assert float(net.arrived) == 0


def test_initial_weights_are_keras_variance_scaling():
    net = DEC(784, **{**GIVEN, "hidden": [500], "latent": 10})
    first = net.encoder[0]
    assert 0.99 / 28 < first.weight.abs().max() <= 1 / 28
    assert not first.bias.any()
    widths = [(layer.in_features, layer.out_features) for layer in net.decoder[::2]]
    assert widths == [(10, 500), (500, 784)]


def test_three_groups_are_found_and_seeds_do_as_they_do_alone():
    x = images()
    sgd = {"class": "SGD", "lr": 0.1, "momentum": 0.9}
    stages = [
        stage(
            "pretrain",
            objective="reconstruct_pixels",
            modules=["encoder", "decoder"],
            optimizer=sgd,
            batch=30,
            epochs=20,
        ),
        ("place", Fit(fit="place")),
        stage(
            "cluster",
            modules=["encoder", "centres"],
            optimizer=sgd,
            batch=30,
            epochs=20,
            refresh={"call": "retarget", "every": 10},
        ),
    ]
    source = Source(90, lambda index: Batch(x[index], index % 3))
    both, alone = Stack([model] * 2, [3, 4]), Stack([model], [4])
    for stack in (both, alone):
        for _ in Training(stack, stages, source).run():
            pass
    found = both.share("last_cluster", x).argmax(-1)
    for member in found:
        assert len({tuple(member[k::3].unique().tolist()) for k in range(3)}) == 3
    torch.testing.assert_close(both.share("cluster", x)[1], alone.share("cluster", x)[0])
