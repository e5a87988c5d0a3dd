"""How far reconstructions are from the images, summed over pixels, averaged over images."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.members import Split, by_seed, finite
from ae.trained import Trained

CLIP = 1e-7


def squared_error(trained: Trained, *, split: Split) -> list[float]:
    """Mean over images of sum_i (x_i - reconstruct(x)_i)^2, pixels in [0, 1]; lower is better.

    The unit of Hinton and Salakhutdinov (2006): 30 principal components of MNIST give 13.87 on
    its test set. Accumulated in double precision over all images.
    """
    return _mean_over_images(trained, split, lambda x, reconstruction: (reconstruction - x) ** 2)


def cross_entropy(trained: Trained, *, split: Split) -> list[float]:
    """Mean over images of -sum_i x_i log q_i + (1 - x_i) log(1 - q_i), q = reconstruct(x); nats.

    q is held between 1e-7 and 1 - 1e-7, so that a pixel costs at most 16.1 nats and outputs
    outside [0, 1] have a value. Its least value is the entropy of the pixels, above 0 for grey.
    """
    return _mean_over_images(trained, split, _bernoulli)


def pixels_at_floor(trained: Trained, *, split: Split, floor: float) -> list[float]:
    """Pixels whose log variance (`pixel_logvar`) is not above `floor`, in percent.

    Where a model bounds the variance of a pixel from below, this says how much of a density is owed
    to the bound.
    """
    low = trained.of("pixel_logvar", split) <= floor
    return finite((100 * low.double().flatten(1).mean(1)).tolist())


def _bernoulli(
    x: Float[Tensor, " batch *shape"], reconstruction: Float[Tensor, "seed batch *shape"]
) -> Float[Tensor, "seed batch *shape"]:
    q = reconstruction.clamp(CLIP, 1 - CLIP)
    return -(x * q.log() + (1 - x) * (-q).log1p())


def _mean_over_images(
    trained: Trained, split: Split, per_pixel: Callable[[Tensor, Tensor], Tensor]
) -> list[float]:
    def per_image(x: Tensor) -> Tensor:
        reconstruction = trained.stack.share("reconstruct", x).double()
        return per_pixel(x.double(), reconstruction).flatten(2).sum(-1)

    return by_seed(torch.cat(trained.over(split, per_image), 1), np.mean)
