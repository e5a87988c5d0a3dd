"""How far reconstructions are from the images, averaged over images."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.members import Split, by_seed, finite, up_to
from ae.trained import Trained

CLIP = 1e-7
PART = 500  # images of every seed that one call of the model sees


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


def cross_entropy_per_pixel(trained: Trained, *, split: Split) -> list[float]:
    """`cross_entropy` divided by the number of pixels, the loss that Keras prints; nats.

    A perfect reconstruction of MNIST has 0.0581 on the test set, its mean image 0.2625.
    """
    pixels = math.prod(trained.split(split).shape)
    return [value / pixels for value in cross_entropy(trained, split=split)]


def restored_squared_error(
    trained: Trained, *, split: Split, noise: float, examples: int
) -> list[float]:
    """Mean over images of sum_i (x_i - reconstruct(x~)_i)^2, x~ = `with_noise(x)`.

    On the first `examples` of the split (all where there are fewer). Runs with equal seeds see
    equal noise. A model that gives back what it sees has the noise's own error.
    """
    count = up_to(trained, split, examples)
    data = trained.split(split)
    x = data.batch(torch.arange(count, device=data.x.device)).x
    made = reconstructed(trained, with_noise(trained, x, noise))
    return by_seed(((made.double() - x.double()) ** 2).flatten(2).sum(-1), np.mean)


def with_noise(
    trained: Trained, x: Float[Tensor, " images *shape"], noise: float
) -> Float[Tensor, "seed images *shape"]:
    """x + noise * N(0, 1), cut to [0, 1]; a seed's draws depend on nothing but itself and x."""
    generators = [trained.generator(member, "noise") for member in range(len(trained.seeds))]
    draws = torch.stack([torch.empty_like(x).normal_(generator=g) for g in generators])
    return (x + noise * draws).clamp(0, 1)


def reconstructed(
    trained: Trained, noisy: Float[Tensor, "seed images *shape"]
) -> Float[Tensor, "seed images *shape"]:
    """What each seed's `reconstruct` makes of its own images."""
    trained.stack.train(False)
    with torch.no_grad():
        made = [trained.stack.call("reconstruct", part) for part in torch.split(noisy, PART, 1)]
    return torch.cat(made, 1)


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
