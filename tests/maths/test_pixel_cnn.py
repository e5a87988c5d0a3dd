"""A masked convolution sees what comes before, all of it within reach, and nothing else."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ae.maths.pixel_cnn import MaskedConv2d, MaskedResidual, pixel_cnn

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SIDE = 5


@pytest.mark.parametrize("itself", [False, True])
@pytest.mark.parametrize("side", [1, 3, 7])
def test_it_is_the_whole_kernel_times_its_mask(side, itself):
    layer = MaskedConv2d(3, 4, side, itself=itself, bias=True)
    nn.init.normal_(layer.bias)
    whole, mask, middle = torch.randn(4, 3, side, side), torch.zeros(side, side), side // 2
    mask[:middle] = 1
    mask[middle, :middle] = 1
    mask[middle, middle] = itself
    with torch.no_grad():
        layer.weight.copy_(whole[:, :, : middle + 1])
    x = torch.randn(2, 3, SIDE, SIDE)
    expected = F.conv2d(x, whole * mask, layer.bias, padding=middle)
    torch.testing.assert_close(layer(x), expected)


def influence(net, planes):
    """Which place (row) of the output moves with which place (column) of the input."""
    x = torch.rand(1, planes, SIDE, SIDE)
    jacobian = torch.autograd.functional.jacobian(lambda x: net(x).sum(1).flatten(), x)
    return (jacobian.flatten(2).reshape(SIDE**2, planes, SIDE**2) != 0).any(1)


def before(reach):
    """Steps (rows, columns) to the places that come before, no further than `reach`."""
    aside = range(-reach, reach + 1)
    return [(r, c) for r in range(-reach, 1) for c in aside if (r, c) < (0, 0)]


def reached(*layers):
    """Which places (row) see which (column) through layers of such steps."""
    steps = {(0, 0)}
    for layer in layers:
        steps = {(r + y, c + x) for r, c in steps for y, x in layer}
    places = [(r, c) for r in range(SIDE) for c in range(SIDE)]
    return torch.tensor([[(y - r, x - c) in steps for y, x in places] for r, c in places])


def test_logits_depend_on_all_that_comes_before_and_on_nothing_from_there_on():
    net = pixel_cnn(3, planes=24, residual_blocks=2, layers=1)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3)
    found = influence(net, 3)
    assert not found.triu().any()  # the diagonal is the place itself
    assert torch.equal(found, reached(before(3), *[[*before(1), (0, 0)]] * 2))
    assert not found[SIDE, SIDE - 1]  # the blind spot: the end of a row is unseen from the next


def test_a_block_sees_its_own_place():
    block = MaskedResidual(8)
    found = influence(block, 8)
    assert found.diagonal().all()
    assert not found.triu(1).any()


def test_first_weights_are_glorots_for_the_whole_kernel():
    layer = MaskedConv2d(20, 30, 7, itself=True, bias=True)
    bound = (6 / (20 * 49 + 30 * 49)) ** 0.5
    assert layer.weight.abs().max() <= bound
    assert layer.weight.var().item() == pytest.approx(bound**2 / 3, rel=0.03)
    assert not layer.bias.any()
