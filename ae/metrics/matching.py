"""How well the codes of real images are distributed as the prior, of whatever kind either is.

Both are given as points: codes of test images, samples of their posterior where there is one, and as
many samples of the prior. Distances are in units of the prior's own spread, so that priors of
different widths can be compared.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.generated import drawn, encoded
from ae.metrics.shared import by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

HOLDS = 0.99  # share of the prior's samples that lie nearer to another than a hole is wide
ROWS = 500  # points that look for their neighbours at once


@measure(
    label="Sliced Wasserstein distance of {codes:,} codes from the prior", unit="", better="lower"
)
def sliced_wasserstein(trained: Trained, *, codes: int, directions: int) -> list[float]:
    """Root of the mean over random directions of the squared 2-Wasserstein distance along them.

    Along a direction the distance is that between sorted numbers. In standard deviations of the
    prior; 0 for equal distributions, about 1 / sqrt(codes) where both are samples of one.
    """
    z, prior = both(trained, codes)
    size = z.shape[-1]
    ways = torch.stack(
        [
            torch.randn(
                size, directions, generator=trained.generator(m, "directions"), device="cpu"
            )
            for m in range(len(trained.seeds))
        ]
    ).to(z)
    ways = ways / ways.norm(dim=1, keepdim=True)
    gaps = ((z @ ways).sort(1).values - (prior @ ways).sort(1).values) ** 2
    return by_seed(gaps.mean(1), lambda seed: float(seed.mean() ** 0.5))


@measure(label="Share of the prior that lies in holes, {codes:,} codes", unit="%", better="lower")
def holes(trained: Trained, *, codes: int) -> list[float]:
    """Samples of the prior that lie in a hole of the codes, in percent; 1 for equal distributions.

    In a hole is a sample whose nearest code is farther away than the nearest other sample of the
    prior is for 99 of a hundred samples.
    """
    z, prior = both(trained, codes)
    found = []
    for own, samples in zip(z, prior, strict=True):
        among = _nearest(samples, samples, apart=True)
        limit = torch.quantile(among, HOLDS)
        found.append(_nearest(samples, own, apart=False) > limit)
    return by_seed(_kept(z, torch.stack(found).double()), lambda seed: 100 * float(seed.mean()))


@measure(
    label="Codes and prior told apart by nearest neighbours, {codes:,} codes",
    unit="%",
    better="lower",
)
def told_apart(trained: Trained, *, codes: int) -> list[float]:
    """Points of both kinds whose nearest other point is of their kind, in percent; 50 if equal.

    The nearest-neighbour two-sample test: leave-one-out accuracy of the nearest neighbour's kind.
    """
    z, prior = both(trained, codes)
    found = []
    for own, samples in zip(z, prior, strict=True):
        right = [
            _nearest(mine, mine, apart=True) < _nearest(mine, theirs, apart=False)
            for mine, theirs in ((own, samples), (samples, own))
        ]
        found.append(torch.cat(right))
    return by_seed(_kept(z, torch.stack(found).double()), lambda seed: 100 * float(seed.mean()))


def both(
    trained: Trained, codes: int
) -> tuple[Float[Tensor, "seed codes latent"], Float[Tensor, "seed codes latent"]]:
    """Codes of the first test images and as many samples of the prior, in its deviations."""
    count = up_to(trained, "test", codes)
    prior = drawn(trained, count).double()
    spread = (prior - prior.mean(1, keepdim=True)).square().mean((1, 2), keepdim=True).sqrt()
    return encoded(trained, "test", count).double() / spread, prior / spread


def _kept(z: Tensor, found: Tensor) -> Tensor:
    """What was found, or NaN where a seed's codes are not finite."""
    lost = ~z.isfinite().flatten(1).all(1)
    return torch.where(lost[:, None], torch.nan, found)


def _nearest(
    asked: Float[Tensor, "asked latent"], known: Float[Tensor, "known latent"], *, apart: bool
) -> Float[Tensor, " asked"]:
    """Distance to the nearest of `known`; with `apart`, which holds for one set, to another."""
    rank = 2 if apart else 1
    return torch.cat(
        [
            torch.cdist(rows, known.nan_to_num()).kthvalue(rank, dim=1).values
            for rows in torch.split(asked.nan_to_num(), ROWS)
        ]
    )
