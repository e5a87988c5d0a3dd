"""How far apart two batches of codes are in their moments, and how much they overlap.

The central moment discrepancy: Zellinger, Grubinger, Lughofer, Natschlaeger and Saminger-Platz, Central
Moment Discrepancy (CMD) for Domain-Invariant Representation Learning, ICLR 2017,
https://arxiv.org/abs/1702.08811. The overlap: Bousmalis, Trigeorgis, Silberman, Krishnan and Erhan,
Domain Separation Networks, NIPS 2016, https://arxiv.org/abs/1608.06019, with rows of length 1.
"""

from jaxtyping import Float
from torch import Tensor

SMALL = 1e-6  # beside the length of a code
SMALLEST = 1e-12  # beside a squared distance, whose root has a slope at 0


def moment_discrepancy(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "other width"], moments: int
) -> Float[Tensor, ""]:
    """|E a - E b| + sum_(k = 2..moments) |E (a - E a)^k - E (b - E b)^k|, of numbers in [0, 1].

    The central moments are those of each number by itself, the lengths Euclidean.
    """
    means = first.mean(0), second.mean(0)
    a, b = first - means[0], second - means[1]
    total = _length(means[0] - means[1])
    for k in range(2, moments + 1):
        total = total + _length((a**k).mean(0) - (b**k).mean(0))
    return total


def overlap(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"]
) -> Float[Tensor, ""]:
    """Mean square of the entries of A^T B; rows are centred over the batch, then of length 1."""
    a, b = _rows(first), _rows(second)
    return ((a.T @ b) ** 2).mean()


def _rows(codes: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
    """Centred codes over their length, which counts as a constant."""
    centred = codes - codes.mean(0)
    rows: Tensor = centred / (centred.detach().norm(dim=1, keepdim=True) + SMALL)
    return rows


def _length(x: Float[Tensor, " width"]) -> Float[Tensor, ""]:
    return ((x**2).sum() + SMALLEST).sqrt()
