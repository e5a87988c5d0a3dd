"""Rectangles and convex shapes after Larochelle et al. (2007), generated from their descriptions.

Larochelle, Erhan, Courville, Bergstra and Bengio, An Empirical Evaluation of Deep Architectures on
Problems with Many Factors of Variation, ICML 2007, https://doi.org/10.1145/1273496.1273556

Example i of a split depends on the set's seed, the split and i alone. Geometry is computed on
integers in units of 1/2^20, so that the bytes do not depend on the machine.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ae.data.variations import UNIT, stream

SIDE = 28
WHITE = 255
APART = 3  # pixels by which a rectangle's sides differ at least
CONVEX = (0.195, 19)  # chance that a half-plane is the last; pixels of a shape at least
PART = (0.07, 10)  # the same for a part of a shape that is not convex
PARTS = (2, 4)  # least and greatest number of those parts

Image = NDArray[np.uint8]
Shape = NDArray[np.bool_]


def rectangles(split: str, count: int, seed: int) -> tuple[Image, Image]:
    """Outlines one pixel wide of rectangles (n, 28, 28), and whether each is taller than wide.

    Height and width are uniform on 1 to 28 among the pairs that differ by 3 or more; the corner is
    uniform where the rectangle fits.
    """
    sides = np.arange(1, SIDE + 1)
    height, width = (side.ravel() for side in np.meshgrid(sides, sides, indexing="ij"))
    pairs = np.stack([height, width], -1)[np.abs(height - width) >= APART]
    chance = stream(seed, split, "rectangle").random((count, 3))
    size = pairs[(chance[:, 0] * len(pairs)).astype(int)]
    first = (chance[:, 1:] * (SIDE + 1 - size)).astype(int)
    last = first + size - 1
    row, column = np.arange(SIDE)[None, :, None], np.arange(SIDE)[None, None]
    (top, left), (bottom, right) = (corner.T[:, :, None, None] for corner in (first, last))
    inside = (row >= top) & (row <= bottom) & (column >= left) & (column <= right)
    edge = (row == top) | (row == bottom) | (column == left) | (column == right)
    x = np.where(inside & edge, WHITE, 0).astype(np.uint8)
    return x, (size[:, 0] > size[:, 1]).astype(np.uint8)


def convex(split: str, count: int, seed: int) -> tuple[Image, Image]:
    """White shapes (n, 28, 28), and whether each is convex: a fair coin says which it is to be.

    A convex shape is an intersection of half-planes, a geometric number of them; one that is not is
    the union of 2 to 4 smaller ones and fails `is_convex`. Shapes too small are drawn again.
    """
    x = np.empty((count, SIDE, SIDE), np.uint8)
    y = np.empty(count, np.uint8)
    for i in range(count):
        own = stream(seed, split, f"shape/{i}")
        y[i] = own.integers(2)
        x[i] = WHITE * (_intersection(own, *CONVEX) if y[i] else _union(own))
    return x, y


def is_convex(shape: Shape) -> bool:
    """Whether every pixel whose centre lies in the convex hull of the shape's centres is in it."""
    hull = _hull([(int(r), int(c)) for r, c in np.argwhere(shape)])
    if len(hull) < 3:
        (top, left), (bottom, right) = hull[0], hull[-1]
        return int(shape.sum()) == 1 + math.gcd(bottom - top, right - left)
    row, column = np.indices(shape.shape)
    within = np.ones_like(shape)
    for (r, c), (s, d) in zip(hull, hull[1:] + hull[:1], strict=True):
        within &= (s - r) * (column - c) - (d - c) * (row - r) >= 0
    return bool((within == shape).all())


def _hull(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Corners of the convex hull of sorted points, in turn (Andrew's monotone chain)."""
    if len(points) < 3:
        return points

    def chain(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for r, c in points:
            while len(found) > 1:
                (a, b), (s, d) = found[-2:]
                if (s - a) * (c - b) - (d - b) * (r - a) > 0:
                    break
                found.pop()
            found.append((r, c))
        return found[:-1]

    return chain(points) + chain(points[::-1])


def _intersection(own: np.random.Generator, last: float, least: int) -> Shape:
    """Half-planes through uniform places of the image, in uniform directions, put together."""
    row, column = UNIT * np.indices((SIDE, SIDE)).reshape(2, SIDE * SIDE, 1)
    while True:
        chance = own.random((own.geometric(last), 3))
        place = (np.rint(UNIT * SIDE * chance[:, :2]) - UNIT // 2).astype(np.int64)
        angle = 2 * math.pi * chance[:, 2]
        cos, sin = (np.rint(f(angle) * UNIT).astype(np.int64) for f in (np.cos, np.sin))
        within = (row - place[:, 0]) * sin + (column - place[:, 1]) * cos >= 0
        shape: Shape = within.all(-1).reshape(SIDE, SIDE)
        if shape.sum() >= least:
            return shape


def _union(own: np.random.Generator) -> Shape:
    while True:
        parts = own.integers(PARTS[0], PARTS[1] + 1)
        shape: Shape = np.any([_intersection(own, *PART) for _ in range(parts)], axis=0)
        if not is_convex(shape):
            return shape
