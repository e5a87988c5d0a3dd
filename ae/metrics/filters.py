"""How structured and how local the filters of a first layer are.

The proxies of figure 3 of Vincent et al. (2008), which shows filters and gives no number.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.members import by_seed
from ae.trained import Trained


def autocorrelation(trained: Trained) -> list[float]:
    """Median over units of the filters' `lag_one`, between -1 and 1; noise has about 0."""
    return by_seed(lag_one(images(trained)), np.median)


def structured_share(trained: Trained, *, threshold: float) -> list[float]:
    """Units whose `lag_one` is above `threshold`, in percent."""
    return by_seed(lag_one(images(trained)), lambda r: 100 * float(np.mean(r > threshold)))


def participation_ratio(trained: Trained) -> list[float]:
    """Median over units of (sum_i w_i^2)^2 / sum_i w_i^4, the effective number of pixels.

    1 for a single pixel, the number of pixels for weights of equal size; 0 for no weights.
    """
    square = images(trained).flatten(2) ** 2
    fourth = (square**2).sum(-1)
    ratio = square.sum(-1) ** 2 / torch.where(fourth == 0, 1, fourth)
    return by_seed(ratio, np.median)


def images(trained: Trained) -> Float[Tensor, "seed hidden height width"]:
    """The filters of every unit, in double precision, in the form of the images."""
    filters: Tensor = trained.stack.call("filters")
    return filters.detach().double().reshape(*filters.shape[:2], *picture(trained.test.shape))


def picture(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of grey images of that shape, which may begin with one channel."""
    height, width = shape[-2:]
    return int(height), int(width)


def lag_one(filters: Float[Tensor, "*unit height width"]) -> Float[Tensor, "*unit"]:
    """Spatial autocorrelation at a distance of one pixel.

    Pearson's correlation between the first and the second member of all pairs of adjacent
    pixels, the horizontal pairs (left, right) and the vertical pairs (upper, lower) pooled. A
    filter whose first or second members are all equal has none: 0.
    """
    right = filters[..., :-1], filters[..., 1:]
    below = filters[..., :-1, :], filters[..., 1:, :]
    first, second = (
        torch.cat([a.flatten(-2), b.flatten(-2)], -1) for a, b in zip(right, below, strict=True)
    )
    first, second = first - first.mean(-1, keepdim=True), second - second.mean(-1, keepdim=True)
    power = ((first**2).sum(-1) * (second**2).sum(-1)).sqrt()
    flat = (filters.amax((-2, -1)) == filters.amin((-2, -1))) | (power == 0)
    return torch.where(flat, 0, (first * second).sum(-1) / torch.where(flat, 1, power))
