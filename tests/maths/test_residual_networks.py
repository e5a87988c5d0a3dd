"""The networks against their layers written out, and their first weights against scipy."""

import math

import pytest
import torch
from scipy.stats import truncnorm
from torch import nn
from torch.nn import functional as F

from ae.maths.residual_networks import decoder, encoder

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SIZES = {"planes": 6, "residual_planes": 4, "residual_layers": 2, "width": 5}


def residual(h, weights):
    for _ in range(2):
        inner = F.conv2d(h.relu(), next(weights), next(weights), padding=1)
        h = h + F.conv2d(inner.relu(), next(weights), next(weights))
    return h.relu()


def test_the_encoder_is_its_layers():
    net, x = encoder(3, **SIZES), torch.randn(2, 3, 16, 16)
    weights = iter(net.parameters())
    h = F.conv2d(x, next(weights), next(weights), stride=2, padding=1).relu()
    h = F.conv2d(h, next(weights), next(weights), stride=2, padding=1).relu()
    h = residual(F.conv2d(h, next(weights), next(weights), padding=1).relu(), weights)
    expected = F.conv2d(h, next(weights), next(weights))
    assert expected.shape == (2, 5, 4, 4)
    torch.testing.assert_close(net(x), expected)


def test_the_decoder_is_its_layers():
    net, z = decoder(3, **SIZES), torch.randn(2, 5, 4, 4)
    weights = iter(net.parameters())
    h = residual(F.conv2d(z, next(weights), next(weights), padding=1), weights)
    h = F.conv_transpose2d(h, next(weights), next(weights), stride=2, padding=1).relu()
    expected = F.conv_transpose2d(h, next(weights), next(weights), stride=2, padding=1)
    assert expected.shape == (2, 3, 16, 16)
    torch.testing.assert_close(net(z), expected)


def test_weights_are_normal_cut_at_two_deviations_of_1_over_the_root_of_inputs():
    sizes = {**SIZES, "planes": 64, "width": 64}
    for net in (encoder(3, **sizes), decoder(3, **sizes)):
        for layer in net.modules():
            if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                continue
            unit = 1 / math.sqrt(layer.in_channels * math.prod(layer.kernel_size))
            w = layer.weight.detach().flatten() / unit
            assert w.abs().max() <= 2
            error = 3 / math.sqrt(len(w))
            assert abs(w.std() - truncnorm(-2, 2).std()) < error  # 0.8796, not 1
            assert abs(w.mean()) < error
            assert not layer.bias.any()
