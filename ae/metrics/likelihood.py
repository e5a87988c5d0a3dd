"""Bounds on log p(x) by importance sampling, and which latent units are used; in nats.

Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016,
https://arxiv.org/abs/1509.00519: L_k = E log (1/k) sum_i w_i, w = p(x, z) / q(z given x). L_1 is the
ELBO, and L_k rises with k to log p(x). Every function sees the first examples of a split and
the same weights: of each example the first `samples` of one stream, whatever `samples` is.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import count, pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.maths.probability import kl_to_standard_normal
from ae.metrics.shared import Split, by_seed, fresh_noise, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

BLOCK = 100  # examples that share a stream of noise
SPLITS: tuple[Split, Split] = ("train", "test")
ROWS = 2000  # examples times samples that one call of the model sees


@measure(
    label="Lower bound, {split} images, sampled codes an image: {samples:,}",
    unit="nats",
    better="higher",
)
def elbo(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """Mean of log w over `samples` of each example: the lower bound L_1; higher is better."""
    return _mean(bounds(trained, split, examples, samples, [1])[0])


@measure(
    label="Lower bound of training images less that of test images, sampled codes an image: "
    "{samples:,}",
    unit="nats",
    better="lower",
)
def overfit(trained: Trained, *, examples: int, samples: int) -> list[float]:
    """`elbo` of the first training examples less that of the first test examples, in nats."""
    train, test = (elbo(trained, split=s, examples=examples, samples=samples) for s in SPLITS)
    return [a - b for a, b in zip(train, test, strict=True)]


@measure(
    label="-log p(x), {examples:,} {split} images, {samples:,} importance samples",
    unit="nats",
    better="lower",
)
def nll(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """-L_samples, the estimate of -log p(x) from that many samples; never below it on average.

    Lower is better; estimates with different numbers of samples are not the same quantity.
    """
    return _mean(nll_of_each(trained, split, examples, samples))


def nll_of_each(
    trained: Trained, split: Split, examples: int, samples: int
) -> Float[Tensor, "seed examples"]:
    """`nll` of every example, remembered: it is dear, and figures show it again."""
    return trained.remembered(
        (f"nll/{samples}", split, up_to(trained, split, examples)),
        lambda: -bounds(trained, split, examples, samples, [samples])[0],
    )


@measure(
    label="-log p(x) of test images less that of training images, {samples:,} importance samples",
    unit="nats",
    better="lower",
)
def nll_overfit(trained: Trained, *, examples: int, samples: int) -> list[float]:
    """`nll` of the first test examples less that of the first training examples, in nats."""
    train, test = (nll(trained, split=s, examples=examples, samples=samples) for s in SPLITS)
    return [b - a for a, b in zip(train, test, strict=True)]


@measure(
    label="-log p(x) per dimension, {examples:,} {split} images, {samples:,} importance samples",
    unit="bits",
    better="lower",
)
def bits_per_dim(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """`nll` divided by the number of dimensions and by log 2; lower is better."""
    size = math.prod(trained.split(split).shape)
    return [
        value / (size * math.log(2))
        for value in nll(trained, split=split, examples=examples, samples=samples)
    ]


@measure(
    label="Largest fall of an importance-weighted bound from {ks:,}, of {samples:,} samples",
    unit="nats",
    better="lower",
)
def largest_fall(
    trained: Trained, *, split: Split, examples: int, samples: int, ks: list[int]
) -> list[float]:
    """By how much a bound falls as k grows, at most over examples and consecutive `ks`; 0 if never.

    Where each k divides the next and the last divides `samples`, the means are over nested groups
    of the same weights and, log being concave, no bound can fall: 0 to rounding.

    Raises:
        UserError: The numbers do not divide each other, or are fewer than two.
    """
    if len(ks) < 2 or any(larger % smaller for smaller, larger in pairwise(ks)):
        raise UserError(
            f"likelihood.largest_fall: ks: found {ks}; expected two or more, each a multiple of "
            "the one before"
        )
    curve = bounds(trained, split, examples, samples, ks)
    return by_seed(curve.movedim(0, 1), lambda seed: max(0.0, float(np.max(seed[:-1] - seed[1:]))))


def bounds(
    trained: Trained, split: Split, examples: int, samples: int, ks: Sequence[int]
) -> Float[Tensor, "k seed examples"]:
    """L_k of every example for each of `ks`, from the same `samples`, in double precision.

    Weights are consumed as they come: memory does not grow with `samples`.

    Raises:
        UserError: One of `ks` does not divide `samples`.
    """
    if wrong := [k for k in ks if k < 1 or samples < 1 or samples % k]:
        raise UserError(
            f"likelihood: samples: found {samples}; expected a multiple of k, which is {wrong[0]}"
        )
    blocks = count()

    def piece(x: Tensor) -> Tensor:
        return torch.cat(
            [
                _groups(_weights(trained, part, samples, next(blocks)), ks)
                for part in torch.split(x, BLOCK)
            ],
            -1,
        )

    return torch.cat(trained.over(split, piece, up_to(trained, split, examples)), -1)


def _groups(
    weights: Iterator[Float[Tensor, "seed batch"]], ks: Sequence[int]
) -> Float[Tensor, "k seed batch"]:
    """Mean over consecutive groups of k of the log of their mean weight, for each of `ks`."""
    sums: list[Tensor] = []  # log of the sum of the present group
    totals: list[Tensor] = []  # over the groups that are full
    taken = 0
    for taken, w in enumerate(weights, 1):
        if taken == 1:
            sums = [torch.full_like(w, -math.inf) for _ in ks]
            totals = [torch.zeros_like(w) for _ in ks]
        for i, k in enumerate(ks):
            sums[i] = torch.logaddexp(sums[i], w)
            if taken % k == 0:
                totals[i] += sums[i] - math.log(k)
                sums[i].fill_(-math.inf)
    return torch.stack([total / (taken // k) for total, k in zip(totals, ks, strict=True)])


def _weights(
    trained: Trained, x: Float[Tensor, "batch features"], samples: int, block: int
) -> Iterator[Float[Tensor, "seed batch"]]:
    """log w, sample by sample; the model sees many at a time."""
    draws = trained.model.draws_for("log_weights", None)
    generators = [trained.generator(m, f"log_weights/{block}") for m in range(len(trained.seeds))]
    at_once = max(1, ROWS // len(x))
    for first in range(0, samples, at_once):
        noise = fresh_noise(draws, generators, min(at_once, samples - first), x)
        yield from trained.stack.sample("log_weights", x, noise).double().unbind(1)


def _mean(values: Float[Tensor, "seed examples"]) -> list[float]:
    return by_seed(values, np.mean)


@measure(
    label="Active units of `{code}`: variance of the mean above {threshold} over {examples:,} "
    "{split} images",
    unit="",
    better=None,
)
def active_units(
    trained: Trained, *, split: Split, examples: int, threshold: float, code: str = "encode"
) -> list[float]:
    """Units whose posterior mean varies over x: Var_x E[z given x] > threshold; 0.01 in the paper.

    `code` is the model's method that gives the posterior mean, of the layer that is asked about.
    """
    variance = variance_of_means(trained, split, examples, code)
    return by_seed(variance, lambda seed: float(np.sum(seed > threshold)))


def variance_of_means(
    trained: Trained, split: Split, examples: int, code: str
) -> Float[Tensor, "seed unit"]:
    """Var_x E[z_j given x] of each unit j, over the first examples of a split."""
    means = trained.of(code, split, up_to(trained, split, examples)).double()
    return means.flatten(2).var(1, correction=0)


@measure(label="Divergence from the prior, {split} images", unit="nats", better="lower")
def kl(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """KL(q(z given x), N(0, 1)), averaged over the first examples of a split; nats, see below."""
    return by_seed(kl_per_unit(trained, split, examples), np.sum)


@measure(label="Numbers of the code with a divergence above {threshold} nats", unit="", better=None)
def kl_units(trained: Trained, *, split: Split, examples: int, threshold: float) -> list[float]:
    """Units whose posterior is on average more than `threshold` nats from the prior."""
    return by_seed(
        kl_per_unit(trained, split, examples), lambda seed: float(np.sum(seed > threshold))
    )


def kl_per_unit(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed unit"]:
    """KL(q(z_j given x), N(0, 1)) of each unit j, averaged over examples; nats, never negative.

    Of a model whose `posterior(x)` is the mean and the log variance of a diagonal Gaussian.
    """

    def piece(x: Tensor) -> Tensor:
        mean, logvar = trained.stack.share("posterior", x)
        return kl_to_standard_normal(mean.double().unsqueeze(-1), logvar.double().unsqueeze(-1))

    return torch.cat(trained.over(split, piece, up_to(trained, split, examples)), 1).mean(1)
