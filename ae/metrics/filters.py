"""How structured and how local the filters of a first layer are.

Proxies of figures that show filters and give no number: figure 3 of Vincent et al. (2008), figures
5 to 8 of Vincent et al. (2010), figure 1 of Makhzani and Frey (2014).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.metrics.shared import by_seed
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Lag-1 spatial autocorrelation of the filters, median", unit="", better="higher")
def autocorrelation(trained: Trained) -> list[float]:
    """Median over units of the filters' `lag_one`, between -1 and 1; noise has about 0."""
    return by_seed(lag_one(images(trained)), np.median)


@measure(label="Filters with autocorrelation above {threshold}", unit="%", better="higher")
def structured_share(trained: Trained, *, threshold: float) -> list[float]:
    """Units whose `lag_one` is above `threshold`, in percent."""
    return by_seed(lag_one(images(trained)), lambda r: 100 * float(np.mean(r > threshold)))


@measure(label="Effective pixels of a filter, median", unit="pixels", better=None)
def participation_ratio(trained: Trained) -> list[float]:
    """Median over units of (sum_i w_i^2)^2 / sum_i w_i^4, the effective number of pixels.

    1 for a single pixel, the number of pixels for weights of equal size; 0 for no weights.
    """
    square = images(trained).flatten(2) ** 2
    fourth = (square**2).sum(-1)
    ratio = square.sum(-1) ** 2 / torch.where(fourth == 0, 1, fourth)
    return by_seed(ratio, np.median)


@measure(label="Radius of the learned filters, median", unit="pixels", better="higher")
def radius(trained: Trained, *, threshold: float) -> list[float]:
    """Median `spread` of the filters whose `lag_one` is above `threshold`, in pixels.

    Units that training has hardly touched keep their initial noise, which fills the image: they
    would make the median say how many they are, not how large a learned filter is. NaN where no
    filter is above the threshold.
    """
    filters = images(trained)
    both = torch.stack([lag_one(filters), spread(filters)], 1)

    def median(rows: NDArray[Any]) -> float:
        learned = rows[1][rows[0] > threshold]
        return float(np.median(learned)) if len(learned) else math.nan

    return by_seed(both, median)


def spread(filters: Float[Tensor, "*unit height width"]) -> Float[Tensor, "*unit"]:
    """How far a filter reaches: root mean square distance from its centre, in pixels.

    sqrt(sum_i e_i |p_i - c|^2), where e_i = w_i^2 / sum_j w_j^2 is the share of pixel i at p_i in
    the filter's power and c = sum_i e_i p_i. 0 for a single pixel, and for no weights.
    """
    power = filters**2
    total = power.sum((-2, -1), keepdim=True)
    share = power / torch.where(total == 0, 1, total)
    variance = torch.zeros_like(share[..., 0, 0])
    for axis in (-2, -1):
        along = share.sum(-3 - axis)  # the other of the two
        place = torch.arange(along.shape[-1], dtype=along.dtype, device=along.device)
        centre = (along * place).sum(-1, keepdim=True)
        variance = variance + (along * (place - centre) ** 2).sum(-1)
    return variance.sqrt()


@measure(label="Orientation of the filters, median: 0 none, 1 a grating", unit="", better="higher")
def orientation(trained: Trained) -> list[float]:
    """Median over units of the filters' `oriented`: 0 without direction, 1 for a grating."""
    return by_seed(oriented(images(trained)), np.median)


def images(trained: Trained) -> Float[Tensor, "seed hidden height width"]:
    """The filters of every unit, in double precision, in the form of the images."""
    filters: Tensor = trained.stack.call("filters")
    return filters.detach().double().reshape(*filters.shape[:2], *picture(trained.test.shape))


def picture(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of grey images of that shape, which may begin with one channel."""
    height, width = shape[-2:]
    return int(height), int(width)


def oriented(filters: Float[Tensor, "*unit height width"]) -> Float[Tensor, "*unit"]:
    """How far a filter's power lies in one direction: |sum_f P(f) exp(2 i angle(f))| / sum_f P(f).

    P is the power spectrum of the filter less its mean, padded with zeros to odd sides of more than
    twice its own, so that no frequency is its own opposite. A filter that is constant has 0; one of
    white noise about as much as sqrt(pi / 2) over the root of its number of pixels.
    """
    centred = filters - filters.mean((-2, -1), keepdim=True)
    sides = [2 * side + 1 for side in filters.shape[-2:]]
    power = torch.fft.fft2(centred, s=sides).abs() ** 2
    down, across = (torch.fft.fftfreq(side, dtype=torch.float64) for side in sides)
    angle = torch.atan2(down[:, None], across[None]).to(power)
    whole = power.sum((-2, -1))
    along, between = ((power * f(2 * angle)).sum((-2, -1)) for f in (torch.cos, torch.sin))
    flat = filters.amax((-2, -1)) == filters.amin((-2, -1))
    return torch.where(flat, 0, torch.hypot(along, between) / torch.where(flat, 1, whole))


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
