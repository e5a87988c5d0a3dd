"""How a decoder's images change along the axes of its code, and over a grid of two of them."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.errors import UserError
from ae.metrics.likelihood import kl_per_unit
from ae.metrics.shared import by_seed, finite, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

STILL = 0.01  # an axis moves the images if it moves them this share of what the best axis does


def axes(trained: Trained, *, span: float, steps: int) -> Float[Tensor, "seed axis step *shape"]:
    """Images of codes that are 0 but on one axis, which goes from -span to span in equal steps.

    Raises:
        UserError: There are fewer than two steps.
    """
    if steps < 2:
        raise UserError(f"traversal: steps: found {steps}; expected at least 2")
    latent = width(trained)
    along = torch.linspace(-span, span, steps, device=trained.stack.device)
    codes = torch.eye(latent, device=along.device).unsqueeze(1) * along[:, None]
    return decoded(trained, codes)


def grid(trained: Trained, *, side: int) -> Float[Tensor, "seed row column *shape"]:
    """Images of side x side codes of two numbers: the prior's quantiles, equally spaced.

    The quantiles of N(0, 1) at (i + 1/2) / side, so that every image stands for as much of the
    prior as every other; the second number falls with the row, the first rises with the column.

    Raises:
        UserError: The run's codes are not of two numbers.
    """
    if (latent := width(trained)) != 2:
        raise UserError(
            f"traversal.grid: run {trained.name!r} has codes of {latent} numbers; expected 2: leave "
            "the run out"
        )
    share = (torch.arange(side, device=trained.stack.device) + 0.5) / side
    quantile = torch.special.ndtri(share)
    rows, columns = torch.meshgrid(quantile.flip(0), quantile, indexing="ij")
    return decoded(trained, torch.stack([columns, rows], -1))


@measure(
    label="Steps along the axes that lead further from their beginning",
    unit="%",
    better="higher",
)
def monotone_share(trained: Trained, *, span: float, steps: int) -> list[float]:
    """Steps along the axes on which the image moves further from where the axis began, in percent.

    100 (mean over axes of the share of steps s with d(s+1) > d(s)), where d(s) is the Euclidean
    distance of `axes`' image s from image 0. A path that changes monotonically has 100, one that
    turns back half-way 50. Axes that hardly move the image are left out: those whose largest d is
    below a hundredth of the largest of all.
    """
    images = axes(trained, span=span, steps=steps).flatten(3).double()
    distance = (images - images[:, :, :1]).norm(dim=-1)
    further = (distance.diff(dim=-1) > 0).double().mean(-1)
    reach = distance.amax(-1)
    moves = (reach >= STILL * reach.amax(-1, keepdim=True)).double()
    share = 100 * (further * moves).sum(-1) / moves.sum(-1)
    return finite(torch.where(reach.isfinite().all(-1), share, math.nan).tolist())


@measure(
    label="Distance of neighbours on the grid over that of any two images",
    unit="",
    better="lower",
)
def smoothness(trained: Trained, *, side: int) -> list[float]:
    """How much nearer neighbours of `grid` are than any two of its images; lower is smoother.

    Mean Euclidean distance of images next to each other in a row or column, over that of all pairs
    of images. 1 for images in random order; near 0 for a surface without jumps.
    """
    images = grid(trained, side=side).flatten(3).double()
    across = (images[:, :, 1:] - images[:, :, :-1]).norm(dim=-1)
    down = (images[:, 1:] - images[:, :-1]).norm(dim=-1)
    near = torch.cat([across.flatten(1), down.flatten(1)], 1).mean(1)
    flat = images.flatten(1, 2)
    count = flat.shape[1]
    far = torch.cdist(flat, flat).sum((1, 2)) / (count * (count - 1))
    return finite((near / far).tolist())


def plane(
    trained: Trained, *, span: float, side: int, examples: int
) -> tuple[Float[Tensor, "seed row column *shape"], Int[Tensor, "seed two"]]:
    """Images of side x side codes that are 0 but on the two axes most used, and which those are.

    Both axes go from -span to span in equal steps, the first rising with the column, the second
    falling with the row. The most used are those with the largest `kl_per_unit` on the first
    `examples` of the test set.
    """
    count = up_to(trained, "test", examples)
    used = kl_per_unit(trained, "test", count).nan_to_num().topk(2).indices
    along = torch.linspace(-span, span, side, device=trained.stack.device)
    rows, columns = torch.meshgrid(along.flip(0), along, indexing="ij")
    codes = torch.zeros(len(used), side * side, width(trained), device=trained.stack.device)
    for code, (first, second) in zip(codes, used, strict=True):
        code[:, first], code[:, second] = columns.flatten(), rows.flatten()
    trained.stack.train(False)
    with torch.no_grad():
        made: Tensor = trained.stack.call("decode", codes)
    return made.reshape(len(used), side, side, *made.shape[2:]), used


@measure(
    label="Classes met when the two most used numbers of the code go from -{span} to {span}",
    unit="classes",
    better="higher",
)
def classes_on_plane(
    trained: Trained, *, span: float, side: int, examples: int, train_examples: int, least: float
) -> list[float]:
    """Classes that have at least a share `least` of the images of `plane`, named as below."""
    images, _ = plane(trained, span=span, side=side, examples=examples)
    return _classes(trained, images, train_examples, least)


@measure(
    label="Classes with at least {least:.0%} of the {side} x {side} grid, by the nearest "
    "training image",
    unit="",
    better="higher",
)
def classes_on_grid(
    trained: Trained, *, side: int, train_examples: int, least: float
) -> list[float]:
    """Classes that have at least a share `least` of the images of `grid`.

    An image has the label of the nearest (Euclidean) of the first training images.
    """
    return _classes(trained, grid(trained, side=side), train_examples, least)


def _classes(
    trained: Trained,
    grids: Float[Tensor, "seed row column *shape"],
    train_examples: int,
    least: float,
) -> list[float]:
    images = grids.flatten(1, 2).flatten(2)
    count = up_to(trained, "train", train_examples)
    known = labels(trained, "train", count)
    index = torch.arange(count, device=trained.train.x.device)
    digits = trained.train.batch(index).x.flatten(1).cpu().numpy()

    def present(made: np.ndarray) -> float:
        from sklearn.neighbors import KNeighborsClassifier

        found = KNeighborsClassifier(n_neighbors=1).fit(digits, known).predict(made)
        _, times = np.unique(found, return_counts=True)
        return float((times >= least * len(made)).sum())

    return by_seed(images, present)


def width(trained: Trained) -> int:
    """How many numbers a code has."""
    return int(trained.of("encode", "test", 1).shape[-1])


def decoded(
    trained: Trained, codes: Float[Tensor, "*many latent"]
) -> Float[Tensor, "seed *many features"]:
    """The images of codes, the same for every seed."""
    trained.stack.train(False)
    with torch.no_grad():
        made: Tensor = trained.stack.share("decode", codes.flatten(0, -2))
    return made.reshape(made.shape[0], *codes.shape[:-1], *made.shape[2:])
