"""What published programs print under the name of something else, computed as they compute it."""

import math
from itertools import count

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.likelihood import BLOCK
from ae.metrics.shared import Split, by_seed, fresh_noise, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="log of the mean of p(x given z) + KL, {split} images, {samples:,} samples an image",
    unit="nats",
    better="higher",
)
def divergence_added(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """log (1/k) sum_i p(x given z_i) + KL(q(z given x), p(z)), over k samples of q(z given x).

    No estimate of log p(x): what a program computes that means to weigh its samples, takes the closed
    form of the divergence for the log ratio of each, and that with the wrong sign.
    """
    blocks = count()

    def piece(x: Tensor) -> Tensor:
        parts = torch.split(x, BLOCK)
        return torch.cat([_added(trained, part, samples, next(blocks)) for part in parts], -1)

    found = trained.over(split, piece, up_to(trained, split, examples))
    return by_seed(torch.cat(found, -1), np.mean)


def _added(
    trained: Trained, x: Float[Tensor, "batch features"], samples: int, block: int
) -> Float[Tensor, "seed batch"]:
    draws = trained.model.draws_for("log_weights", None)
    generators = [trained.generator(m, f"added/{block}") for m in range(len(trained.seeds))]
    noise = fresh_noise(draws, generators, samples, x)
    terms = trained.stack.sample("elbo_terms", x, noise)
    likelihood: Tensor = (-terms.reconstruction.double()).logsumexp(1) - math.log(samples)
    kl: Tensor = terms.kl.double().mean(1)
    return likelihood + kl
