"""Costs of labelled and unlabelled images, against bounds written out class by class."""

import math
from pathlib import Path

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence

from ae.maths import sticks
from ae.models.base import Batch
from ae.models.semi_supervised import SBDGM, GaussDGM, layers
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.training.noise import NoiseSource

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

COUNT, FEATURES, CLASSES = 7, 6, 3
KINDS = ("gaussian", "sticks")
SPEC = Path(__file__).parents[2] / "benchmarks" / "nalisnick2017-stick-breaking.toml"


def build(kind, weight=0.375, share=0.1):
    own = {"hidden": [5], "skips": False, "latent": 4, "classes": CLASSES, "init": 0.4}
    own |= {"weight": weight, "share": share}
    if kind == "gaussian":
        return GaussDGM(FEATURES, **own)
    return SBDGM(FEATURES, **own, concentration=3.0, terms=10, clip=0.01)


def case(model):
    source = NoiseSource([3], "cpu", "noise")
    noise = {k: v[0] for k, v in source.draw(model.draws, COUNT).items()}
    return (torch.rand(COUNT, FEATURES) > 0.5).to(torch.get_default_dtype()), noise


def joint_bound(model, x, noise, label):
    """-log p(x given y, z) - log p(y) + KL(q(z given x), p(z)) at one class for all images."""
    first, second = model.code(model.encoder(x)).chunk(2, -1)
    if isinstance(model, GaussDGM):
        q = Normal(first, second.exp())
        code = first + second.exp() * noise["z"]
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    else:
        a, b = ((1 + half.exp()).log() + 1e-3 for half in (first, second))
        v = (1 - (0.01 + 0.98 * noise["u"]) ** (1 / b)) ** (1 / a)
        left = torch.cat([torch.ones(COUNT, 1), (1 - v).cumprod(-1)], -1)
        code = torch.cat([v, torch.ones(COUNT, 1)], -1) * left
        kl = sticks.kl_kumaraswamy_beta(a, b, torch.tensor(3.0), terms=10)
    y = torch.zeros(COUNT, CLASSES)
    y[:, label] = 1
    p = Bernoulli(logits=model.decoder(torch.cat([code, y], -1)))
    return -p.log_prob(x).sum(-1) + math.log(CLASSES) + kl


@pytest.mark.parametrize("kind", KINDS)
def test_a_labelled_image_costs_its_own_class_and_the_cross_entropy(kind):
    model = build(kind)
    x, noise = case(model)
    q = Categorical(logits=model.classify(x))
    y = torch.arange(COUNT) % CLASSES
    each = torch.stack([joint_bound(model, x, noise, label) for label in range(CLASSES)], -1)
    wanted = each.gather(1, y[:, None])[:, 0] - q.log_prob(y)
    found = model.objective(Batch(x, y), noise)
    torch.testing.assert_close(found.loss, 0.375 / 0.1 * wanted)
    torch.testing.assert_close(found.parts["cross_entropy"], -q.log_prob(y))
    assert (found.parts["entropy"] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_unlabelled_image_costs_every_class_by_its_probability(kind):
    model = build(kind)
    x, noise = case(model)
    q = Categorical(logits=model.classify(x))
    wanted = torch.zeros(COUNT)
    for label in range(CLASSES):
        log_q = q.log_prob(torch.tensor(label))
        wanted = wanted + log_q.exp() * (joint_bound(model, x, noise, label) + log_q)
    found = model.objective(Batch(x, torch.full((COUNT,), -1)), noise)
    torch.testing.assert_close(found.loss, 0.625 / 0.9 * wanted)
    torch.testing.assert_close(found.parts["entropy"], q.entropy())
    assert (found.parts["cross_entropy"] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_best_posterior_of_classes_makes_the_marginal_bound_tight(kind):
    """With q(y given x) in proportion to exp(-L(y)) the cost is -log of their sum, and no less."""
    model = build(kind, weight=0.0, share=0.5)
    x, noise = case(model)
    each = torch.stack([joint_bound(model, x, noise, label) for label in range(CLASSES)], -1)
    hidden = torch.full((COUNT,), -1)
    tight = -(-each).logsumexp(-1)
    assert (model.objective(Batch(x, hidden), noise).loss / 2 > tight).all()
    model.classifier.forward = lambda features: -each
    torch.testing.assert_close(model.objective(Batch(x, hidden), noise).loss / 2, tight)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_the_papers_weighing_of_two_means(kind):
    model = build(kind, weight=0.3, share=2 / COUNT)
    plain = build(kind, weight=0.5, share=0.5)
    plain.load_state_dict({**model.state_dict(), "weight": plain.weight, "share": plain.share})
    x, noise = case(model)
    y = torch.full((COUNT,), -1)
    y[1], y[4] = 2, 0
    cost = plain.objective(Batch(x, y), noise).loss
    wanted = 0.3 * cost[[1, 4]].mean() + 0.7 * cost[[0, 2, 3, 5, 6]].mean()
    torch.testing.assert_close(model.objective(Batch(x, y), noise).loss.mean(), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_label_reaches_no_gradient_and_a_shown_one_only_its_image(kind):
    model = build(kind)
    x, noise = case(model)
    y = torch.full((COUNT,), -1)
    before = model.objective(Batch(x, y), noise).loss
    y[3] = 1
    after = model.objective(Batch(x, y), noise).loss
    same = torch.arange(COUNT) != 3
    assert torch.equal(before[same], after[same])
    assert before[3] != after[3]
    after.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_deeper_networks_pass_on_what_they_are_given_in_every_layer_but_the_first(kind):
    shared = {"latent": 4, "classes": CLASSES, "weight": 0.3, "share": 0.1, "init": 0.4}
    sticks = {"concentration": 3.0, "terms": 10, "clip": 0.01}
    maker, more = (GaussDGM, {}) if kind == "gaussian" else (SBDGM, sticks)
    model = maker(FEATURES, hidden=[5, 5, 5, 5], skips=True, **shared, **more)
    x = torch.rand(COUNT, FEATURES)
    state = [p.detach() for p in model.parameters()]

    def through(h, weights):
        for i, (w, b) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
            new = (h @ w.T + b).relu()
            h = new + h if i > 0 else new
        return h

    own = [p for n, p in model.named_parameters() if n.startswith("encoder")]
    assert [tuple(p.shape) for p in own[::2]] == [(5, 6), (5, 5), (5, 5), (5, 5)]
    torch.testing.assert_close(model.encoder(x), through(x, own))
    own = [p for n, p in model.named_parameters() if n.startswith("decoder")]
    assert [tuple(p.shape) for p in own[::2]] == [(5, 7), (5, 5), (5, 5), (5, 5), (6, 5)]
    code = torch.rand(COUNT, 4 + CLASSES)
    torch.testing.assert_close(model.decoder(code), through(code, own[:-2]) @ own[-2].T + own[-1])
    assert len(state) == 8 + 10 + 3  # encoder, decoder, code, classifier


def test_without_skips_hidden_layers_are_rectified_one_after_another():
    plain = layers([6, 5, 4], skips=False)
    x = torch.rand(COUNT, FEATURES)
    w, b, v, c = (p.detach() for p in plain.parameters())
    torch.testing.assert_close(plain(x), ((x @ w.T + b).relu() @ v.T + c).relu())
    with pytest.raises(ValueError, match=r"hidden \[5, 4\]: expected one width"):
        layers([6, 5, 4], skips=True)


@pytest.mark.parametrize(("tier", "count"), [("paper", 12), ("smoke", 7)])
def test_the_shares_of_the_spec_are_those_of_its_data(tier, count):
    found = [c for c in cells(read_spec(SPEC), tier, where="spec") if "share" in c.model]
    assert len(found) == count
    for cell in found:
        assert cell.data.labelled == round(cell.model["share"] * cell.data.limit)
