"""Initial weights have the law that each framework documents."""

import math

import pytest
import torch
from torch import nn

from ae.maths.initial import TRUNCATED, initialise_

IN, OUT, WINDOW = 300, 200, 9


def layers():
    torch.manual_seed(0)
    return {
        "linear": (nn.Linear(IN, OUT), IN, OUT),
        "conv": (nn.Conv2d(IN, OUT, 3), IN * WINDOW, OUT * WINDOW),
        "transposed": (nn.ConvTranspose2d(IN, OUT, 3), IN * WINDOW, OUT * WINDOW),
    }


@pytest.mark.parametrize("kind", layers())
@pytest.mark.parametrize(
    ("law", "variance", "uniform"),
    [
        ("glorot_uniform", lambda i, o: 2 / (i + o), True),
        ("glorot_normal", lambda i, o: 2 / (i + o), False),
        ("lecun_normal", lambda i, o: 1 / i, False),
    ],
)
def test_weights_have_the_variance_of_their_law_and_biases_are_zero(kind, law, variance, uniform):
    layer, inputs, outputs = layers()[kind]
    initialise_(layer, law)
    weight, expected = layer.weight.detach().flatten(), variance(inputs, outputs)
    error = 4 * math.sqrt(2 / len(weight))
    assert weight.mean().abs() < 4 * math.sqrt(expected / len(weight))
    assert weight.var().item() == pytest.approx(expected, rel=error)
    assert layer.bias.abs().max() == 0
    fourth = (weight**4).mean() / weight.var() ** 2
    if uniform:
        assert weight.abs().max().item() == pytest.approx(math.sqrt(3 * expected), rel=1e-3)
        assert fourth.item() == pytest.approx(9 / 5, rel=0.02)
    elif law == "glorot_normal":
        assert fourth.item() == pytest.approx(3, rel=0.05)
    else:
        limit = 2 * math.sqrt(expected) / TRUNCATED
        assert weight.abs().max().item() == pytest.approx(limit, rel=1e-3)


def test_the_deviation_of_a_normal_that_is_cut_at_two_is_that_of_scipy():
    from scipy.stats import truncnorm

    assert pytest.approx(truncnorm(-2, 2).std(), rel=1e-12) == TRUNCATED


def test_hes_law_leaves_torchs_biases_and_doubles_the_variance_of_its_fan_in():
    for name, (layer, _, _) in layers().items():
        before = layer.bias.detach().clone()
        initialise_(layer, "he_uniform")
        assert torch.equal(layer.bias, before)
        # torch counts the inputs of a transposed convolution by its second axis
        inputs = layer.weight.shape[1] * layer.weight[0, 0].numel()
        assert layer.weight.var().item() == pytest.approx(2 / inputs, rel=0.05), name


def test_torchs_law_changes_nothing_and_normalisations_are_left_alone():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    initialise_(net, "torch")
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    initialise_(net, "glorot_uniform")
    assert torch.equal(net[1].weight, torch.ones(4))
    assert not torch.equal(net[0].weight, before["0.weight"])


def test_two_layers_side_by_side_count_their_own_units():
    torch.manual_seed(0)
    joint, apart = nn.Linear(100, 600), nn.Linear(100, 600)
    initialise_(joint, "glorot_uniform")
    initialise_(apart, "glorot_uniform", apart=2)
    for layer, outputs in ((joint, 600), (apart, 300)):
        bound = math.sqrt(6 / (100 + outputs))
        assert layer.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)


@pytest.mark.parametrize("law", ["glorot_uniform", "glorot_normal"])
def test_glorots_laws_are_torchs_own_of_the_same_draws(law):
    ours, theirs = (nn.Linear(9, 7) for _ in range(2))
    torch.manual_seed(3)
    initialise_(ours, law)
    torch.manual_seed(3)
    own = nn.init.xavier_uniform_ if law == "glorot_uniform" else nn.init.xavier_normal_
    own(theirs.weight)
    torch.testing.assert_close(ours.weight, theirs.weight)
