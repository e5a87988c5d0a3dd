"""How sparse a code is, and how many of its units are never used.

Measures of Makhzani and Frey, k-Sparse Autoencoders (2014), and of what it shows as figures.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.shared import Split, by_seed
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Units of `{codes}` that are on, the most over {split} images",
    unit="units",
    better="lower",
)
def most_active(trained: Trained, *, codes: str, split: Split) -> list[float]:
    """The largest number of units that are not 0 for one example; `codes` names the encoder."""

    def active(x: Tensor) -> Tensor:
        z = trained.stack.share(codes, x)
        return torch.where(z.isfinite().all(-1), (z != 0).sum(-1), math.nan)

    return by_seed(torch.cat(trained.over(split, active), 1), np.max)


@measure(label="Units of `{codes}` that are off for every {split} image", unit="%", better="lower")
def dead_units(trained: Trained, *, codes: str, split: Split) -> list[float]:
    """Units that are 0 for every example of the split, in percent of all units."""

    def largest(x: Tensor) -> Tensor:
        size: Tensor = trained.stack.share(codes, x).abs()
        return size.amax(1)

    over = torch.stack(trained.over(split, largest)).amax(0)
    return by_seed(over, lambda size: 100 * float(np.mean(size == 0)))


@measure(
    label="Root mean square of the activities of `{codes}` that are on",
    unit="",
    better="higher",
)
def activity_width(trained: Trained, *, codes: str, split: Split) -> list[float]:
    """Root mean square of the activities that are not 0, over units and examples.

    sqrt(sum z^2 / #{z != 0}); NaN where no unit is ever active.
    """
    pieces = trained.over(split, lambda x: _moments(trained.stack.share(codes, x)))
    moments = torch.stack(pieces).sum(0)
    return by_seed(moments, lambda m: float(np.sqrt(m[0] / m[1])) if m[1] else math.nan)


@measure(
    label="Largest activity of `{codes}` for {split} images, root mean square",
    unit="",
    better="higher",
)
def reach(trained: Trained, *, codes: str, split: Split) -> list[float]:
    """Root mean square over examples of the largest size of an activity.

    sqrt(mean_n max_j z_nj^2). Unlike `activity_width` it does not grow by leaving small activities
    out: the codes of equal weights reach as far with few units as with many, where the largest
    activity is positive.
    """

    def largest(x: Tensor) -> Tensor:
        size: Tensor = trained.stack.share(codes, x).double().abs()
        return size.amax(-1) ** 2

    largest_squares = torch.cat(trained.over(split, largest), 1)
    return by_seed(largest_squares, lambda square: math.sqrt(np.mean(square)))


def _moments(z: Float[Tensor, "seed batch hidden"]) -> Float[Tensor, "seed 2"]:
    """Sum of squares, and how many activities are not 0."""
    square = z.double() ** 2
    return torch.stack([square.sum((1, 2)), (square != 0).sum((1, 2)).double()], -1)
