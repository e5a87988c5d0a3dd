"""Whether a style and a class are told apart: images of every class in one style."""

import itertools
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.metrics.generated import drawn
from ae.metrics.neighbours import nearest, vote
from ae.metrics.shared import by_seed, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Trait = Literal["slant", "ink"]


@measure(
    label="Images of a class and a random style that look like the class", unit="%", better="higher"
)
def right_class(trained: Trained, *, styles: int, images: int, neighbours: int) -> list[float]:
    """Images G(y, z) that a classifier takes for class y, in percent; all y, z of the prior.

    The classifier is the vote of the nearest of the first `images` training images, between pixels.
    """
    count = up_to(trained, "train", images)
    known, y = trained.train.clean(torch.arange(count)).flatten(1), labels(trained, "train", count)
    if not 1 <= neighbours <= count:
        raise UserError(f"styles: neighbours: found {neighbours}; expected 1 to {count}")
    made = shown(trained, styles)

    def share(own: NDArray[Any]) -> float:
        asked = torch.from_numpy(own.reshape(-1, own.shape[-1])).to(known)
        found = vote(y[nearest(known, asked, neighbours).numpy()])
        return 100 * float(np.mean(found == np.tile(np.arange(own.shape[1]), len(own))))

    return by_seed(made, share)


@measure(label="Correlation of the {trait} of two classes in one style", unit="", better="higher")
def shared_trait(trained: Trained, *, styles: int, trait: Trait) -> list[float]:
    """Mean over pairs of classes of the correlation of a trait of their images over styles.

    1 if what a style does to one class it does to all; 0 if it means another thing in each. `ink`
    is the mean pixel; `slant` the shear of the ink, sum x y / sum y^2 about its centre.

    Raises:
        UserError: Images are not of one plane.
    """
    shape = trained.test.shape
    if len([side for side in shape if side > 1]) > 2:
        raise UserError(f"styles: images of shape {tuple(shape)}: expected one plane")
    flat = shown(trained, styles).double()
    made = flat.view(*flat.shape[:-1], *shape[-2:])
    values = made.mean((-2, -1)) if trait == "ink" else slant(made)

    def correlation(seed: NDArray[Any]) -> float:
        matrix = np.corrcoef(seed.T)
        pairs = itertools.combinations(range(len(matrix)), 2)
        return float(np.mean([matrix[pair] for pair in pairs]))

    return by_seed(values, correlation)


def slant(images: Float[Tensor, "*batch height width"]) -> Float[Tensor, "*batch"]:
    """By how many columns the ink moves to the right, a row further up; 0 for upright strokes."""
    height, width = images.shape[-2:]
    mass = images.sum((-2, -1), keepdim=True).clamp(min=1e-9)
    rows = torch.arange(height, dtype=images.dtype, device=images.device)[:, None].expand(-1, width)
    columns = torch.arange(width, dtype=images.dtype, device=images.device).expand(height, -1)
    across, down = (
        axis - (images * axis).sum((-2, -1), keepdim=True) / mass for axis in (columns, rows)
    )
    mixed = (images * across * down).sum((-2, -1))
    return -mixed / (images * down**2).sum((-2, -1)).clamp(min=1e-9)


def shown(trained: Trained, styles: int) -> Float[Tensor, "seed styles classes features"]:
    """The images of every class in styles of the prior; each seed has its own styles."""
    with torch.no_grad():
        images: Tensor = trained.stack.call("every_class", drawn(trained, styles))
    return images
