"""How a broken stick is used as a code: sizes of its pieces, and what the decoder makes of them."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.members import Split, by_seed, up_to
from ae.trained import Trained


def largest_gap(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Largest distance of the sum of a code from 1; 0 to rounding for pieces of a stick."""
    codes = trained.of("encode", split, up_to(trained, split, examples)).double()
    return by_seed(codes.sum(-1), lambda sums: float(np.abs(sums - 1).max()))


def used(trained: Trained, *, split: Split, examples: int, threshold: float) -> list[float]:
    """Pieces that are larger than `threshold` on average over a split."""
    sizes = mean_sizes(trained, split, examples)
    return by_seed(sizes, lambda seed: float(np.sum(seed > threshold)))


def mean_sizes(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed latent"]:
    """Mean over the first examples of a split of E[pi_k given x]."""
    return trained.of("encode", split, up_to(trained, split, examples)).double().mean(1)


def column_trend(trained: Trained) -> list[float]:
    """Spearman's correlation between a latent dimension's index and its `column_norms`.

    -1 where every dimension weighs less than the one before, about 0 where their order has no
    meaning.
    """

    def spearman(norms: np.ndarray) -> float:
        from scipy.stats import rankdata

        return float(np.corrcoef(np.arange(len(norms)), rankdata(norms))[0, 1])

    return by_seed(column_norms(trained), spearman)


def column_norms(trained: Trained) -> Float[Tensor, "seed latent"]:
    """Length of each column of the decoder's first weights: how much a dimension can do."""
    weights = trained.stack.parameters["decoder.0.weight"]
    norms: Tensor = torch.linalg.vector_norm(weights.detach().double(), dim=1)
    return norms
