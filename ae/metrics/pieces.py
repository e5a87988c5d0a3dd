"""How a broken stick is used as a code: sizes of its pieces, and what the decoder makes of them."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.sticks import expected_pieces
from ae.metrics.shared import Split, by_seed, fresh_noise, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Largest distance of a code's sum from 1", unit="", better="lower")
def largest_gap(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Largest distance of the sum of a code from 1; 0 to rounding for pieces of a stick."""
    codes = trained.of("encode", split, up_to(trained, split, examples)).double()
    return by_seed(codes.sum(-1), lambda sums: float(np.abs(sums - 1).max()))


@measure(label="Pieces larger than {threshold} on average", unit="", better="lower")
def used(trained: Trained, *, split: Split, examples: int, threshold: float) -> list[float]:
    """Pieces that are larger than `threshold` on average over a split."""
    sizes = mean_sizes(trained, split, examples)
    return by_seed(sizes, lambda seed: float(np.sum(seed > threshold)))


def mean_sizes(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed latent"]:
    """Mean over the first examples of a split of E[pi_k given x]."""
    return trained.of("encode", split, up_to(trained, split, examples)).double().mean(1)


@measure(label="Pieces that make up {share} of the stick, {split} images", unit="", better="lower")
def breaks(
    trained: Trained, *, split: Split, examples: int, share: float, first: int, every: int
) -> list[float]:
    """How many pieces make up `share` of a stick, in their order; mean over images.

    The images are `first`, `first + every`, ... of the first examples of a split; the pieces are
    E[pi given x].
    """
    codes = trained.of("encode", split, up_to(trained, split, examples)).double()
    taken = codes[:, first::every].cumsum(-1)
    return by_seed(taken, lambda seed: float(np.mean(1 + np.sum(seed < share, -1))))


@measure(
    label="Largest distance of a piece's prior mean from its expectation",
    unit="standard errors",
    better="lower",
)
def prior_gap(trained: Trained, *, samples: int) -> list[float]:
    """Largest distance of a piece's mean over the prior from its expectation, in standard errors.

    The expectation is in closed form and falls by the same ratio from piece to piece, which depends
    on the concentration alone.
    """
    codes = prior_codes(trained, samples).double()
    error = codes.std(1) / samples**0.5
    concentrations = trained.stack.buffers["concentration"].double().tolist()
    expected = [expected_pieces(c, codes.shape[-1]) for c in concentrations]
    gap = (codes.mean(1) - codes.new_tensor(expected)).abs() / error
    return by_seed(gap, np.max)


def prior_codes(trained: Trained, samples: int) -> Float[Tensor, "seed samples latent"]:
    """Codes that the prior makes, `prior_code(noise)` of the model."""
    draws = trained.model.draws_for("prior_code", None)
    members = range(len(trained.seeds))
    generators = [trained.generator(m, "prior_code") for m in members]
    like = trained.test.batch(torch.zeros(samples, dtype=torch.int64)).x
    noise = fresh_noise(draws, generators, 1, like)
    codes: Tensor = trained.stack.call("prior_code", {k: n.squeeze(1) for k, n in noise.items()})
    return codes


def decoded(trained: Trained, samples: int) -> Float[Tensor, "seed samples features"]:
    """Images that the decoder makes of codes of the prior."""
    with torch.no_grad():
        images: Tensor = trained.stack.call("decode", prior_codes(trained, samples))
    return images


@measure(
    label="Rank correlation of a dimension's index and its weight in the decoder",
    unit="",
    better="lower",
)
def column_trend(trained: Trained) -> list[float]:
    """Spearman's correlation between a latent dimension's index and its `column_norms`.

    -1 where every dimension weighs less than the one before, about 0 where their order has no
    meaning.
    """

    def spearman(norms: np.ndarray) -> float:
        from scipy.stats import rankdata

        return float(np.corrcoef(np.arange(len(norms)), rankdata(norms))[0, 1])

    return by_seed(column_norms(trained), spearman)


@measure(
    label="Dimensions whose weight in the decoder is below {threshold} of the largest",
    unit="%",
    better="lower",
)
def collapsed(trained: Trained, *, threshold: float) -> list[float]:
    """Share of the latent dimensions that the decoder as good as ignores, by `column_norms`."""
    norms = column_norms(trained)
    return by_seed(norms, lambda seed: float(100 * np.mean(seed < threshold * seed.max())))


def column_norms(trained: Trained) -> Float[Tensor, "seed latent"]:
    """Length of each column of the decoder's first weights: how much a dimension can do."""
    weights = trained.stack.parameters["decoder.0.weight"]
    norms: Tensor = torch.linalg.vector_norm(weights.detach().double(), dim=1)
    return norms
