"""Images at another size, byte for byte as Pillow makes them."""

import math

import numpy as np
from numpy.typing import NDArray

BITS = 22  # of a weight in Pillow's arithmetic for bytes


def to_32(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """Images (n, side, side) of at most 32 x 32 pixels enlarged to that, by bilinear interpolation.

    As `PIL.Image.resize((32, 32), BILINEAR)`, which torchvision's `Resize` calls: across, then down,
    each time in whole numbers and rounded to bytes.
    """
    weights = _weights(x.shape[-1], 32)
    across = _bytes(np.einsum("nyx,ox->nyo", x.astype(np.int64), weights, optimize=True))
    return _bytes(np.einsum("nyx,oy->nox", across.astype(np.int64), weights, optimize=True))


def _bytes(sums: NDArray[np.int64]) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = ((sums + (1 << (BITS - 1))) >> BITS).clip(0, 255).astype(np.uint8)
    return rounded


def _weights(inputs: int, outputs: int) -> NDArray[np.int64]:
    """What each output pixel takes of each input pixel, in units of 2^-BITS: a triangle of width 1."""
    scale = inputs / outputs
    found = np.zeros((outputs, inputs), np.int64)
    for out in range(outputs):
        centre = (out + 0.5) * scale
        first = max(0, int(centre - 1 + 0.5))
        last = min(inputs, int(centre + 1 + 0.5))
        triangle = [max(0.0, 1 - abs(i + 0.5 - centre)) for i in range(first, last)]
        total = math.fsum(triangle)
        found[out, first:last] = [int(0.5 + w / total * (1 << BITS)) for w in triangle]
    return found
