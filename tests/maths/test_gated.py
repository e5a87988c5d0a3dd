"""Gated layers against torch's own linear layers."""

import pytest
import torch
from torch.nn.functional import linear

from ae.maths.gated import Affine, Both, Gated, GatedGaussian

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def by_torch(gated, x):
    value = linear(x, gated.value.weight, gated.value.bias)
    return value * torch.sigmoid(linear(x, gated.gate.weight, gated.gate.bias))


def test_a_gated_layer_lets_through_what_a_sigmoid_says():
    layer, x = Gated(5, 3), torch.randn(7, 5)
    torch.testing.assert_close(layer(x), by_torch(layer, x))


def test_two_inputs_meet_after_a_layer_of_their_own():
    layer, x, z = Both(5, 2, 4), torch.randn(7, 5), torch.randn(7, 2)
    both = torch.cat([by_torch(layer.one, x), by_torch(layer.other, z)], -1)
    torch.testing.assert_close(layer((x, z)), by_torch(layer.joint, both))


def test_weights_begin_with_variance_two_over_inputs_and_biases_as_torchs():
    layer = Affine(400, 300)
    assert layer.weight.var().item() == pytest.approx(2 / 400, rel=0.02)
    bound = 400**-0.5
    assert layer.bias.abs().max() <= bound
    assert layer.bias.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_a_log_variance_is_held_to_its_limits_and_a_mean_is_not():
    layer = GatedGaussian(torch.nn.Identity(), 3, 50, (-0.5, 0.25))
    mean, logvar = layer(10 * torch.randn(20, 3))
    assert logvar.min() == -0.5
    assert logvar.max() == 0.25
    assert mean.abs().max() > 1
