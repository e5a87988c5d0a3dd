"""Padding as TensorFlow's `same`: by its definition, and transposed by the gradient."""

import pytest
import torch
from torch.nn.functional import conv2d

from ae.maths.same_padding import same_conv, same_transpose

SHAPES = pytest.mark.parametrize(
    ("kernel", "stride", "side"), [(3, 2, 28), (3, 1, 28), (5, 2, 14), (5, 1, 7), (4, 2, 8)]
)
pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def padded(x, kernel, stride):
    """As TensorFlow documents it: as much as is needed, the odd row below and to the right."""
    side = x.shape[-1]
    out = -(-side // stride)
    total = max((out - 1) * stride + kernel - side, 0)
    grown = torch.zeros(*x.shape[:-2], side + total, side + total)
    first = total // 2
    grown[..., first : first + side, first : first + side] = x
    return grown


@SHAPES
def test_a_convolution_sees_the_padding_that_tensorflow_documents(kernel, stride, side):
    layer, x = same_conv(2, 3, kernel, stride, side), torch.randn(4, 2, side, side)
    conv = layer[1]
    expected = conv2d(padded(x, kernel, stride), conv.weight, conv.bias, stride)
    torch.testing.assert_close(layer(x), expected)
    assert expected.shape[-1] == side // stride


@SHAPES
def test_a_transposed_convolution_is_the_gradient_of_the_convolution(kernel, stride, side):
    down, up = (
        same_conv(2, 3, kernel, stride, side),
        same_transpose(3, 2, kernel, stride, side // stride),
    )
    with torch.no_grad():
        up[0].weight.copy_(down[1].weight)
        up[0].bias.zero_()
    x = torch.randn(4, 2, side, side, requires_grad=True)
    given = torch.randn(4, 3, side // stride, side // stride)
    (expected,) = torch.autograd.grad(down(x), x, given)
    torch.testing.assert_close(up(given), expected)


def test_a_side_that_the_stride_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="side 7, kernel 3: expected multiples of the stride, 2"):
        same_conv(1, 1, 3, 2, 7)
