"""How far reconstructions are from the images, averaged over images."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.shared import Split, by_seed, finite, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

CLIP = 1e-7
PART = 500  # images of every seed that one call of the model sees


@measure(label="Squared error, {split} images", unit="per image", better="lower")
def squared_error(trained: Trained, *, split: Split) -> list[float]:
    """Mean over images of sum_i (x_i - reconstruct(x)_i)^2, pixels in [0, 1]; lower is better.

    The unit of Hinton and Salakhutdinov (2006): 30 principal components of MNIST give 13.87 on
    its test set. Accumulated in double precision over all images.
    """
    return _mean_over_images(trained, split, lambda x, reconstruction: (reconstruction - x) ** 2)


@measure(label="Cross-entropy of the reconstruction, {split} images", unit="nats", better="lower")
def cross_entropy(trained: Trained, *, split: Split) -> list[float]:
    """Mean over images of -sum_i x_i log q_i + (1 - x_i) log(1 - q_i), q = reconstruct(x); nats.

    q is held between 1e-7 and 1 - 1e-7, so that a pixel costs at most 16.1 nats and outputs
    outside [0, 1] have a value. Its least value is the entropy of the pixels, above 0 for grey.
    """
    return _mean_over_images(trained, split, _bernoulli)


@measure(label="Pixels of {split} images whose variance is at its floor", unit="%", better="lower")
def pixels_at_floor(trained: Trained, *, split: Split, floor: float) -> list[float]:
    """Pixels whose log variance (`pixel_logvar`) is not above `floor`, in percent.

    Where a model bounds the variance of a pixel from below, this says how much of a density is owed
    to the bound.
    """
    low = trained.of("pixel_logvar", split) <= floor
    return finite((100 * low.double().flatten(1).mean(1)).tolist())


@measure(label="Cross-entropy, {split} images", unit="nats per pixel", better="lower")
def cross_entropy_per_pixel(trained: Trained, *, split: Split) -> list[float]:
    """`cross_entropy` divided by the number of pixels, the loss that Keras prints; nats.

    A perfect reconstruction of MNIST has 0.0581 on the test set, its mean image 0.2625.
    """
    pixels = math.prod(trained.split(split).shape)
    return [value / pixels for value in cross_entropy(trained, split=split)]


@measure(label="Squared error of restored {split} images", unit="per image", better="lower")
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


@measure(label="Normalised squared error, {split} images", unit="", better="lower")
def nmse(trained: Trained, *, split: Split) -> list[float]:
    """`squared_error` of a pixel over `pixel_variance` of the training images.

    1 is what giving every pixel the mean of all has, to the difference of the splits.
    """
    pixels = math.prod(trained.split(split).shape)
    variance = _variance(trained, "train")
    return [value / pixels / variance for value in squared_error(trained, split=split)]


@measure(label="Variance of the pixels, {split} images", unit="", better=None)
def pixel_variance(trained: Trained, *, split: Split) -> list[float]:
    """Variance of all pixels of all images and colours together, in [0, 1]; the same for all seeds."""
    return [_variance(trained, split)] * len(trained.seeds)


def _variance(trained: Trained, split: Split) -> float:
    """In double precision, from the means of pieces."""

    def moments(x: Tensor) -> Tensor:
        exact = x.double()
        return torch.stack([exact.mean(), (exact**2).mean(), exact.new_tensor(len(x))])

    means, squares, counts = torch.stack(trained.over(split, moments)).T.cpu().numpy()
    return float(np.average(squares, weights=counts) - np.average(means, weights=counts) ** 2)


@measure(label="Fine detail kept, {split} images", unit="%", better="higher")
def fine_detail(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Energy of the reconstructions' high frequencies, in percent of the images' own.

    The sum of squares of the Fourier transform of every plane where either frequency is above a
    quarter of a cycle a pixel, half of the highest. Below 100 is a blur, above it detail that the
    images do not have. On the first `examples` of the split.
    """
    *_, high, wide = trained.split(split).shape
    rows, columns = np.abs(np.fft.fftfreq(high)), np.abs(np.fft.fftfreq(wide))
    fine = torch.from_numpy(np.maximum(rows[:, None], columns) > 0.25)

    def energy(x: Tensor) -> Tensor:
        planes = x.double().reshape(*x.shape[:-1], -1, high, wide)
        power: Tensor = torch.fft.fft2(planes).abs() ** 2 * fine.to(x.device)
        return power.flatten(-3).sum(-1)

    count = up_to(trained, split, examples)
    own = torch.cat(trained.over(split, energy, count, trained.rows)).sum()

    def kept(x: Tensor) -> Tensor:
        return energy(trained.stack.share("reconstruct", x))

    made = trained.over(split, kept, count, trained.rows)
    return by_seed(100 * torch.cat(made, 1) / own, np.sum)


def _bernoulli(
    x: Float[Tensor, " batch *shape"], reconstruction: Float[Tensor, " batch *shape"]
) -> Float[Tensor, " batch *shape"]:
    q = reconstruction.clamp(CLIP, 1 - CLIP)
    return -(x * q.log() + (1 - x) * (-q).log1p())


def _mean_over_images(
    trained: Trained, split: Split, per_pixel: Callable[[Tensor, Tensor], Tensor]
) -> list[float]:
    def per_image(x: Tensor) -> Tensor:
        """Seed by seed, for in double precision all of them would be gigabytes."""
        made = trained.stack.share("reconstruct", x)
        return torch.stack([per_pixel(x.double(), one.double()).flatten(1).sum(-1) for one in made])

    found = trained.over(split, per_image, size=trained.rows)
    return by_seed(torch.cat(found, 1), np.mean)
