"""Both bounds against torch.distributions, class by class; and the shared first layer."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence
from torch.nn.functional import one_hot

from ae.models.base import Batch
from ae.models.m2 import M2

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

CLASSES = 3


def model(**changes):
    given = {"hidden": [7, 5], "latent": 2, "classes": CLASSES, "weight": 4.0, "init": 0.3}
    return M2(6, **{**given, **changes})


def by_hand(net, x, y, z_noise):
    """-log p(x, y, z) + log q(z given x, y) at one z, and the divergence between the normals."""
    label = one_hot(torch.tensor([y]), CLASSES).double().expand(len(x), -1)
    mean, log_std = net.encoder(torch.cat([x, label], -1)).chunk(2, -1)
    q = Normal(mean, log_std.exp())
    z = mean + log_std.exp() * z_noise
    p = Normal(torch.zeros_like(mean), 1.0)
    pixels = Bernoulli(logits=net.decoder(torch.cat([z, label], -1)), validate_args=False)
    joint = pixels.log_prob(x).sum(-1) + p.log_prob(z).sum(-1) - math.log(CLASSES)
    return -joint + q.log_prob(z).sum(-1), kl_divergence(q, p).sum(-1)


def test_every_term_is_what_torch_distributions_gives():
    net = model()
    x, noise = torch.rand(8, 6), torch.randn(8, CLASSES, 2)
    y = torch.tensor([0, -1, 2, -1, 1, -1, -1, 0])
    out = net.objective(Batch(x, y), {"z": noise})
    q = Categorical(logits=net.classify(x))
    each, kl = zip(*(by_hand(net, x, c, noise[:, c]) for c in range(CLASSES)), strict=True)
    each, kl = torch.stack(each, -1), torch.stack(kl, -1)
    for i, label in enumerate(y.tolist()):
        if label >= 0:
            expected = each[i, label] - 4.0 * q.log_prob(torch.full((8,), label))[i]
            divergence = kl[i, label]
        else:
            expected = (q.probs[i] * each[i]).sum() - q.entropy()[i]
            divergence = (q.probs[i] * kl[i]).sum()
        torch.testing.assert_close(out.loss[i], expected)
        torch.testing.assert_close(out.parts["kl"][i], divergence)


def test_labelled_images_teach_the_classifier_by_its_own_loss_alone():
    net = model(weight=0.0)
    batch = Batch(torch.rand(4, 6), torch.tensor([0, 1, 2, 0]))
    loss = net.objective(batch, {"z": torch.randn(4, CLASSES, 2)}).loss.mean()
    grads = torch.autograd.grad(loss, list(net.classifier.parameters()), allow_unused=True)
    assert all(g is None or not g.any() for g in grads)


def test_the_classifier_alone_counts_what_is_told():
    net = model()
    x, y = torch.rand(5, 6), torch.tensor([0, -1, 2, -1, 1])
    out = net.classifier_alone(Batch(x, y), {})
    q = Categorical(logits=net.classify(x))
    expected = torch.where(y >= 0, -q.log_prob(y.clamp(min=0)), 0.0)
    torch.testing.assert_close(out.loss, expected)
    assert torch.equal(out.parts["accuracy"], 100 * (net.classify(x).argmax(-1) == y).double())
    assert net.draws_for("classifier_alone", None) == {}


def test_posterior_and_pixels_are_those_of_the_objective():
    net = model()
    x, y, z = torch.rand(5, 6), torch.tensor([0, 1, 2, 0, 1]), torch.randn(5, 2)
    mean, logvar = net.posterior(x, y)
    label = one_hot(y, CLASSES).double()
    expected = net.encoder(torch.cat([x, label], -1)).chunk(2, -1)
    torch.testing.assert_close(mean, expected[0])
    torch.testing.assert_close(logvar, 2 * expected[1])
    torch.testing.assert_close(net.decode(z, y), net.decoder(torch.cat([z, label], -1)).sigmoid())


def test_layers_begin_as_in_the_tutorial():
    net = M2(784, hidden=[500], latent=50, classes=10, weight=46.0, init=0.001)
    for network, inputs, outputs in (
        (net.classifier, 784, 10),
        (net.encoder, 794, 100),
        (net.decoder, 60, 784),
    ):
        hidden, last = network[0], network[-1]
        assert (hidden.in_features, last.out_features) == (inputs, outputs)
        assert hidden.weight.std().item() == pytest.approx(0.001, rel=0.05)
        assert hidden.bias.std().item() == pytest.approx(0.001, rel=0.2)
        assert 0.9 / 500**0.5 < last.weight.abs().max() <= 1 / 500**0.5
