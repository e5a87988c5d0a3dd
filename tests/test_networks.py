"""Layers that several papers share, against torch's own."""

import torch
from torch import nn
from torch.func import grad, vmap

from ae.networks import Dense, affine, mlp


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
