"""How well a run that was trained on normal examples alone tells others from them.

Normal are the classes of the run's training set, anomalous all others of the test set. Scores are
compared by the area under the receiver operating characteristic (AUROC): the chance that an
anomalous example has a higher score than a normal one, ties counting half; 0.5 is a coin.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.maths.principal_axes import principal_axes
from ae.metrics.probe import converge
from ae.metrics.shared import by_seed, labels
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="AUROC of the mean squared error", unit="", better="higher")
def auroc(trained: Trained) -> list[float]:
    """AUROC of `scores` on the whole test set, between 0 and 1; higher is better.

    Raises:
        UserError: The test set has no normal or no anomalous example.
    """
    strange = anomalous(trained)
    both_kinds(trained, strange, "the test set")
    return by_seed(scores(trained), lambda score: area(score, strange))


@measure(label="AUROC of {method:words}", unit="", better="higher")
def auroc_of(trained: Trained, *, method: str, centred: bool) -> list[float]:
    """AUROC of `method(x)`, a number an image, on the whole test set, between 0 and 1.

    With `centred`, of how far the number is from its mean over the training set, on either side: what
    a normal density fitted to the training images takes for unlikely.

    Raises:
        UserError: The test set has no normal or no anomalous example.
    """
    scores = [trained.of(method, split).double() for split in ("train", "test")]
    return _areas(trained, *scores, centred=centred)


@measure(
    label="AUROC of {method:words} less that of {over:words}, or of {components} components if more",
    unit="",
    better="higher",
)
def auroc_gain(
    trained: Trained, *, method: str, over: str, components: int, centred: bool
) -> list[float]:
    """`auroc_of` one method less that of its rival, seed by seed: the better one of two.

    One is another method of the model, the other learns nothing that takes steps: the mean absolute
    error of a pixel where an image is projected on the leading principal components of the training
    images. So a model that is badly trained is no easy rival to itself.
    """
    own = auroc_of(trained, method=method, centred=centred)
    other = auroc_of(trained, method=over, centred=centred)
    (plain,) = _areas(trained, *_off_components(trained, components), centred=centred)
    return [a - max(b, plain) for a, b in zip(own, other, strict=True)]


@measure(label="AUROC of a logistic regression on the error", unit="", better="higher")
def detector_auroc(
    trained: Trained, *, labelled: float, inverse_penalty: float, max_iter: int
) -> list[float]:
    """AUROC of a logistic regression on `errors(x)`, between 0 and 1; higher is better.

    It is fitted on the first share `labelled` of the test set, whose anomalies are labelled, and
    scored on the rest. The fit is scikit-learn's L-BFGS in double precision, neither centred nor
    scaled, with an L2 penalty; `inverse_penalty` is its C. Where `errors` holds one number, the
    AUROC is that of the number itself: labels then choose no more than the side of the threshold.

    Raises:
        UserError: One of the two parts lacks normal or anomalous examples, or the fit did not
            converge within `max_iter` iterations.
    """
    strange = anomalous(trained)
    fit = round(labelled * len(strange))
    both_kinds(trained, strange[:fit], f"the first {fit} of the test set")
    both_kinds(trained, strange[fit:], f"the test set after the first {fit}")

    def measure(errors: NDArray[Any]) -> float:
        from sklearn.linear_model import LogisticRegression

        detector = LogisticRegression(C=inverse_penalty, max_iter=max_iter)
        converge("anomaly.detector_auroc", trained, detector, errors[:fit], strange[:fit])
        return area(detector.decision_function(errors[fit:]), strange[fit:])

    found = []
    for seed in range(len(trained.seeds)):  # one after another: the vectors of all take much room
        own = partial(trained.stack.select([seed]).share, "errors")
        found += by_seed(torch.cat(trained.over("test", own), 1).double(), measure)
    return found


def _areas(
    trained: Trained,
    known: Float[Tensor, "seed train"],
    score: Float[Tensor, "seed test"],
    *,
    centred: bool,
) -> list[float]:
    """AUROC of scores of the test set; centred, of their distance from the mean of the known ones."""
    strange = anomalous(trained)
    both_kinds(trained, strange, "the test set")
    if centred:
        score = (score - known.mean(1, keepdim=True)).abs()
    return by_seed(score, lambda own: area(own, strange))


def _off_components(
    trained: Trained, components: int
) -> tuple[Float[Tensor, "1 train"], Float[Tensor, "1 test"]]:
    """Mean absolute distance of a pixel from the leading principal components, of both splits."""
    known, asked = (torch.cat(trained.over(s, lambda x: x.double())) for s in ("train", "test"))
    mean, _, axes = principal_axes(known)
    axes = axes[:components]
    first, second = (
        (x - mean - (x - mean) @ axes.T @ axes).abs().mean(-1)[None] for x in (known, asked)
    )
    return first, second


def scores(trained: Trained) -> Float[Tensor, "seed examples"]:
    """Mean over pixels of the squared error of `reconstruct(x)`, for every test example."""

    def per_image(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.share("reconstruct", x)
        return ((made - x) ** 2).flatten(2).double().mean(-1)

    return torch.cat(trained.over("test", per_image, size=trained.rows), 1)


def anomalous(trained: Trained) -> NDArray[np.bool_]:
    """Which test examples are of no class of the training set."""
    normal = np.unique(labels(trained, "train", len(trained.train.x)))
    return ~np.isin(labels(trained, "test", len(trained.test.x)), normal)


def area(score: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """AUROC of `score` for telling the positive examples, by the sum of their ranks."""
    from scipy.stats import rankdata

    hits = int(positive.sum())
    above = rankdata(score)[positive].sum() - hits * (hits + 1) / 2
    return float(above / (hits * (len(positive) - hits)))


def both_kinds(trained: Trained, strange: NDArray[np.bool_], where: str) -> None:
    """Refuse a set without normal or without anomalous examples.

    Raises:
        UserError: It has none.
    """
    if strange.all() or not strange.any():
        kind = "normal" if strange.all() else "anomalous"
        raise UserError(
            f"anomaly: run {trained.name!r}: {where} has no {kind} example; normal are the classes "
            "of its training set, which data.only chooses"
        )
