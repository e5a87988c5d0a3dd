"""White shapes after Matthey, Higgins, Hassabis and Lerchner (2017), drawn from their factors.

Matthey et al., dSprites: Disentanglement testing Sprites dataset,
https://github.com/deepmind/dsprites-dataset. The outlines are not published: they were fitted to
320 images of the original, of which they give 300 exactly and 30 pixels of the others wrong, at
most 2 in one; `tests/data/test_sprites.py` holds these numbers where the images are at hand.

A shape is a polygon that every ray from its centre leaves once. The edge that the ray meets is
a u + b v = 1, so that a point (u, v) is within if a u + b v <= 1: one look-up a pixel, for all shapes.
A pixel is white if its centre is within; nothing is smoothed.
"""

import math
from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

CANVAS = 64  # pixels of a side, in which the outlines are given
PIECE = 1 << 20  # pixels that are computed at once
APART = 5.0  # between the angles of two shapes, which go from 0 to 4
HALF_SQUARE = 9.5975  # at scale 1; 0.15 x 64 = 9.6 would put edges on pixels' centres
ELLIPSE = (12.775, 7.22, 72)  # semi-axes, and corners, the first on the longer
# Right half of the heart: degrees from the horizontal, downwards, and distance from the centre.
HEART = (
    (-90, 4.8681),
    (-89, 5.3318),
    (-88, 5.8512),
    (-87, 6.1017),
    (-86, 6.2519),
    (-85, 6.7751),
    (-84, 7.0380),
    (-83, 7.2069),
    (-82, 7.4305),
    (-80, 7.8910),
    (-78, 8.3272),
    (-76, 8.6895),
    (-73, 9.2679),
    (-70, 9.6782),
    (-67, 10.1205),
    (-64, 10.3845),
    (-60, 10.7391),
    (-56, 10.9832),
    (-52, 11.1540),
    (-48, 11.2297),
    (-44, 11.2683),
    (-40, 11.2420),
    (-36, 11.1469),
    (-32, 10.9933),
    (-28, 10.7768),
    (-24, 10.5287),
    (-20, 10.1921),
    (-16, 9.8034),
    (-12, 9.3859),
    (-8, 8.9912),
    (-4, 8.5453),
    (0, 8.1172),
    (4, 7.7482),
    (8, 7.3818),
    (12, 7.0923),
    (16, 6.8207),
    (20, 6.5911),
    (25, 6.3565),
    (30, 6.1700),
    (35, 6.0331),
    (40, 5.9450),
    (45, 5.9108),
    (50, 5.9201),
    (55, 5.9570),
    (60, 6.0888),
    (65, 6.2631),
    (70, 6.4966),
    (74, 6.7651),
    (77, 7.0810),
    (80, 7.2492),
    (82, 7.6524),
    (84, 7.9060),
    (85, 8.1098),
    (86, 8.2686),
    (87, 8.5341),
    (88, 8.7985),
    (89, 9.1934),
    (90, 9.6892),
)


def dsprites(
    shape: Float[Tensor, " n"],
    scale: Float[Tensor, " n"],
    orientation: Float[Tensor, " n"],
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    *,
    size: tuple[int, ...],
) -> Bool[Tensor, "n height width"]:
    """Whether each pixel of a square image of `size` is white.

    Args:
        shape: 0 a square, 1 an ellipse, 2 a heart.
        scale: 1 is the largest of the original.
        orientation: In turns, counter-clockwise.
        x: The centre's place from the left, as a share of the side.
        y: The same from the top.
        size: Height and width, which are equal.
    """
    factors = torch.stack([shape, scale, orientation, x, y]).double()
    at_once = max(1, PIECE // math.prod(size))
    return torch.cat([_white(part, size[0]) for part in torch.split(factors, at_once, 1)])


def _white(factors: Float[Tensor, "five n"], side: int) -> Bool[Tensor, "n side side"]:
    shape, scale, orientation, x, y = factors
    starts, edges = _outlines(shape.device)
    place = (torch.arange(side, dtype=torch.float64, device=shape.device) + 0.5) / side
    unit = CANVAS / scale
    cos, sin = (unit * f(2 * math.pi * orientation) for f in (torch.cos, torch.sin))
    right, down = (place - x[:, None])[:, None], (place - y[:, None])[:, :, None]
    u = cos[:, None, None] * right - sin[:, None, None] * down
    v = sin[:, None, None] * right + cos[:, None, None] * down
    where = _angle(u, v).add_(APART * shape[:, None, None])
    a, b = edges[torch.bucketize(where, starts, right=True) - 1].unbind(-1)
    white: Tensor = a * u + b * v <= 1
    return white


def _angle(u: Tensor, v: Tensor) -> Tensor:
    """From 0 to 4, rising with the angle from the right over the bottom; 0 at the centre."""
    share = v / (u.abs() + v.abs()).clamp_(min=1e-300)
    return torch.where(u < 0, 2 - share, torch.where(v < 0, 4 + share, share))


@cache
def _outlines(
    device: torch.device,
) -> tuple[Float[Tensor, " edges"], Float[Tensor, "edges two"]]:
    """Where each edge begins, by APART shape + angle, and its a and b; an edge over 0 is cut there."""
    half, (wide, high, corners) = HALF_SQUARE, ELLIPSE
    square = [(half, half), (-half, half), (-half, -half), (half, -half)]
    turns = [2 * math.pi * k / corners for k in range(corners)]
    ellipse = [(wide * math.cos(t), high * math.sin(t)) for t in turns]
    right = [(r * math.cos(math.radians(d)), r * math.sin(math.radians(d))) for d, r in HEART]
    heart = right + [(-u, v) for u, v in right[-2:0:-1]]
    starts, edges = zip(*map(_edges, (square, ellipse, heart)), strict=True)
    begins = torch.cat([start + APART * i for i, start in enumerate(starts)])
    return begins.to(device), torch.cat(edges).to(device)


def _edges(
    corners: list[tuple[float, float]],
) -> tuple[Float[Tensor, " edges"], Float[Tensor, "edges two"]]:
    u, v = torch.tensor(corners, dtype=torch.float64).T
    start = _angle(u, v)
    first = int(start.argmin())
    u, v, start = u.roll(-first), v.roll(-first), start.roll(-first)
    after, below = u.roll(-1), v.roll(-1)
    edges = torch.stack([below - v, u - after], -1) / (u * below - v * after)[:, None]
    if start[0] > 0:
        start = torch.cat([start.new_zeros(1), start])
        edges = torch.cat([edges[-1:], edges])
    return start, edges
