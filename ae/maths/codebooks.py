"""Vectors given by the nearest entry of a table, the codebook.

A. van den Oord, O. Vinyals and K. Kavukcuoglu, Neural Discrete Representation Learning, NeurIPS 2017,
https://arxiv.org/abs/1711.00937
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

PIECE = 1 << 24  # distances that are computed at once


def nearest(
    vectors: Float[Tensor, "vectors width"], codebook: Float[Tensor, "entries width"]
) -> Int[Tensor, " vectors"]:
    """The entry at the least Euclidean distance from each vector; the first of equal ones."""
    squares = (codebook**2).sum(-1)  # that of the vector is the same for all entries
    pieces = torch.split(vectors, piece(codebook))
    return torch.cat([torch.addmm(squares, p, codebook.T, alpha=-2).argmin(-1) for p in pieces])


def piece(codebook: Float[Tensor, "entries width"]) -> int:
    """How many vectors are compared with all entries at once."""
    return max(1, PIECE // len(codebook))


def straight_through(
    vectors: Float[Tensor, "*many width"], quantised: Float[Tensor, "*many width"]
) -> Float[Tensor, "*many width"]:
    """The quantised vectors, whose gradient goes to the vectors as if nothing had been done."""
    return vectors + (quantised - vectors).detach()


def gathered(
    vectors: Float[Tensor, "vectors width"], codes: Int[Tensor, " vectors"], entries: int
) -> tuple[Float[Tensor, " entries"], Float[Tensor, "entries width"]]:
    """How many vectors chose each entry, and their sum: a step of k-means is the ratio."""
    choice = (codes.unsqueeze(-1) == torch.arange(entries, device=codes.device)).to(vectors.dtype)
    return choice.sum(0), choice.T @ vectors


def smoothed(sizes: Float[Tensor, " entries"], floor: float) -> Float[Tensor, " entries"]:
    """Sizes with `floor` added to each and the sum as it was, so that none is 0."""
    total = sizes.sum()
    return (sizes + floor) / (total + floor * len(sizes)) * total


def perplexity(shares: Float[Tensor, "*many entries"]) -> Float[Tensor, "*many"]:
    """exp of the entropy of shares that sum to 1: how many entries are in use, if equally often."""
    effective: Tensor = torch.special.entr(shares).sum(-1).exp()
    return effective
