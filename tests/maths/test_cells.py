"""Residual cells: convolutions against torch's own, parts against their formulas."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, elu, interpolate, silu

from ae.maths.cells import Excitation, LatentGroup, ResidualCell, halvings, largest_scales
from ae.maths.small_convolutions import SMALL, Conv, PlaneConv, matrices

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


@pytest.fixture(autouse=True)
def _drawn():
    torch.manual_seed(0)


@pytest.mark.parametrize("side", [2, 8, SMALL, 2 * SMALL])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2), (5, 1)])
def test_a_convolution_is_torchs(kernel, stride, side):
    """Below and above the side where it becomes a product of matrices."""
    conv, x = Conv(2, 3, kernel, side, stride=stride), torch.randn(2, 2, side, side)
    with torch.no_grad():
        conv.log_length.add_(0.3)
    found = conv(x)
    expected = conv2d(x, conv.applied(), conv.bias, stride, kernel // 2)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("side", [4, SMALL, SMALL + 4])
def test_a_convolution_plane_by_plane_is_torchs(side):
    conv, x = PlaneConv(3, 5, side), torch.randn(2, 3, side, side)
    torch.testing.assert_close(conv(x), conv2d(x, conv.weight, padding=2, groups=3))


def test_weights_have_the_length_that_is_kept_and_the_direction_that_is_drawn():
    conv = Conv(3, 4, 3, 8)
    with torch.no_grad():
        conv.log_length.copy_(torch.arange(4.0).view(4, 1, 1, 1))
    applied = conv.applied().flatten(1)
    torch.testing.assert_close(applied.norm(dim=1), torch.arange(4.0).exp(), rtol=1e-4, atol=0)
    drawn = conv.weight.flatten(1)
    torch.testing.assert_close(
        torch.cosine_similarity(applied, drawn), torch.ones(4), rtol=1e-9, atol=0
    )
    plain = Conv(3, 4, 3, 8, normed=False)
    assert plain.applied() is plain.weight


def test_excitation_weighs_planes_by_their_means():
    part, x = Excitation(5), torch.randn(2, 5, 4, 4)
    first, second = part.network[0], part.network[2]
    hidden = (x.mean((2, 3)) @ first.weight.T + first.bias).relu()
    weights = (hidden @ second.weight.T + second.bias).sigmoid()
    torch.testing.assert_close(part(x), x * weights[:, :, None, None])
    assert first.weight.shape[0] == 4
    assert Excitation(128).network[0].weight.shape[0] == 8


def test_a_cell_adds_a_tenth_of_its_branch():
    cell, x = ResidualCell(3, 4), torch.randn(6, 3, 4, 4)
    branch = cell.branch
    h = conv2d(silu(nn.BatchNorm2d(3)(x)), branch[2].applied(), branch[2].bias, padding=1)
    h = conv2d(silu(nn.BatchNorm2d(3)(h)), branch[5].applied(), branch[5].bias, padding=1)
    torch.testing.assert_close(cell(x), x + 0.1 * cell.excitation(h))


def test_a_generative_cell_is_depthwise_and_separable():
    cell, x = ResidualCell(2, 4, expansion=6), torch.randn(6, 2, 4, 4)
    expand, planes, project = (cell.branch[i] for i in (1, 4, 7))
    h = conv2d(nn.BatchNorm2d(2)(x), expand.weight)
    h = conv2d(silu(nn.BatchNorm2d(12)(h)), planes.weight, padding=2, groups=12)
    h = nn.BatchNorm2d(2)(conv2d(silu(nn.BatchNorm2d(12)(h)), project.weight))
    torch.testing.assert_close(cell(x), x + 0.1 * cell.excitation(h))


def test_a_cell_down_sees_all_four_quarters_of_the_places():
    cell, x = ResidualCell(4, 4, step="down"), torch.randn(2, 4, 4, 4)
    quarters = (x[..., ::2, ::2], x[..., 1::2, 1::2], x[..., ::2, 1::2], x[..., 1::2, ::2])
    parts = [
        conv2d(silu(quarter), part.applied(), part.bias)
        for quarter, part in zip(quarters, cell.skip.parts, strict=True)
    ]
    torch.testing.assert_close(cell.skip(x), torch.cat(parts, 1))
    assert cell(x).shape == (2, 8, 2, 2)


def test_a_cell_up_doubles_the_side_in_both_branches():
    cell, x = ResidualCell(4, 2, step="up", expansion=3), torch.randn(2, 4, 2, 2)
    assert cell(x).shape == (2, 2, 4, 4)
    large = interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    expected = conv2d(large, cell.skip.conv.applied(), cell.skip.conv.bias)
    torch.testing.assert_close(cell.skip(x), expected)
    torch.testing.assert_close(large[..., 0, 0], x[..., 0, 0])
    torch.testing.assert_close(large[..., -1, -1], x[..., -1, -1])


def test_blocks_halve_the_side_and_bring_it_back():
    up, down = halvings(2, 8, 2, 3)
    x = torch.randn(3, 2, 8, 8)
    assert up(x).shape == (3, 8, 2, 2)
    assert down(up(x)).shape == x.shape
    assert len(up) == len(down) == 6


def test_a_groups_prior_is_one_by_one_after_elu():
    group, h = LatentGroup(4, 4, 3, 1, first=False, larger=False), torch.randn(2, 4, 4, 4)
    conv = group.prior[1]
    torch.testing.assert_close(group.prior(h), conv2d(elu(h), conv.applied(), conv.bias))
    assert not hasattr(LatentGroup(4, 4, 3, 1, first=True, larger=False), "prior")


def test_scales_of_normalisations_count_by_the_largest_of_each():
    network = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(3))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([-3.0, 1.0]))
        network[1].weight.copy_(torch.tensor([0.5, -0.25, 0.0]))
    assert largest_scales(network) == 3.5


def test_matrices_are_those_of_every_convolution():
    found = matrices(nn.Sequential(Conv(2, 3, 3, 8), PlaneConv(4, 5, 8), nn.ELU()))
    assert [tuple(m.shape) for m in found] == [(3, 18), (4, 25)]
