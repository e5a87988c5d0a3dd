"""What is learned of images that are standard deviations, against what is best.

In varianceMNIST a pixel x is normal with mean 0 and standard deviation s, the pixel of a hidden
image. Of x_t = x + sigma n, n normal, the best denoiser is x_t s^2 / (s^2 + sigma^2). Everything here
is measured on the test set; `Dataset.clean` are its hidden images.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.data.dataset import Dataset
from ae.metrics.shared import by_seed, up_to
from ae.models.base import Draw
from ae.spec.facts import measure
from ae.training.noise import NoiseSource
from ae.training.trained_run import CHUNK, Trained

Known = Literal["nothing", "pixel", "image"]


@measure(label="Correlation of the learned gain with the best", unit="", better="higher")
def gain_correlation(trained: Trained, *, sigma: float, examples: int) -> list[float]:
    """Pearson's correlation of `gain(x_t)` with s^2 / (s^2 + sigma^2) over pixels and images."""

    def gain(x: Tensor, noisy: Tensor, hidden: Tensor) -> Tensor:
        learned: Tensor = trained.stack.call("gain", noisy)
        return torch.stack([learned, best_gain(hidden, sigma).expand_as(learned)], -1)

    return by_seed(_over(trained, sigma, examples, gain), correlation)


@measure(
    label="Correlation of the learned standard deviation with the hidden image",
    unit="",
    better="higher",
)
def deviation_correlation(trained: Trained, *, examples: int) -> list[float]:
    """Pearson's correlation of `deviation(x)` with s over pixels and images."""

    def deviation(x: Tensor, noisy: Tensor, hidden: Tensor) -> Tensor:
        learned: Tensor = trained.stack.share("deviation", x)
        return torch.stack([learned, hidden.expand_as(learned)], -1)

    return by_seed(_over(trained, 0.0, examples, deviation), correlation)


@measure(
    label="Squared error of test examples denoised by the {by}, sigma {sigma}",
    unit="per pixel",
    better="lower",
)
def denoising_error(
    trained: Trained, *, sigma: float, examples: int, by: Literal["model", "oracle"]
) -> list[float]:
    """Mean over pixels and images of (x_hat - x)^2; lower is better.

    x_hat is the model's `reconstruct(x_t)`, or what the best denoiser makes of the same x_t.
    """

    def error(x: Tensor, noisy: Tensor, hidden: Tensor) -> Tensor:
        if by == "oracle":
            return (noisy * best_gain(hidden, sigma) - x) ** 2
        made: Tensor = trained.stack.call("reconstruct", noisy)
        return (made - x) ** 2

    return by_seed(_over(trained, sigma, examples, lambda *a: error(*a).double().mean(-1)), np.mean)


@measure(label="Mean square of the test examples", unit="per pixel", better="lower")
def energy(trained: Trained, *, examples: int) -> list[float]:
    """Mean over pixels and images of x^2: the error of a reconstruction that is 0 everywhere."""

    def square(x: Tensor, noisy: Tensor, hidden: Tensor) -> Tensor:
        return (x.double() ** 2).mean(-1).expand(len(trained.seeds), -1)

    return by_seed(_over(trained, 0.0, examples, square), np.mean)


@measure(
    label="Expected error of gains that know the variance of: {knows}",
    unit="per pixel",
    better="lower",
)
def expected_error(trained: Trained, *, sigma: float, knows: Known) -> list[float]:
    """What the gains v / (v + sigma^2) leave on average of the test set's noise, from s alone.

    v is the variance of a pixel as far as it is known: the mean of s^2 over the training images and
    all pixels ("nothing"), over the training images ("pixel"), or s^2 itself ("image").
    """
    square, v = _known(trained, knows)
    gain = v / (v + sigma**2)
    error = (1 - gain) ** 2 * square + gain**2 * sigma**2
    return [float(error.mean())] * len(trained.seeds)


@measure(
    label="Expected Gaussian term where the variance is known of: {knows}",
    unit="nats per image",
    better="lower",
)
def expected_nll(trained: Trained, *, min_logvar: float, knows: Known) -> list[float]:
    """What (logvar + x^2 / exp(logvar)) / 2, summed over pixels, is on average; nats.

    logvar is that of the variance that is known, as in `expected_error`, and at least `min_logvar`.
    """
    square, v = _known(trained, knows)
    variance = v.clamp(min=math.exp(min_logvar))
    per_pixel = (variance.log() + square / variance) / 2
    return [float(per_pixel.mean()) * math.prod(trained.test.shape)] * len(trained.seeds)


def best_gain(hidden: Float[Tensor, "*pixels"], sigma: float) -> Float[Tensor, "*pixels"]:
    """s^2 / (s^2 + sigma^2), the factor of the best denoiser."""
    return hidden**2 / (hidden**2 + sigma**2)


def correlation(maps: NDArray[Any]) -> float:
    """Pearson's r of two maps (..., 2), 0 where one of them is the same everywhere."""
    both = maps.reshape(-1, 2).astype(np.float64)
    if (both.max(0) == both.min(0)).any():
        return 0.0
    matrix: NDArray[np.float64] = np.asarray(np.corrcoef(both, rowvar=False))
    return float(matrix[0, 1])


def _known(
    trained: Trained, knows: Known
) -> tuple[Float[Tensor, "images features"], Float[Tensor, "*#images #features"]]:
    """s^2 of the test set, and what is known of it."""
    square = torch.cat(list(_squares(trained.test)))
    if knows == "image":
        return square, square
    sums = [piece.sum(0) for piece in _squares(trained.train)]
    pixel = torch.stack(sums).sum(0) / len(trained.train.x)
    return square, pixel if knows == "pixel" else pixel.mean(0, keepdim=True)


def _squares(data: Dataset) -> Iterator[Float[Tensor, "batch features"]]:
    """s^2 of a split, piece by piece."""
    for index in torch.split(torch.arange(len(data.x), device=data.x.device), CHUNK):
        yield data.clean(index).flatten(1).double() ** 2


def _over(
    trained: Trained,
    sigma: float,
    examples: int,
    function: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Float[Tensor, "seed examples *shape"]:
    """`function(x, x_t, s)` for the first test examples; of the three, x_t leads with the seed.

    n is drawn once, by each seed's stream for this file.
    """
    count = up_to(trained, "test", examples)
    hidden = trained.test.clean(torch.arange(count, device=trained.test.x.device))
    draw = Draw("normal", tuple(hidden.shape[1:]))
    source = NoiseSource(trained.seeds, trained.stack.device, "evaluate/variance")
    pieces = iter(torch.split(hidden, CHUNK))

    def piece(x: Tensor) -> Tensor:
        noise = source.draw({"n": draw}, len(x))["n"]
        return function(x, x + sigma * noise, next(pieces))

    return torch.cat(trained.over("test", piece, count), 1)
