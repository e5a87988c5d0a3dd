"""Images decoded from random codes: how many classes they show, how much of reality they cover.

Distances are between pixels. Of counts over balls around real images (Naeem et al., Reliable
Fidelity and Diversity Metrics for Generative Models, ICML 2020, https://arxiv.org/abs/2002.09797)
only the coverage tells models apart there: a blurred image is near many real ones, so that all
samples of all models may lie in some ball. The score of Salimans et al. (Improved Techniques for
Training GANs, 2016, https://arxiv.org/abs/1606.03498) is had from a nearest-neighbour classifier in
place of their network. Both are proxies of what looks good, and neither sees fine detail.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.metrics.pieces import decoded as of_prior
from ae.metrics.shared import by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Classes that the samples show, by their {neighbours} nearest test images",
    unit="classes",
    better="higher",
)
def class_score(
    trained: Trained,
    *,
    fitted: list[str],
    codes: int,
    samples: int,
    images: int,
    neighbours: int,
) -> list[float]:
    """exp of the mean of KL(p(y given sample), p(y)), a number of classes; higher is better.

    p(y given sample) are the shares of the labels among the `neighbours` real images nearest to the
    sample, p(y) their mean over samples. 1 if no sample looks more like one class than another
    does, or all like the same; as many as there are classes if each sample looks like one of them
    and all are shown equally often. Real are the first `images` of the test set, samples those of
    `decoded`; distances are Euclidean, between pixels.

    Raises:
        UserError: There are not more real images than neighbours.
    """
    real = _real(trained, images, neighbours)
    y = torch.nn.functional.one_hot(trained.test.y[: len(real)])

    def shares(made: Tensor) -> Tensor:
        return y[nearest(made, real, neighbours)].sum(1).double() / neighbours

    made = decoded(trained, fitted=fitted, codes=codes, samples=samples).double()
    return by_seed(
        torch.stack([_finite(own, shares(own.nan_to_num())) for own in made]), told_apart
    )


def told_apart(shares: NDArray[Any]) -> float:
    """exp of the mean over rows of KL(row, mean of the rows)."""
    marginal = np.broadcast_to(shares.mean(0), shares.shape)
    some = shares > 0
    terms = shares[some] * np.log(shares[some] / marginal[some])
    return math.exp(terms.sum() / len(shares))


@measure(label="Test images near which a sample falls", unit="%", better="higher")
def coverage(
    trained: Trained,
    *,
    fitted: list[str],
    codes: int,
    samples: int,
    images: int,
    neighbours: int,
) -> list[float]:
    """Real images with a sample in their ball, in percent; higher is better.

    The ball of a real image reaches as far as its `neighbours`-th nearest other real image. Images,
    samples and distances as in `class_score`. As many samples as images, drawn from the data's own
    distribution, cover 1 - 2^-neighbours of them: 96.9 % for five neighbours.

    Raises:
        UserError: There are not more real images than neighbours.
    """
    real = _real(trained, images, neighbours)
    radii = radius(real, neighbours)

    def covered(made: Tensor) -> Tensor:
        return (torch.cdist(made, real) <= radii).any(0).double()

    made = decoded(trained, fitted=fitted, codes=codes, samples=samples).double()
    return by_seed(
        torch.stack([_finite(own, covered(own.nan_to_num())) for own in made]),
        lambda balls: 100 * float(np.mean(balls)),
    )


def decoded(
    trained: Trained, *, fitted: list[str], codes: int, samples: int
) -> Float[Tensor, "seed samples features"]:
    """`decode` of random codes, drawn for each seed from its own stream.

    From the model's own prior where it has one to draw from (`prior_code`), else from N(0, I); for
    the runs named in `fitted`, from the Gaussian with independent components that `moments` of the
    first `codes` training images gives, which is how codes are drawn where nothing holds them to a
    prior.
    """
    if trained.name not in fitted and hasattr(trained.model, "prior_code"):
        return of_prior(trained, samples).flatten(2)
    size = trained.of("encode", "train", 1).shape[2:]
    drawn = torch.stack(
        [
            torch.randn(samples, *size, generator=g, device=g.device)
            for g in (trained.generator(i, "samples") for i in range(len(trained.seeds)))
        ]
    )
    if trained.name in fitted:
        mean, std = moments(trained, codes)
        drawn = mean[:, None] + std[:, None] * drawn
    with torch.no_grad():
        images: Tensor = trained.stack.call("decode", drawn)
    return images.flatten(2)


def moments(
    trained: Trained, images: int
) -> tuple[Float[Tensor, " seed *latent"], Float[Tensor, " seed *latent"]]:
    """Mean and standard deviation of each component of the first training images' codes.

    Of a model with a `posterior`, the codes are samples of it: the variance is that of the means
    and the mean of the variances.
    """
    count = up_to(trained, "train", images)
    if hasattr(trained.model, "posterior"):
        pieces = trained.over(
            "train", lambda x: torch.stack(trained.stack.share("posterior", x)), count
        )
        means, logvars = torch.cat(pieces, 2)
        within = logvars.exp().mean(1)
    else:
        means = trained.of("encode", "train", count)
        within = torch.zeros_like(means[:, 0])
    return means.mean(1), (means.var(1, correction=0) + within).sqrt()


def _real(trained: Trained, images: int, neighbours: int) -> Float[Tensor, "images features"]:
    count = up_to(trained, "test", images)
    if not 1 <= neighbours < count:
        raise UserError(
            f"samples: neighbours: found {neighbours}; expected 1 to {count - 1}, one less than "
            "the real images"
        )
    index = torch.arange(count, device=trained.test.x.device)
    return trained.test.batch(index).x.flatten(1).double()


def _finite(made: Tensor, values: Tensor) -> Tensor:
    """The values, or NaN where the samples are not all finite."""
    return values if made.isfinite().all() else torch.full_like(values, torch.nan)


def nearest(
    made: Float[Tensor, "samples features"], real: Float[Tensor, "images features"], count: int
) -> Int[Tensor, "samples count"]:
    """Which real images are nearest to each sample."""
    return torch.cdist(made, real).topk(count, largest=False).indices


def radius(real: Float[Tensor, "images features"], neighbours: int) -> Float[Tensor, " images"]:
    """Distance from each image to its `neighbours`-th nearest other one."""
    return torch.cdist(real, real).fill_diagonal_(0).kthvalue(neighbours + 1).values
