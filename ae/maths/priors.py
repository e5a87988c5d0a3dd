"""Priors in the plane with a part for each class: petals of a mixture, pieces of a roll.

Makhzani et al., Adversarial Autoencoders, https://arxiv.org/abs/1511.05644, figures 2 and 4, show
them without their constants. Those here are of https://github.com/musyoku/adversarial-autoencoder.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

SHIFT = 1.4  # of a petal's centre from 0
LONG, SHORT = 0.5, 0.05  # standard deviations along and across a petal
TURNS, RADIUS = 2.0, 3.0  # of the roll, from its inner end at 0 to its outer end
MARKS = 400  # places of each piece of the roll that distances are taken to


def petal(
    normal: Float[Tensor, "*batch 2"], component: Int[Tensor, "*batch"], *, classes: int
) -> Float[Tensor, "*batch 2"]:
    """A sample of one of `classes` narrow Gaussians, which point away from 0 like petals."""
    along, across = SHIFT + LONG * normal[..., 0], SHORT * normal[..., 1]
    angle = 2 * math.pi / classes * component
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([along * cos - across * sin, along * sin + across * cos], -1)


def petal_distance(z: Float[Tensor, "*batch 2"], *, classes: int) -> Float[Tensor, "*batch petal"]:
    """Squared Mahalanobis distance of z from every petal; all have one covariance and one weight."""
    angle = 2 * math.pi / classes * torch.arange(classes, dtype=z.dtype, device=z.device)
    cos, sin = angle.cos(), angle.sin()
    x, y = z[..., :1], z[..., 1:]
    along, across = x * cos + y * sin - SHIFT, y * cos - x * sin
    return (along / LONG) ** 2 + (across / SHORT) ** 2


def roll(
    uniform: Float[Tensor, "*batch"], component: Int[Tensor, "*batch"], *, classes: int
) -> Float[Tensor, "*batch 2"]:
    """A sample of one of `classes` consecutive pieces of a Swiss roll, a spiral from 0 outwards.

    Each piece holds as many samples per turn squared as every other: both the radius and the angle
    grow with the square root of the way.
    """
    root = ((component + uniform) / classes).sqrt()
    angle = 2 * math.pi * TURNS * root
    return RADIUS * root[..., None] * torch.stack([angle.cos(), angle.sin()], -1)


def roll_distance(z: Float[Tensor, "*batch 2"], *, classes: int) -> Float[Tensor, "*batch piece"]:
    """Squared distance of z from every piece of the roll, at `MARKS` places of each."""
    ways = (torch.arange(MARKS, dtype=z.dtype, device=z.device) + 0.5) / MARKS
    pieces = torch.arange(classes, device=z.device)
    marks = roll(ways.expand(classes, -1), pieces[:, None].expand(-1, MARKS), classes=classes)
    apart = z.unsqueeze(-2).unsqueeze(-2) - marks
    return (apart**2).sum(-1).amin(-1)
