"""Variations of MNIST after Larochelle et al. (2007), regenerated from the description.

Larochelle, Erhan, Courville, Bergstra and Bengio, An Empirical Evaluation of Deep Architectures on
Problems with Many Factors of Variation, ICML 2007, https://doi.org/10.1145/1273496.1273556

Example i of a split depends on the set's seed, the split and i alone, so that the first n examples
are the same however many are made. The arithmetic is numpy's and, for rotation, on integers in
units of 1/2^20, so that the bytes do not depend on the machine.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

UNIT = 1 << 20


def plain(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """mnist-basic: the digits as they are."""
    return x


def rotated(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """mnist-rot: each image (n, side, side) turned clockwise about its centre, by a uniform angle.

    Bilinear interpolation; outside the image is black.
    """
    angles = 2 * math.pi * stream(seed, split, "angle").random(len(x))
    turned = np.empty_like(x)
    for a in range(0, len(x), 1000):
        turned[a : a + 1000] = _turn(x[a : a + 1000], angles[a : a + 1000])
    return turned


def every_second_rotated(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """mnist-plus-rot: the first image as it is, the second `rotated`, and so on."""
    mixed = x.copy()
    mixed[1::2] = rotated(x[1::2], split, seed)
    return mixed


def on_noise(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """mnist-bg-rand: the maximum of digit and background, every pixel uniform on 0..255."""
    background = stream(seed, split, "background").integers(0, 256, x.shape, np.uint8)
    combined: NDArray[np.uint8] = np.maximum(x, background)
    return combined


def stream(seed: int, split: str, purpose: str) -> np.random.Generator:
    """The draws of a split for one purpose."""
    name = hashlib.sha256(f"{seed}/{split}/{purpose}".encode()).digest()[:8]
    return np.random.Generator(np.random.PCG64(int.from_bytes(name)))


def _turn(x: NDArray[np.uint8], angles: NDArray[np.float64]) -> NDArray[np.uint8]:
    side = x.shape[-1]
    centre = (side - 1) * UNIT // 2
    cos, sin = (np.rint(f(angles) * UNIT).astype(np.int64)[:, None, None] for f in (np.cos, np.sin))
    row, column = np.meshgrid(
        2 * np.arange(side) - side + 1, 2 * np.arange(side) - side + 1, indexing="ij"
    )
    # Where each pixel comes from, in units of 1/UNIT pixel; row and column are in half pixels.
    down = (cos * row - sin * column) // 2 + centre
    across = (sin * row + cos * column) // 2 + centre
    padded = np.pad(x, ((0, 0), (1, 2), (1, 2))).astype(np.int64)
    top, left = down // UNIT, across // UNIT
    inside = (top >= -1) & (top < side) & (left >= -1) & (left < side)
    top, left = np.clip(top, -1, side - 1) + 1, np.clip(left, -1, side - 1) + 1
    v, u = (down % UNIT) >> 8, (across % UNIT) >> 8  # 12 bits each: products fit
    one, image = UNIT >> 8, np.arange(len(x))[:, None, None]
    above = padded[image, top, left] * (one - u) + padded[image, top, left + 1] * u
    below = padded[image, top + 1, left] * (one - u) + padded[image, top + 1, left + 1] * u
    mixed = (above * (one - v) + below * v + one * one // 2) // (one * one)
    return np.where(inside, mixed, 0).astype(np.uint8)
