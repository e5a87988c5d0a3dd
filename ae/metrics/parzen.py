"""Parzen windows: how likely test images are under Gaussians of one width at a model's samples.

Breuleux, Bengio and Vincent 2011; the width is chosen on validation images, as in the program of
Goodfellow et al., Generative Adversarial Networks, https://github.com/goodfeli/adversarial.

What it cannot show. The number says how near test images are to some sample, not how good a density
is. Ten thousand training images, which are samples of the true distribution, score 243 nats on
MNIST; as many means of a few training images each, which k-means gives, score 334 to 340, as much as
the best models of the papers: in 784 dimensions a smoothed image is nearer to a new one than any
sharp one is, so the measure rewards blur. It depends on the number of samples (1,000 training images
score 120, 3,000 score 170 to 184), which is therefore in its name, and on the widths that are tried,
which are therefore pinned: two customary grids differ by 2 nats at 10,000 samples and by 11 at 3,000.
Values of other numbers of samples are not to be compared. The printed plus-minus is the standard
error over test images; it is the same draw for all models and says nothing about other seeds. Theis,
van den Oord and Bethge, A note on the evaluation of generative models, ICLR 2016,
https://arxiv.org/abs/1511.01844, advise against the measure; it is here to repeat what papers print.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.metrics.generated import generated
from ae.metrics.shared import by_seed
from ae.spec.facts import measure
from ae.training.trained_run import Trained

ROWS = 500  # images whose distances to all samples are held at once


@measure(
    label="Parzen log likelihood, {samples:,} samples, {tried} widths", unit="nats", better="higher"
)
def log_likelihood(
    trained: Trained,
    *,
    samples: int,
    test: int,
    valid: int,
    narrowest: float,
    widest: float,
    tried: int,
) -> list[float]:
    """Mean over test images of log (1/N) sum_j N(x; m_j, s^2 I), N = `samples`; nats.

    Samples m_j are the model's mean images. The first `test` images of the test split are scored;
    the `valid` ones after them choose the width s: of as many as are `tried`, from the narrowest to
    the widest and equally spaced in their logarithm, the one with the highest mean.

    Raises:
        UserError: The test split has fewer images, or the widths are no such grid.
    """
    return by_seed(
        _found(trained, samples, test, valid, spaced(narrowest, widest, tried)), lambda row: row[0]
    )


@measure(
    label="Standard error over test images, Parzen windows, {samples:,} samples",
    unit="nats",
    better=None,
)
def standard_error(
    trained: Trained,
    *,
    samples: int,
    test: int,
    valid: int,
    narrowest: float,
    widest: float,
    tried: int,
) -> list[float]:
    """Standard deviation over test images of what `log_likelihood` averages, over their root."""
    return by_seed(
        _found(trained, samples, test, valid, spaced(narrowest, widest, tried)), lambda row: row[1]
    )


@measure(label="Width of Parzen windows, {samples:,} samples", unit="", better=None)
def width(
    trained: Trained,
    *,
    samples: int,
    test: int,
    valid: int,
    narrowest: float,
    widest: float,
    tried: int,
) -> list[float]:
    """The width that `log_likelihood` chooses; at an end of the grid the grid is too short."""
    return by_seed(
        _found(trained, samples, test, valid, spaced(narrowest, widest, tried)), lambda row: row[2]
    )


def curve(
    trained: Trained,
    *,
    samples: int,
    test: int,
    valid: int,
    narrowest: float,
    widest: float,
    tried: int,
) -> Float[Tensor, "seed width"]:
    """Mean log likelihood of the validation images at each width; what the choice looks at."""
    x = _images(trained, test, valid)[test:]
    grid = spaced(narrowest, widest, tried)
    made = generated(trained, samples)
    return torch.stack([_means(x.to(own), own, grid) for own in made])


def spaced(narrowest: float, widest: float, tried: int) -> tuple[float, ...]:
    """Widths in a geometric series, both ends among them.

    Raises:
        UserError: They are no such grid.
    """
    if not 0 < narrowest < widest or tried < 2:
        raise UserError(
            f"parzen: narrowest {narrowest:g}, widest {widest:g}, tried {tried}: expected widths "
            "above 0 that rise, and at least 2"
        )
    return tuple(np.geomspace(narrowest, widest, tried).tolist())


def _found(
    trained: Trained, samples: int, test: int, valid: int, grid: tuple[float, ...]
) -> Float[Tensor, "seed three"]:
    """Mean, standard error and width of every seed."""

    def found() -> Tensor:
        x = _images(trained, test, valid)
        return torch.stack(
            [_one(x.to(own), own, test, grid) for own in generated(trained, samples)]
        )

    key = f"parzen/{samples}/{valid}/{grid[0]}/{grid[-1]}/{len(grid)}"
    return trained.remembered((key, "test", test), found)


def _one(x: Tensor, made: Tensor, test: int, grid: tuple[float, ...]) -> Tensor:
    if not made.isfinite().all():
        return torch.full((3,), math.nan, dtype=torch.float64)
    chosen = float(grid[int(_means(x[test:], made, grid).argmax())])
    each = densities(x[:test], made, [chosen])[0]
    error = each.std(correction=0) / math.sqrt(test)
    return torch.stack([each.mean(), error, each.new_tensor(chosen)])


def _means(x: Tensor, made: Tensor, grid: tuple[float, ...]) -> Tensor:
    return densities(x, made, grid).mean(1)


def densities(
    x: Float[Tensor, "images features"],
    made: Float[Tensor, "samples features"],
    widths: Sequence[float],
) -> Float[Tensor, "width images"]:
    """log (1/N) sum_j N(x; made_j, s^2 I) for each width s, in double precision; distances once."""
    centre = made.mean(0)
    made, size = made - centre, made.shape[1]
    square = (made**2).sum(-1)
    found = []
    for rows in torch.split(x - centre, ROWS):
        apart = torch.addmm(square, rows, made.T, alpha=-2) + (rows**2).sum(-1, keepdim=True)
        sums = [(-apart / (2 * s**2)).logsumexp(1).double() for s in widths]
        found.append(torch.stack(sums))
    scale = [math.log(len(made)) + size * math.log(s * math.sqrt(2 * math.pi)) for s in widths]
    return torch.cat(found, 1) - torch.tensor(scale, dtype=torch.float64, device=x.device)[:, None]


def _images(trained: Trained, test: int, valid: int) -> Float[Tensor, "images features"]:
    count = len(trained.test.x)
    if test < 2 or valid < 1 or test + valid > count:
        raise UserError(
            f"parzen on run {trained.name!r}: test {test} and valid {valid}: expected at least 2 and "
            f"1, and no more than the {count} images of the test split together"
        )
    return trained.test.batch(torch.arange(test + valid, device=trained.test.x.device)).x.flatten(1)
