"""Layers that several papers share, against torch's own."""

import torch
from torch import nn
from torch.func import grad, vmap

from ae.maths.networks import Dense, affine, decoder, encoder, mlp


def pair():
    torch.manual_seed(0)
    ours = Dense(7, 5).double()
    theirs = nn.Linear(7, 5).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs, torch.randn(4, 7, dtype=torch.float64)


def test_dense_is_a_linear_layer_in_value_and_gradient():
    ours, theirs, x = pair()
    torch.testing.assert_close(ours(x), theirs(x))
    for layer in (ours, theirs):
        layer(x).tanh().square().sum().backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)


def test_a_stacked_gradient_lies_in_memory_as_its_weight():
    weights, biases = torch.randn(3, 5, 7), torch.randn(3, 5)
    x = torch.randn(3, 4, 7)

    def loss(weight, bias, x):
        return affine(x, weight, bias).square().sum()

    gradient = vmap(grad(loss))(weights, biases, x)
    assert gradient.stride() == weights.stride()


def test_mlp_has_its_activation_between_layers_alone():
    net = mlp([3, 4, 2], nn.Tanh)
    assert [type(layer) for layer in net] == [Dense, nn.Tanh, Dense]
    assert [tuple(p.shape) for p in net.parameters()] == [(4, 3), (4,), (2, 4), (2,)]


def test_convolutions_halve_the_side_and_the_decoder_mirrors_them():
    given = {"colours": 3, "planes": [4, 6], "activation": "relu"}
    down = encoder(3 * 8**2, 10, hidden=[7, 5], **given)
    up = decoder(5, 3 * 8**2, hidden=[5, 7], **given)
    shapes = [tuple(p.shape) for p in down.parameters() if p.dim() > 1]
    assert shapes == [(4, 3, 4, 4), (6, 4, 4, 4), (7, 24), (5, 7), (10, 5)]
    shapes = [tuple(p.shape) for p in up.parameters() if p.dim() > 1]
    assert shapes == [(5, 5), (7, 5), (24, 7), (6, 4, 4, 4), (4, 3, 4, 4)]
    x = torch.rand(2, 3 * 8**2)
    image = x.reshape(2, 3, 8, 8)
    first = [m for m in down if isinstance(m, nn.Conv2d)]
    by_hand = first[1](first[0](image).relu()).relu().flatten(1)
    linear = [m for m in down if isinstance(m, nn.Linear)]
    by_hand = linear[2](linear[1](linear[0](by_hand).relu()).relu())
    torch.testing.assert_close(down(x), by_hand)
    assert up(torch.rand(2, 5)).shape == (2, 3 * 8**2)


def test_without_convolutions_they_are_linear_layers():
    given = {"colours": 1, "planes": [], "hidden": [4], "activation": "tanh"}
    for net in (encoder(7, 2, **given), decoder(7, 2, **given)):
        assert [type(layer) for layer in net] == [Dense, nn.Tanh, Dense]
        assert [tuple(p.shape) for p in net.parameters()] == [(4, 7), (4,), (2, 4), (2,)]
