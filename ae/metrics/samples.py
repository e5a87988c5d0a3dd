"""Images decoded from random codes: how many look real, and how much of reality they cover.

Two counts over balls around real images, whose radii are distances to k-th nearest neighbours:
`precision` of Kynkaanniemi et al., Improved Precision and Recall Metric for Assessing Generative
Models, NeurIPS 2019, https://arxiv.org/abs/1904.06991, and `coverage` of Naeem et al., Reliable
Fidelity and Diversity Metrics for Generative Models, ICML 2020, https://arxiv.org/abs/2002.09797.
Both papers measure distances between features of a network; here they are between pixels. A blurred
image is then near many real ones, so that precision punishes specks and debris and not blur, and a
model that always draws the mean digit may have 100 %; its coverage shows it. Compare the two
together, and models of one kind of blur.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.metrics.members import by_seed, up_to
from ae.trained import Trained


def precision(
    trained: Trained, *, fitted: list[str], codes: int, samples: int, images: int, neighbours: int
) -> list[float]:
    """Samples that lie in the ball of at least one real image, in percent; higher is better.

    The ball of a real image reaches as far as its `neighbours`-th nearest other real image. Real
    are the first `images` of the test set, samples those of `decoded`; distances are Euclidean,
    between pixels.

    Raises:
        UserError: There are not more real images than neighbours.
    """
    return by_seed(
        _inside(
            trained,
            decoded(trained, fitted=fitted, codes=codes, samples=samples),
            images,
            neighbours,
        ),
        lambda inside: 100 * float(np.mean(inside.max(1))),
    )


def coverage(
    trained: Trained, *, fitted: list[str], codes: int, samples: int, images: int, neighbours: int
) -> list[float]:
    """Real images whose ball holds at least one sample, in percent; higher is better.

    Balls and samples as in `precision`. As many samples as images, drawn from the data's own
    distribution, cover 1 - 2^-neighbours of them: 96.9 % for five neighbours.

    Raises:
        UserError: There are not more real images than neighbours.
    """
    return by_seed(
        _inside(
            trained,
            decoded(trained, fitted=fitted, codes=codes, samples=samples),
            images,
            neighbours,
        ),
        lambda inside: 100 * float(np.mean(inside.max(0))),
    )


def decoded(
    trained: Trained, *, fitted: list[str], codes: int, samples: int
) -> Float[Tensor, "seed samples features"]:
    """`decode` of random codes, drawn for each seed from its own stream.

    From N(0, I); for the runs named in `fitted`, from the Gaussian with independent components that
    `moments` of the first `codes` training images gives, which is how codes are drawn where nothing
    holds them to a prior.
    """
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


def _inside(
    trained: Trained,
    samples: Float[Tensor, "seed samples features"],
    images: int,
    neighbours: int,
) -> Float[Tensor, "seed samples images"]:
    """1 where a sample lies in the ball of a real image, 0 where it does not, NaN where lost."""
    count = up_to(trained, "test", images)
    if not 1 <= neighbours < count:
        raise UserError(
            f"samples: neighbours: found {neighbours}; expected 1 to {count - 1}, one less than "
            "the real images"
        )
    x = trained.test.batch(torch.arange(count, device=trained.test.x.device)).x
    real = x.flatten(1).double()
    radii = radius(real, neighbours)
    found = []
    for made in samples.double():
        distance = torch.cdist(made, real)
        found.append(torch.where(distance.isfinite(), (distance <= radii).double(), torch.nan))
    return torch.stack(found)


def radius(real: Float[Tensor, "images features"], neighbours: int) -> Float[Tensor, " images"]:
    """Distance from each image to its `neighbours`-th nearest other one."""
    return torch.cdist(real, real).fill_diagonal_(0).kthvalue(neighbours + 1).values
