"""How far codes spread, and how evenly an image changes on the way from one code to another.

What T. Spinner et al., Towards an Interpretable Latent Space, 2018, let their readers see of an
autoencoder beside a variational one.
"""

import numpy as np
import torch
from torch import Tensor

from ae.metrics.generated import drawn
from ae.metrics.matching import HOLDS
from ae.metrics.shared import by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Range of a number of the code, test images", unit="", better="lower")
def code_range(trained: Trained) -> list[float]:
    """Largest minus least value of a number of `encode(x)` over the test set, mean over numbers."""
    codes = trained.of("encode", "test").double()
    return by_seed(codes.amax(1) - codes.amin(1), np.mean)


@measure(
    label="Largest of {steps} steps from one test image to another, share of all",
    unit="%",
    better="lower",
)
def largest_step(trained: Trained, *, pairs: int, steps: int) -> list[float]:
    """Largest distance between neighbours on a walk of decoded codes, in percent of all steps' sum.

    Mean over walks from test image i to test image i + `pairs`, on the straight line between their
    codes, in equal steps; Euclidean distances between pictures. 100 / steps where an image changes
    evenly, 100 where it jumps. NaN where a walk does not move at all.
    """
    count = up_to(trained, "test", 2 * pairs) // 2
    codes = trained.of("encode", "test", 2 * count)
    share = torch.linspace(0, 1, steps + 1, device=codes.device, dtype=codes.dtype)
    first, last = codes[:, :count, None], codes[:, count:, None]
    walks = first + share[:, None] * (last - first)
    trained.stack.train(False)
    with torch.no_grad():
        made: Tensor = trained.stack.call("decode", walks.flatten(1, 2))
    pictures = made.flatten(2).reshape(len(made), count, steps + 1, -1).double()
    away = pictures.diff(dim=2).norm(dim=-1)
    return by_seed(100 * away.amax(-1) / away.sum(-1), np.mean)


@measure(label="Share of the prior in holes between {codes:,} mean codes", unit="%", better="lower")
def holes(trained: Trained, *, codes: int) -> list[float]:
    """Samples of the prior that lie in a hole between the codes `encode(x)` of test images, in percent.

    As `matching.holes`, but of means: samples of a posterior as wide as the prior leave no hole in it
    though they tell nothing. In a hole is a sample whose nearest code is farther away than the nearest
    other sample is for 99 of a hundred samples.
    """
    count = up_to(trained, "test", codes)
    found = []
    for own, prior in zip(trained.of("encode", "test", count), drawn(trained, count), strict=True):
        z, samples = own.double(), prior.double()
        among = torch.cdist(samples, samples).fill_diagonal_(torch.inf).amin(1)
        away = torch.cdist(samples, z.nan_to_num()).amin(1)
        hole = (away > torch.quantile(among, HOLDS)).double()
        found.append(hole if z.isfinite().all() else torch.full_like(hole, torch.nan))
    return by_seed(100 * torch.stack(found), np.mean)
