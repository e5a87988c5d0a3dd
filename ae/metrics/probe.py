"""Classification error: of a model's own classifier, and of linear classifiers of its codes."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import Unmeasurable
from ae.metrics.shared import Split, by_seed, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

SPARSE = 0.25  # share of entries that are not 0, below which a sparse matrix is faster


@measure(label="Classification error, {split} images", unit="%", better="lower")
def classification_error(trained: Trained, *, split: Split) -> list[float]:
    """Examples whose largest `classify(x)` is not at their label, in percent; lower is better."""
    logits = trained.of("classify", split)
    y = labels(trained, split, logits.shape[1])
    return by_seed(logits, lambda scores: 100 * float(np.mean(scores.argmax(-1) != y)))


@measure(label="Accuracy of the classifier on {split}", unit="%", better="higher")
def classification_accuracy(trained: Trained, *, split: Split) -> list[float]:
    """100 - `classification_error`: examples whose largest `classify(x)` is at their label, in percent."""
    return [100 - error for error in classification_error(trained, split=split)]


@measure(label="Self-taught accuracy, softmax regression on codes", unit="%", better="higher")
def self_taught_accuracy(
    trained: Trained, *, classes: list[int], share: float, decay: float, max_iter: int
) -> list[float]:
    """Examples of other classes that a softmax classifier of codes puts into theirs, in percent.

    The test set's examples of `classes`, in its order: the first `share` fits the classifier on
    `encode(x)`, the rest is scored. It has no biases, and minimises the mean of -log p(label) +
    decay / 2 |weights|^2, by scikit-learn's L-BFGS in double precision.

    Raises:
        UserError: The fit did not converge within `max_iter` iterations.
    """
    y = labels(trained, "test", len(trained.test.x))
    asked = np.flatnonzero(np.isin(y, classes))
    fit = round(share * len(asked))

    def measure(codes: NDArray[Any]) -> float:
        from sklearn.linear_model import LogisticRegression

        z, known = codes[asked].astype(np.float64), y[asked]
        classifier = LogisticRegression(C=1 / (fit * decay), fit_intercept=False, max_iter=max_iter)
        converge("probe.self_taught_accuracy", trained, classifier, z[:fit], known[:fit])
        return 100 * float(np.mean(classifier.predict(z[fit:]) == known[fit:]))

    return by_seed(trained.of("encode", "test"), measure)


@measure(label="Linear probe on {train_examples:,} codes, test accuracy", unit="%", better="higher")
def logistic_accuracy(
    trained: Trained, *, inverse_penalty: float, max_iter: int, train_examples: int
) -> list[float]:
    """100 - `logistic_error` of `encode(x)`: test codes put into their class, in percent.

    Raises:
        UserError: The fit did not converge within `max_iter` iterations.
    """
    errors = logistic_error(
        trained,
        inverse_penalty=inverse_penalty,
        max_iter=max_iter,
        train_examples=train_examples,
    )
    return [100 - error for error in errors]


@measure(label="Test error of logistic regression on `{codes}`", unit="%", better="lower")
def logistic_error(
    trained: Trained,
    *,
    inverse_penalty: float,
    max_iter: int,
    train_examples: int,
    codes: str = "encode",
) -> list[float]:
    """Test error in percent of multinomial logistic regression on codes; lower is better.

    `codes` names the method that encodes. Fitted by scikit-learn's L-BFGS in double precision on
    the first `train_examples` training codes (all where there are fewer), neither centred nor
    scaled, with an L2 penalty; `inverse_penalty` is scikit-learn's C. All test examples are scored.

    Raises:
        UserError: The fit did not converge within `max_iter` iterations.
    """
    fit, score = up_to(trained, "train", train_examples), len(trained.test.x)
    known, asked = labels(trained, "train", fit), labels(trained, "test", score)

    def error(rows: NDArray[Any]) -> float:
        from sklearn.linear_model import LogisticRegression

        z = _compact(rows.astype(np.float64))
        classifier = LogisticRegression(C=inverse_penalty, max_iter=max_iter)
        converge("probe.logistic_error", trained, classifier, z[:fit], known)
        return 100 * float(np.mean(classifier.predict(z[fit:]) != asked))

    def encode(x: Tensor) -> Tensor:
        code: Tensor = trained.stack.share(codes, x)
        return code

    # Not remembered: wide codes of a whole training set are the largest tensors of a run.
    pieces = [*trained.over("train", encode, fit), *trained.over("test", encode, score)]
    return by_seed(torch.cat(pieces, 1), error)


def _compact(codes: NDArray[Any]) -> Any:
    """Codes that are mostly 0 as a sparse matrix, which several times fewer products need."""
    from scipy.sparse import csr_array

    return csr_array(codes) if np.count_nonzero(codes) < SPARSE * codes.size else codes


@measure(label="Test error of a linear SVM on the codes", unit="%", better="lower")
def svm_error(
    trained: Trained, *, inverse_penalty: float, max_iter: int, train_examples: int
) -> list[float]:
    """Test error in percent of a linear support vector machine on `encode(x)`; lower is better.

    scikit-learn's LinearSVC: one against the rest, squared hinge, an L2 penalty whose inverse is
    `inverse_penalty`, in double precision on the first `train_examples` training codes (all where
    there are fewer), neither centred nor scaled. All test examples are scored.

    Raises:
        UserError: The fit did not converge within `max_iter` iterations.
    """
    fit, score = up_to(trained, "train", train_examples), len(trained.test.x)
    known, asked = labels(trained, "train", fit), labels(trained, "test", score)

    def error(codes: NDArray[Any]) -> float:
        from sklearn.svm import LinearSVC

        classifier = LinearSVC(C=inverse_penalty, max_iter=max_iter, dual=False)
        converge("probe.svm_error", trained, classifier, codes[:fit], known)
        return 100 * float(np.mean(classifier.predict(codes[fit:]) != asked))

    codes = [trained.of("encode", "train", fit), trained.of("encode", "test", score)]
    return by_seed(torch.cat(codes, 1).double(), error)


def converge(metric: str, trained: Trained, classifier: Any, codes: Any, y: NDArray[Any]) -> None:
    """Fit a classifier of scikit-learn's.

    Raises:
        Unmeasurable: It did not converge within its `max_iter` iterations.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            classifier.fit(codes, y)
        except ConvergenceWarning:
            raise Unmeasurable(
                f"{metric} on run {trained.name!r}: not converged after max_iter = "
                f"{classifier.max_iter} iterations; raise max_iter, or lower inverse_penalty"
            ) from None
