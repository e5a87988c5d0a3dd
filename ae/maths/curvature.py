"""Spaces of constant curvature: the sphere, the plane and the hyperboloid of one radius.

A point of the sphere or the hyperboloid of radius r has as many numbers as the space around it, one
more than the manifold has dimensions. On the hyperboloid the last number is the positive one whose
square is taken off: <x, x> = x_1^2 + ... - x_n^2 = -r^2. `curvature` is 1, 0 or -1; r is 1.
Grattarola, Livi and Alippi, Adversarial autoencoders with constant-curvature latent manifolds,
Applied Soft Computing 81, 2019, https://arxiv.org/abs/1812.04314.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Curvature = Literal[-1, 0, 1]
SMALL = 1e-12  # lengths and square roots below are taken for this


def inner(
    x: Float[Tensor, "*#batch numbers"], y: Float[Tensor, "*#batch numbers"], curvature: Curvature
) -> Float[Tensor, "*batch"]:
    """<x, y>; of the hyperboloid Minkowski's, with a minus before the product of the last numbers."""
    products: Tensor = x * y
    return products.sum(-1) if curvature >= 0 else products[..., :-1].sum(-1) - products[..., -1]


def project(
    z: Float[Tensor, "*batch numbers"], curvature: Curvature
) -> Float[Tensor, "*batch numbers"]:
    """A point of the manifold for any point about it: scaled to the sphere, lifted to the hyperboloid."""
    if curvature == 0:
        return z
    if curvature == 1:
        length: Tensor = torch.linalg.vector_norm(z, dim=-1, keepdim=True)
        return z / length.clamp(min=SMALL)
    free = z[..., :-1]
    return torch.cat([free, ((free**2).sum(-1, keepdim=True) + 1).sqrt()], -1)


def membership(
    z: Float[Tensor, "*batch numbers"], curvature: Curvature, width: float
) -> Float[Tensor, "*batch"]:
    """exp(-(<z, z> - c)^2 / (2 width^2)), c the curvature: 1 on the manifold; 1 all over the plane."""
    if curvature == 0:
        return torch.ones_like(z[..., 0])
    return (-((inner(z, z, curvature) - curvature) ** 2) / (2 * width**2)).exp()


def distance(
    x: Float[Tensor, "*#batch numbers"], y: Float[Tensor, "*#batch numbers"], curvature: Curvature
) -> Float[Tensor, "*batch"]:
    """Length of the shortest path between two points of the manifold."""
    if curvature == 0:
        return ((x - y) ** 2).sum(-1).sqrt()
    product = inner(x, y, curvature)
    return product.clamp(-1, 1).acos() if curvature == 1 else (-product).clamp(min=1).acosh()


def exp_map(
    v: Float[Tensor, "*batch tangent"], curvature: Curvature
) -> Float[Tensor, "*batch numbers"]:
    """The point that is reached from (0, ..., 0, 1) along v in |v|; on the plane v itself."""
    if curvature == 0:
        return v
    length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    if curvature == 1:
        return torch.cat([torch.sinc(length / torch.pi) * v, length.cos()], -1)
    short = length.clamp(min=SMALL)
    return torch.cat([short.sinh() / short * v, length.cosh()], -1)


def log_map(
    x: Float[Tensor, "*batch numbers"], curvature: Curvature
) -> Float[Tensor, "*batch tangent"]:
    """The v whose `exp_map` is x; on the sphere |v| is at most pi."""
    if curvature == 0:
        return x
    free = x[..., :-1]
    side: Tensor = torch.linalg.vector_norm(free, dim=-1, keepdim=True)
    last = x[..., -1:]
    length: Tensor = torch.atan2(side, last) if curvature == 1 else side.asinh()
    return length / side.clamp(min=SMALL) * free
