"""The mean and the principal axes of a data set, in double precision."""

import torch
from jaxtyping import Float
from torch import Tensor

CHUNK = 5000  # examples that are in double precision at a time


def principal_axes(
    x: Float[Tensor, "examples features"],
) -> tuple[
    Float[Tensor, " features"], Float[Tensor, " features"], Float[Tensor, "features features"]
]:
    """Mean, variances along the axes (divided by the number of examples), axes in rows.

    The largest variance comes first. The sign of an axis is arbitrary.
    """
    pieces, mean = torch.split(x, CHUNK), average(x)
    scatter = x.new_zeros(x.shape[1], x.shape[1], dtype=torch.float64)
    for piece in pieces:
        centred = piece.double() - mean
        scatter = scatter + centred.T @ centred
    values, vectors = torch.linalg.eigh(scatter)
    return mean, values.flip(-1) / len(x), vectors.flip(-1).T


def average(x: Float[Tensor, "examples features"]) -> Float[Tensor, " features"]:
    """The mean, summed in double precision."""
    pieces = torch.split(x, CHUNK)
    return torch.stack([piece.double().sum(0) for piece in pieces]).sum(0) / len(x)
