"""How well masked patches are told from the visible ones, and what needs no network for it.

For models that restore images of which a part is masked: `restore(x, noise)` gives them, and
`masked(x, noise)` says which numbers of an image were.
"""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from ae.maths.patches import Grid
from ae.metrics.shared import by_seed, finite, fresh_noise, up_to
from ae.models.base import Noise
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Baseline = Literal["patch", "colour", "bilinear"]
Guess = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]  # of an image and what is lost of it


class Restored(NamedTuple):
    """The first images of a split, and by seed what became of them."""

    images: Float[Tensor, "images features"]
    made: Float[Tensor, "seed images features"]
    lost: Bool[Tensor, "seed images features"]


@measure(
    label="Squared error of a masked number, {examples:,} test images", unit="", better="lower"
)
def error(trained: Trained, *, examples: int) -> list[float]:
    """Mean squared error over the masked numbers of the first test images, pixels in [0, 1].

    Every image is masked once, by each seed's own stream; runs that mask alike mask the same.
    """
    found = restored(trained, examples)
    return by_seed(_errors(found.images.expand_as(found.made), found.made, found.lost), np.mean)


@measure(
    label="Error that the model saves of the {baseline} guess, {examples:,} test images",
    unit="%",
    better="higher",
)
def saved(trained: Trained, *, baseline: Baseline, examples: int) -> list[float]:
    """100 (1 - `error` / the error of a guess that needs no network), on the same masks.

    The guess of a masked patch: the mean `patch` of those that are visible in its image; their mean
    `colour`; or `bilinear`, the pixels between visible ones interpolated linearly in the triangles of
    a Delaunay triangulation, and beyond all of them the nearest visible pixel. Below 0 the guess is
    the better one.
    """
    found = restored(trained, examples)
    guesses = [_guessed(trained, baseline, found.images, lost) for lost in found.lost]
    truth = found.images.expand_as(found.made)
    own, other = (_errors(truth, x, found.lost) for x in (found.made, torch.stack(guesses)))
    ratio = own.mean(1) / other.mean(1)
    return by_seed(100 * (1 - ratio).unsqueeze(1), np.mean)


@measure(label="Masked patches of an image", unit="patches", better="higher")
def patches(trained: Trained, *, examples: int) -> list[float]:
    """How many patches of an image are masked, if all of the first test images agree; NaN if not."""
    lost = _places(trained, examples).sum(-1)
    alike = (lost == lost[:, :1]).all(-1)
    return finite(torch.where(alike, lost[:, 0].double(), torch.nan).tolist())


@measure(label="Squares of four patches that do not have one visible", unit="", better="lower")
def uneven(trained: Trained, *, examples: int) -> list[float]:
    """Squares of two by two patches of which more or fewer than one is visible, in the first test images."""
    lost = _places(trained, examples)
    across = _grid(trained).across
    squares = lost.reshape(*lost.shape[:2], across // 2, 2, across // 2, 2).sum((3, 5))
    return finite((squares != 3).double().sum((1, 2, 3)).tolist())


@measure(label="Change of visible tokens when masked patches change", unit="", better="lower")
def leak(trained: Trained, *, examples: int) -> list[float]:
    """Root mean square change of the visible patches' tokens when each masked pixel becomes another.

    x becomes 1 - x there, in the first test images. 0 exactly where an encoder sees no masked pixel.
    """
    count = up_to(trained, "test", examples)

    blocks = itertools.count()

    def piece(x: Tensor) -> Tensor:
        each, noise = _drawn(trained, x, next(blocks))
        lost: Tensor = trained.stack.call("masked", each, noise)
        both = [
            trained.stack.call("seen", images, noise).double()
            for images in (each, torch.where(lost, 1 - each, each))
        ]
        squares: Tensor = (both[0] - both[1]) ** 2
        return squares.flatten(2).mean(-1)

    return by_seed(torch.cat(trained.over("test", piece, count), 1), _root)


def _root(squares: NDArray[Any]) -> float:
    return float(np.sqrt(squares.mean()))


def _places(trained: Trained, examples: int) -> Bool[Tensor, "seed images places"]:
    """Which patches of the first test images are masked."""
    count = up_to(trained, "test", examples)
    grid = _grid(trained)

    blocks = itertools.count()

    def piece(x: Tensor) -> Tensor:
        each, noise = _drawn(trained, x, next(blocks))
        lost: Tensor = trained.stack.call("masked", each, noise)
        numbers = grid.patches(lost.flatten(0, 1))
        return numbers[..., 0].reshape(*lost.shape[:2], -1)

    return torch.cat(trained.over("test", piece, count), 1)


def _grid(trained: Trained) -> Grid:
    """How the model cuts images into patches."""
    grid = trained.model.grid
    assert isinstance(grid, Grid)
    return grid


def _drawn(trained: Trained, x: Tensor, block: int = 0) -> tuple[Tensor, Noise]:
    """Images for every seed, and the noise by which its own stream masks this piece of a split."""
    purpose = f"masks/{block}" if block else "masks"
    generators = [trained.generator(m, purpose) for m in range(len(trained.seeds))]
    draws = trained.model.draws_for("restore", None)
    noise = {k: v.squeeze(1) for k, v in fresh_noise(draws, generators, 1, x).items()}
    return x.flatten(1).expand(len(generators), -1, -1), noise


def restored(trained: Trained, examples: int) -> Restored:
    """The first test images, restored by every seed; remembered."""
    count = up_to(trained, "test", examples)

    blocks = itertools.count()

    def piece(x: Tensor) -> Tensor:
        each, noise = _drawn(trained, x, next(blocks))
        made: Tensor = trained.stack.call("restore", each, noise)
        lost: Tensor = trained.stack.call("masked", each, noise)
        return torch.stack([made, lost.to(made)], 1).transpose(1, 2)

    key = ("restored by masks", "test", count)
    both = trained.remembered(key, lambda: torch.cat(trained.over("test", piece, count), 1))
    index = torch.arange(count, device=trained.test.x.device)
    return Restored(trained.test.batch(index).x.flatten(1), both[:, :, 0], both[:, :, 1] > 0)


def _errors(truth: Tensor, made: Tensor, lost: Tensor) -> Float[Tensor, "seed images"]:
    """Mean squared error of each image's masked numbers, in double precision."""
    squares = (made.double() - truth.double()) ** 2
    return torch.where(lost, squares, 0).sum(-1) / lost.sum(-1)


def _guessed(
    trained: Trained, baseline: Baseline, images: Tensor, lost: Tensor
) -> Float[Tensor, "images features"]:
    """Images whose masked numbers are a guess."""
    colours, high, wide = trained.test.shape
    shape = (len(images), colours, high, wide)
    planes = images.double().cpu().numpy().reshape(shape)
    gone = lost.cpu().numpy().reshape(shape)[:, 0]
    guess: dict[str, Guess] = {
        "patch": partial(mean_patch, patch=_grid(trained).patch),
        "colour": mean_colour,
        "bilinear": interpolated,
    }
    found = [guess[baseline](x, hole) for x, hole in zip(planes, gone, strict=True)]
    return torch.from_numpy(np.stack(found)).flatten(1).to(images.device)


def mean_colour(image: NDArray[Any], lost: NDArray[Any]) -> NDArray[Any]:
    """The image (colour, row, column) with the mean visible colour where a pixel is lost."""
    mean: NDArray[Any] = image[:, ~lost].mean(1)
    return np.where(lost, mean[:, None, None], image)


def mean_patch(image: NDArray[Any], lost: NDArray[Any], patch: int) -> NDArray[Any]:
    """The image with the mean of its visible patches at the place of each that is lost."""
    colours, high, wide = image.shape
    cut = image.reshape(colours, high // patch, patch, wide // patch, patch)
    seen = ~lost[::patch, ::patch]
    mean = cut.transpose(1, 3, 0, 2, 4)[seen].mean(0)
    tiled = np.tile(mean, (1, high // patch, wide // patch))
    return np.where(lost, tiled, image)


def interpolated(image: NDArray[Any], lost: NDArray[Any]) -> NDArray[Any]:
    """The image with lost pixels interpolated between visible ones; beyond these, the nearest."""
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

    known, asked = np.argwhere(~lost), np.argwhere(lost)
    values = image[:, ~lost].T
    made = LinearNDInterpolator(known, values)(asked)
    beyond = np.isnan(made).any(1)
    made[beyond] = NearestNDInterpolator(known, values)(asked[beyond])
    filled = image.copy()
    filled[:, lost] = made.T
    return filled
