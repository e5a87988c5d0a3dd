"""Whether a code has a number of its own for each factor of variation; for rendered data sets.

Higgins et al., beta-VAE, ICLR 2017; Kim and Mnih, Disentangling by Factorising, ICML 2018; Chen et
al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018; Eastwood and Williams, A Framework
for the Quantitative Evaluation of Disentangled Representations, ICLR 2018; Kumar et al., Variational
Inference of Disentangled Latent Concepts, ICLR 2018; Ridgeway and Mozer, Learning Deep Disentangled
Embeddings, NeurIPS 2018. Estimators as in Locatello et al., Challenging Common Assumptions, ICML
2019, where sizes are those of its code: every one is an argument.

Everywhere `factors` names those that count, at least two; `codes` is the model's method that
encodes, or `pixels` or `factors`, which need no model, for controls. A higher score is better. Every
seed draws examples by its own generator.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import Unmeasurable
from ae.metrics.factors import (
    UNCHECKED,
    Codes,
    Estimator,
    Places,
    concentrated,
    differences,
    entropies,
    gap,
    importances,
    information,
    majority,
    modular,
    separate,
    steadiest,
)
from ae.metrics.shared import Split, by_seed, places_of
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Score = Callable[[Codes, Places, np.random.Generator], float]


@measure(label="beta-VAE score: which factor do pairs share", unit="%", better="higher")
def beta_vae(
    trained: Trained,
    *,
    factors: list[str],
    split: Split,
    pairs: int,
    train: int,
    test: int,
    inverse_penalty: float,
    max_iter: int,
    standard: bool,
    codes: str = "encode",
) -> list[float]:
    """Test accuracy in percent of a linear classifier of the factor that pairs share (Higgins).

    It sees the mean |z1 - z2| over `pairs` pairs; `train` and `test` means. scikit-learn's logistic
    regression, `inverse_penalty` its C. With `standard`, means are first divided by their standard
    deviation over the training means, so that the penalty does not depend on the codes' unit: small
    codes are else told apart hardly at all. 100 / factors is chance.

    Raises:
        UserError: The fit did not converge within `max_iter` iterations.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        import sklearn
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        means, shared = differences(z, places, train + test, pairs, rng)
        if standard:
            deviation = means[:train].std(0)
            means = means / np.where(deviation > 0, deviation, 1)
        classifier = LogisticRegression(C=inverse_penalty, max_iter=max_iter)
        with warnings.catch_warnings(), sklearn.config_context(**UNCHECKED):
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                classifier.fit(means[:train], shared[:train])
            except ConvergenceWarning:
                raise Unmeasurable(
                    f"disentanglement.beta_vae on run {trained.name!r}: not converged after "
                    f"max_iter = {max_iter} iterations; raise it, or lower inverse_penalty"
                ) from None
        return 100 * float(classifier.score(means[train:], shared[train:]))

    return _scored(trained, split, factors, codes, "beta_vae", score)


@measure(label="FactorVAE score: which factor does a batch share", unit="%", better="higher")
def factor_vae(
    trained: Trained,
    *,
    factors: list[str],
    split: Split,
    batch: int,
    train: int,
    test: int,
    prune: float,
    codes: str = "encode",
) -> list[float]:
    """Accuracy in percent of a majority vote on the factor that a batch shares (Kim and Mnih).

    A batch votes by the latent number that varies least in it, see `factors.steadiest`; `train`
    votes make the table that `test` others are judged by. 0 where no number varies by `prune`.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        found = steadiest(z, places, train + test, batch, prune, rng)
        if found is None:
            return 0.0
        return 100 * majority(*found, train, places.shape[1], z.shape[1])

    return _scored(trained, split, factors, codes, "factor_vae", score)


@measure(label="Mutual information gap, {bins} bins", unit="", better="higher")
def mig(
    trained: Trained, *, factors: list[str], split: Split, bins: int, codes: str = "encode"
) -> list[float]:
    """Mutual information gap by histograms, between 0 and 1; all examples of the split.

    Mean over factors of (I of the best latent number - I of the second) / entropy of the factor, of
    codes in `bins` of equal width. Estimates with different bins are not the same quantity.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        return gap(information(z, places, bins), entropies(places))

    return _scored(trained, split, factors, codes, "mig", score)


@measure(label="DCI {part}, {estimator:words}", unit="", better="higher")
def dci(
    trained: Trained,
    *,
    part: Literal["disentanglement", "completeness", "informativeness"],
    factors: list[str],
    split: Split,
    estimator: Estimator,
    trees: int,
    train: int,
    test: int,
    codes: str = "encode",
) -> list[float]:
    """One of the three numbers of Eastwood and Williams, between 0 and 1.

    From the importance of each latent number to a classifier of each factor, an ensemble of `trees`
    trees on `train` examples: how far a number serves one factor alone, how far a factor is served
    by one number alone, and the mean accuracy on `test` examples.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        judged = part == "informativeness"
        table, right = importances(z, places, estimator, trees, train, test, rng, judged=judged)
        if judged:
            return float(right.mean())
        return concentrated(table if part == "disentanglement" else table.T)

    return _scored(trained, split, factors, codes, "dci", score)


@measure(label="Separated attribute predictability, {kind}", unit="", better="higher")
def sap(
    trained: Trained,
    *,
    factors: list[str],
    split: Split,
    kind: Literal["svm", "regression"],
    train: int,
    test: int,
    codes: str = "encode",
) -> list[float]:
    """Separated attribute predictability of Kumar et al., between 0 and 1.

    Mean over factors of how much better the best latent number predicts it than the second, see
    `factors.separate`.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        found = separate(z, places, kind, train, test, rng)
        return gap(found, np.ones(places.shape[1]))

    return _scored(trained, split, factors, codes, "sap", score)


@measure(label="Modularity, {bins} bins", unit="", better="higher")
def modularity(
    trained: Trained, *, factors: list[str], split: Split, bins: int, codes: str = "encode"
) -> list[float]:
    """How far each latent number tells of one factor alone (Ridgeway and Mozer), from 0 to 1.

    See `factors.modular`; mutual information by `bins` of equal width, all examples of the split.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        return modular(information(z, places, bins))

    return _scored(trained, split, factors, codes, "modularity", score)


@measure(
    label="Of what the code tells of the factors, the part that is of {first}",
    unit="%",
    better="higher",
)
def told_first(
    trained: Trained, *, first: list[str], others: list[str], split: Split, bins: int
) -> list[float]:
    """Of what single latent numbers tell of all factors, the part that is of `first`; percent.

    sum over `first` of I of the best number / the same sum with `others`, I as in `mig`; NaN where
    the code tells nothing.
    """

    def score(z: Codes, places: Places, rng: np.random.Generator) -> float:
        best = information(z, places, bins).max(0)
        return 100 * float(best[: len(first)].sum() / best.sum()) if best.any() else np.nan

    return _scored(trained, split, [*first, *others], "encode", "told_first", score)


def _scored(
    trained: Trained, split: Split, factors: list[str], codes: str, purpose: str, score: Score
) -> list[float]:
    places = places_of(trained, split, factors)
    rngs = [
        np.random.default_rng(trained.generator(m, purpose).initial_seed())
        for m in range(len(trained.seeds))
    ]
    z = _codes(trained, split, codes)
    return [
        by_seed(z[m : m + 1], partial(_measured, score, places, rng))[0]
        for m, rng in enumerate(rngs)
    ]


def _measured(score: Score, places: Places, rng: np.random.Generator, z: NDArray[Any]) -> float:
    return score(z.astype(np.float64), places, rng)


def _codes(trained: Trained, split: Split, codes: str) -> Float[Tensor, "seed examples latent"]:
    data, seeds = trained.split(split), len(trained.seeds)
    if codes == "factors":
        return torch.stack([*data.factors.values()], -1).double().expand(seeds, -1, -1)
    if codes == "pixels":
        index = torch.arange(len(data.x), device=data.x.device)
        return data.clean(index).expand(seeds, -1, -1)
    return trained.of(codes, split).flatten(2)
