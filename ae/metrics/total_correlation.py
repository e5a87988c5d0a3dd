"""Total correlation of the numbers of a code, as if codes were Gaussian; nats.

Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of Disentangled
Representations, ICML 2019, https://arxiv.org/abs/1811.12359, section 5.1.
"""

import math
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.metrics.shared import Split, by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Representation = Literal["mean", "sampled"]


@measure(
    label="Gaussian total correlation of the codes ({representation})",
    unit="nats",
    better="lower",
)
def gaussian(
    trained: Trained, *, representation: Representation, split: Split, examples: int
) -> list[float]:
    """KL of N(0, C) from the product of its margins, -log det(C) / 2 for a correlation matrix C.

    C is that of the first `examples` codes: the posterior's means, or one sample of each. Of a model
    whose `posterior(x)` is the mean and the log variance of a diagonal Gaussian. NaN where a number
    of the code is constant, or a linear function of others.
    """
    return by_seed(_codes(trained, split, examples, representation), dependence)


@measure(label="Total correlation of the means less that of samples", unit="nats", better="lower")
def excess(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """`gaussian` of the means less that of the samples; above 0 where means depend more."""
    mean, sampled = (
        gaussian(trained, representation=kind, split=split, examples=examples)
        for kind in ("mean", "sampled")
    )
    return [a - b for a, b in zip(mean, sampled, strict=True)]


def dependence(codes: NDArray[Any]) -> float:
    """-log det(C) / 2 of the correlation matrix of codes (examples, latent)."""
    z = codes.astype(np.float64)
    spread = z.std(0)
    if not (spread > 0).all():
        return math.nan
    sign, logdet = np.linalg.slogdet(np.atleast_2d(np.corrcoef(z.T)))
    return float(-logdet / 2) if sign > 0 else math.nan


def _codes(
    trained: Trained, split: Split, examples: int, representation: Representation
) -> Float[Tensor, "seed examples latent"]:
    count = up_to(trained, split, examples)

    def posterior() -> Tensor:
        pieces = trained.over(
            split, lambda x: torch.stack(trained.stack.share("posterior", x), -1), count
        )
        return torch.cat(pieces, 1)

    mean, logvar = trained.remembered(("posterior", split, count), posterior).unbind(-1)
    if representation == "mean":
        return mean
    noise = torch.stack(
        [
            torch.randn(
                mean.shape[1:],
                generator=trained.generator(m, "total_correlation"),
                device=mean.device,
                dtype=mean.dtype,
            )
            for m in range(len(mean))
        ]
    )
    return mean + (logvar / 2).exp() * noise
