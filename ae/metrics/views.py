"""What codes of several views tell: of the factor that all share, of each view's own, of the view.

For models with `shared(x)` and `private(x)`, codes (batch, view, width), and a number `levels`: a label
is s + levels p1 + levels^2 p2 and so on, of the shared factor s and each view's own.
"""

from itertools import combinations, permutations
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.maths.moments import moment_discrepancy
from ae.metrics.probe import converge
from ae.metrics.shared import by_seed, labels
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Code = Literal["shared", "private"]
MOMENTS = 5
MOST = 2000  # iterations of a classifier's fit


@measure(label="The {factor} factor told from {code} codes of the same view", unit="%", better=None)
def told(trained: Trained, *, code: Code, factor: Code, train_examples: int) -> list[float]:
    """Test examples whose factor a linear classifier tells from one view's code, in percent.

    Mean over views. Logistic regression on the first training codes, with scikit-learn's C = 1; codes
    are centred and divided by the one deviation of all their numbers, so that what is faint stays so.
    """
    return by_seed(
        _codes(trained, code, train_examples),
        lambda both: float(np.mean(_each(trained, both, factor, train_examples))),
    )


@measure(label="Lead of shared codes over private ones", unit="points", better="higher")
def lead(trained: Trained, *, train_examples: int) -> list[float]:
    """`told` of the shared factor, of shared codes minus private ones."""
    shared = told(trained, code="shared", factor="shared", train_examples=train_examples)
    private = told(trained, code="private", factor="shared", train_examples=train_examples)
    return [a - b for a, b in zip(shared, private, strict=True)]


@measure(label="The shared factor told from another view's code", unit="%", better="higher")
def across(trained: Trained, *, train_examples: int) -> list[float]:
    """As `told` of the shared factor, by a classifier that learnt on another view's shared codes.

    Mean over all pairs of a view to learn from and another to be asked, whose codes are scaled by the
    first one's mean and deviation.
    """
    known, asked = _factors(trained, 0, train_examples)

    def measured(both: NDArray[Any]) -> float:
        fit, score = both[:train_examples], both[train_examples:]
        found = []
        for a, b in permutations(range(both.shape[1]), 2):
            found.append(_accuracy(trained, fit[:, a], known, score[:, b], asked))
        return float(np.mean(found))

    return by_seed(_codes(trained, "shared", train_examples), measured)


@measure(label="Squared error of the target, test examples", unit="", better="lower")
def target_error(trained: Trained) -> list[float]:
    """Mean of (predict(x) - target)^2; the target is the shared factor, its middle taken for 0."""
    _, s = _factors(trained, 0, 1)
    middle = (int(trained.model.levels) - 1) / 2  # type: ignore[arg-type]
    return by_seed(
        trained.of("predict", "test"), lambda told: float(np.mean((told - (s - middle)) ** 2))
    )


@measure(label="Moment discrepancy of shared codes, test examples", unit="", better="lower")
def discrepancy(trained: Trained) -> list[float]:
    """Central moment discrepancy of two views' shared codes over the test set, mean over pairs."""
    codes = trained.of("shared", "test").double()
    found = [
        [
            float(moment_discrepancy(own[:, a], own[:, b], MOMENTS))
            for a, b in combinations(range(own.shape[1]), 2)
        ]
        for own in codes
    ]
    return by_seed(torch.tensor(found), np.mean)


@measure(label="Likeness of a view's two codes, test examples", unit="%", better="lower")
def likeness(trained: Trained) -> list[float]:
    """100 |A^T B|^2 / (|A^T A| |B^T B|) of a view's shared and private codes, centred; mean over views.

    The linear alignment of Kornblith et al., ICML 2019, https://arxiv.org/abs/1905.00414: 0 where no
    number of one code goes with one of the other, 100 where they are equal but for a turn and a scale.
    """
    pair = trained.of("shared", "test").double(), trained.of("private", "test").double()
    a, b = ((codes - codes.mean(1, keepdim=True)).transpose(1, 2) for codes in pair)

    def size(x: Tensor, y: Tensor) -> Tensor:
        found: Tensor = torch.linalg.matrix_norm(x.mT @ y)
        return found

    return by_seed(100 * size(a, b) ** 2 / (size(a, a) * size(b, b)), np.mean)


def _codes(
    trained: Trained, code: Code, train_examples: int
) -> Float[Tensor, "seed examples views width"]:
    """Codes of the first training examples, then of all test examples."""
    return torch.cat([trained.of(code, "train", train_examples), trained.of(code, "test")], 1)


def _factors(
    trained: Trained, place: int, train_examples: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A factor of the first training examples, and of all test examples; the shared one is the first."""
    levels = int(trained.model.levels)  # type: ignore[arg-type]
    known = labels(trained, "train", train_examples)
    asked = labels(trained, "test", len(trained.test.x))
    return known // levels**place % levels, asked // levels**place % levels


def _each(trained: Trained, both: NDArray[Any], factor: Code, train_examples: int) -> list[float]:
    """The accuracy of every view's code."""
    found = []
    for view in range(both.shape[1]):
        place = 0 if factor == "shared" else view + 1
        known, asked = _factors(trained, place, train_examples)
        fit, score = both[:train_examples, view], both[train_examples:, view]
        found.append(_accuracy(trained, fit, known, score, asked))
    return found


def _accuracy(
    trained: Trained,
    fit: NDArray[Any],
    known: NDArray[np.int64],
    score: NDArray[Any],
    asked: NDArray[np.int64],
) -> float:
    from sklearn.linear_model import LogisticRegression

    mean = fit.mean(0)
    deviation = max(float((fit - mean).std()), 1e-9)
    classifier = LogisticRegression(C=1.0, max_iter=MOST)
    converge("views", trained, classifier, (fit - mean).astype(np.float64) / deviation, known)
    right = classifier.predict((score - mean).astype(np.float64) / deviation) == asked
    return 100 * float(np.mean(right))
