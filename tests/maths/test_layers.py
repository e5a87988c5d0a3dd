"""Layers against a plain computation, and against torch's."""

import pytest
import torch
from torch import nn

from ae.maths.layers import Maxout, Normalised, dropout

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_a_maxout_unit_is_the_largest_of_its_pieces():
    layer, x = Maxout(4, 3, 5), torch.randn(6, 4)
    weight = layer.affine.weight.view(3, 5, 4)
    bias = layer.affine.bias.view(3, 5)
    by_hand = torch.tensor(
        [
            [max((weight[j, k] @ row + bias[j, k]).item() for k in range(5)) for j in range(3)]
            for row in x
        ]
    )
    torch.testing.assert_close(layer(x), by_hand)


def test_maxout_is_convex_and_one_piece_is_affine():
    layer, one = Maxout(4, 3, 5), Maxout(4, 3, 1)
    a, b = torch.randn(50, 4), torch.randn(50, 4)
    assert (layer((a + b) / 2) <= (layer(a) + layer(b)) / 2 + 1e-12).all()
    torch.testing.assert_close(one(a), nn.functional.linear(a, one.affine.weight, one.affine.bias))


def test_two_pieces_of_opposite_sign_are_an_absolute_value():
    layer = Maxout(1, 1, 2)
    with torch.no_grad():
        layer.affine.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.affine.bias.zero_()
    x = torch.linspace(-2, 2, 9)[:, None]
    torch.testing.assert_close(layer(x), x.abs())


def test_dropout_keeps_its_share_and_its_mean():
    x = torch.full((200, 500), 3.0)
    uniform = torch.rand(200, 500, generator=torch.Generator().manual_seed(0))
    out = dropout(x, uniform, 0.8)
    assert set(out.unique().tolist()) == {0.0, 3.0 / 0.8}
    assert (out > 0).double().mean().item() == pytest.approx(0.8, abs=0.005)
    assert out.mean().item() == pytest.approx(3.0, abs=0.02)


def test_normalisation_is_torchs_in_training_and_afterwards():
    mine, torchs = Normalised(5), nn.BatchNorm1d(5)
    with torch.no_grad():
        for own, other in ((mine.scale, torchs.weight), (mine.shift, torchs.bias)):
            own.copy_(torch.randn(5))
            other.copy_(own)
    for _ in range(3):
        x = 2 + 3 * torch.randn(7, 5)
        torch.testing.assert_close(mine(x), torchs(x))
        torch.testing.assert_close(mine.mean, torchs.running_mean)
        torch.testing.assert_close(mine.variance, torchs.running_var)
    x = torch.randn(4, 5, requires_grad=True)
    for mode in (True, False):
        mine.train(mode)
        torchs.train(mode)
        out, other = mine(x), torchs(x)
        torch.testing.assert_close(out, other)
        grads = (torch.autograd.grad((y**3).sum(), x)[0] for y in (out, other))
        torch.testing.assert_close(*grads)
