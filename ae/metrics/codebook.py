"""Codes that are entries of a codebook: how many are in use, what they cost, what a prior makes of them.

For models with `codes(x)`, integers a place, `decode(codes)` and a table `codebook`; where they have a
prior over codes, `log_prior(codes)` and `logits(codes)`.
"""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.codebooks import perplexity as effective
from ae.maths.probability import log_discretised_normal
from ae.metrics.shared import Split, by_seed, finite, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

PART = 500  # images of every seed that one call of a prior sees
FEW = 100  # images whose grey levels are judged at once, in double precision
LEVELS = 256  # of grey
Prior = Literal["uniform", "independent", "learned"]


def entries(trained: Trained) -> int:
    """How many there are in the codebook."""
    codebook = trained.model.codebook
    assert isinstance(codebook, Tensor)
    return codebook.shape[-2]


def shares(trained: Trained, split: Split) -> Float[Tensor, "seed entries"]:
    """How often each entry is chosen, over all places and images of a split."""
    codes = trained.of("codes", split).flatten(1)
    counts = [torch.bincount(own, minlength=entries(trained)) for own in codes]
    return torch.stack(counts).double() / codes.shape[1]


@measure(label="Entries in use, all {split} images", unit="%", better="higher")
def usage(trained: Trained, *, split: Split) -> list[float]:
    """Entries that some place of some image chooses, in percent."""
    return by_seed(100 * (shares(trained, split) > 0).double(), np.mean)


@measure(label="Perplexity of the codes, all {split} images", unit="entries", better="higher")
def perplexity(trained: Trained, *, split: Split) -> list[float]:
    """exp of the entropy of `shares`: of the whole split, so not what a batch of it has."""
    return finite(effective(shares(trained, split)).tolist())


@measure(
    label="Cost of a code under the learned prior, {split} images", unit="nats", better="lower"
)
def prior_nll(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """-log p(code given those before it), mean over places and the first `examples` of the split."""
    return by_seed(_nll(trained, split, examples, "learned"), np.mean)


@measure(label="Codes that the prior finds likeliest, {split} images", unit="%", better="higher")
def prior_accuracy(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Codes that are the learned prior's likeliest given those before them, in percent."""

    def right(codes: Tensor) -> Tensor:
        likeliest: Tensor = trained.stack.call("logits", codes).argmax(-2)
        return 100 * (likeliest == codes).double().mean(-1)

    return by_seed(_by_parts(trained, split, examples, right), np.mean)


@measure(label="What a code's past tells of it, {split} images", unit="nats", better="higher")
def dependence(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """What a code costs where places are independent, less what it costs the learned prior.

    Above 0: the prior has found more than how often each entry stands at each place.
    """
    apart, learned = (_nll(trained, split, examples, p) for p in ("independent", "learned"))
    return by_seed(apart - learned, np.mean)


@measure(label="Rate, {prior} prior, {split} images", unit="bits per dimension", better="lower")
def rate(trained: Trained, *, split: Split, examples: int, prior: Prior) -> list[float]:
    """-log2 p(codes) over the image's numbers, mean over the first `examples` of the split.

    Under the `uniform` prior all entries are as likely: log2 of their number a code. `independent`
    takes how often the training images choose each entry at each place, one more time each than they
    do. `learned` is the model's own.
    """
    return by_seed(_bits(trained, split, examples, prior), np.mean)


@measure(label="Distortion, {split} images", unit="bits per dimension", better="lower")
def distortion(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """-log2 p(x given codes) over the image's numbers, mean over the first `examples` of the split.

    x are levels of 256; p is a normal law about the reconstruction, integrated over each level, with
    one deviation: the root of the mean squared error of as many training images, its likeliest.
    """
    return by_seed(_distortion(trained, split, examples), np.mean)


@measure(label="Bound on {split} images, {prior} prior", unit="bits per dimension", better="lower")
def bits_per_dim(trained: Trained, *, split: Split, examples: int, prior: Prior) -> list[float]:
    """`rate` and `distortion` together: a bound on -log2 p(x) over the image's numbers."""
    total = _bits(trained, split, examples, prior) + _distortion(trained, split, examples)
    return by_seed(total, np.mean)


@measure(label="Depths at which more is left than before, {split} images", unit="%", better="lower")
def rises(trained: Trained, *, split: Split) -> list[float]:
    """Depths whose entry leaves a larger mean square (`residuals`) than it found, in percent."""
    left = trained.of("residuals", split).double().mean(1)
    return by_seed(100 * (left.diff(dim=1) > 0).double(), np.mean)


def _nll(
    trained: Trained, split: Split, examples: int, prior: Prior
) -> Float[Tensor, "seed images"]:
    """Nats a code, image by image."""
    count = up_to(trained, split, examples)
    codes = trained.of("codes", split)[:, :count]
    if prior == "uniform":
        return torch.full(codes.shape[:2], math.log(entries(trained)), dtype=torch.double)
    if prior == "independent":
        known = places(trained).log()
        own = codes.flatten(2).unsqueeze(-1)
        return -known[:, None].expand(-1, count, -1, -1).gather(-1, own)[..., 0].mean(-1)
    each = codes[0, 0].numel()
    log_prior = _by_parts(
        trained, split, examples, lambda part: trained.stack.call("log_prior", part)
    )
    return -log_prior.double() / each


def places(trained: Trained) -> Float[Tensor, "seed places entries"]:
    """How likely each entry is at each place, by the training images and one more of each entry."""
    codes = trained.of("codes", "train").flatten(2)
    counts = codes.new_ones(codes.shape[0], codes.shape[2], entries(trained))
    counts.scatter_add_(2, codes.mT, torch.ones_like(codes.mT))
    return counts.double() / counts.sum(-1, keepdim=True)


def _by_parts(
    trained: Trained, split: Split, examples: int, function: Callable[[Tensor], Tensor]
) -> Float[Tensor, "seed images"]:
    """`function` of codes (seed, images, places) for consecutive pieces, without gradients."""
    codes = trained.of("codes", split)[:, : up_to(trained, split, examples)]
    with torch.no_grad():
        return torch.cat([function(part) for part in torch.split(codes, PART, 1)], 1)


def _bits(
    trained: Trained, split: Split, examples: int, prior: Prior
) -> Float[Tensor, "seed images"]:
    codes = trained.of("codes", split)[0, 0].numel()
    dimensions = math.prod(trained.split(split).shape)
    return _nll(trained, split, examples, prior) * codes / dimensions / math.log(2)


def _distortion(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed images"]:
    def error(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.share("reconstruct", x).double()
        return (made - x.double()).square().mean(-1)

    fitted = trained.over("train", error, up_to(trained, "train", examples))
    std = torch.cat(fitted, 1).mean(1).sqrt()[:, None, None]

    def bits(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.share("reconstruct", x)
        return -log_discretised_normal(x, made, std, LEVELS) / x.shape[-1] / math.log(2)

    def cost(x: Tensor) -> Tensor:
        return torch.cat([bits(part) for part in torch.split(x, FEW)], 1)

    return torch.cat(trained.over(split, cost, up_to(trained, split, examples)), 1)
