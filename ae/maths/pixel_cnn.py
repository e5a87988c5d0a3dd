"""Convolutions that see only what comes before a place, row by row.

A. van den Oord, N. Kalchbrenner and K. Kavukcuoglu, Pixel Recurrent Neural Networks, ICML 2016,
https://arxiv.org/abs/1601.06759; as networks of codes, after the Keras example by S. Paul,
https://keras.io/examples/generative/vq_vae/
"""

from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

Layer = TypeVar("Layer", nn.Conv2d, nn.ConvTranspose2d)


class MaskedConv2d(nn.Module):
    """A convolution of the places above and to the left; of the place itself, too, if `itself`.

    Kernels have an odd side. Their rows below the middle would be masked: they are not there. The
    weights are uniform after Glorot and Bengio (2010) for the whole kernel, biases 0.
    """

    mask: Float[Tensor, "rows side"]

    def __init__(self, inputs: int, outputs: int, side: int, *, itself: bool, bias: bool) -> None:
        super().__init__()
        self.reach = side // 2
        whole = torch.empty(outputs, inputs, side, side)
        nn.init.xavier_uniform_(whole)
        self.weight = nn.Parameter(whole[:, :, : self.reach + 1].clone())
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        mask = torch.ones(self.reach + 1, side)
        mask[-1, self.reach + itself :] = 0
        self.register_buffer("mask", mask)

    def forward(
        self, x: Float[Tensor, "batch inputs rows columns"]
    ) -> Float[Tensor, "batch outputs rows columns"]:
        """Planes of the same size."""
        framed = pad(x, (self.reach, self.reach, self.reach, 0)) if self.reach else x
        return conv2d(framed, self.weight * self.mask, self.bias)


class MaskedResidual(nn.Module):
    """1 x 1, masked 3 x 3 with half the planes, 1 x 1: a ReLU after each, added to the input."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            glorot(nn.Conv2d(planes, planes, 1)),
            nn.ReLU(),
            MaskedConv2d(planes, planes // 2, 3, itself=True, bias=True),
            nn.ReLU(),
            glorot(nn.Conv2d(planes // 2, planes, 1)),
            nn.ReLU(),
        )

    def forward(
        self, x: Float[Tensor, "batch planes rows columns"]
    ) -> Float[Tensor, "batch planes rows columns"]:
        """Planes of the same number and size."""
        total: Tensor = x + self.branch(x)
        return total


def pixel_cnn(entries: int, *, planes: int, residual_blocks: int, layers: int) -> nn.Sequential:
    """From codes as planes of zeros and ones, logits of the code at each place given those before.

    A masked 7 x 7 convolution, residual blocks, and `layers` of 1 x 1, all with ReLU; then logits.
    """
    network: list[nn.Module] = [
        MaskedConv2d(entries, planes, 7, itself=False, bias=True),
        nn.ReLU(),
        *(MaskedResidual(planes) for _ in range(residual_blocks)),
    ]
    for _ in range(layers):
        network += [glorot(nn.Conv2d(planes, planes, 1)), nn.ReLU()]
    return nn.Sequential(*network, glorot(nn.Conv2d(planes, entries, 1)))


def glorot(layer: Layer) -> Layer:
    """The layer with weights uniform after Glorot and Bengio (2010) and biases 0, in place."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
