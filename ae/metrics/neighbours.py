"""How well near codes share a label."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ae.errors import UserError
from ae.metrics.members import by_seed, labels, up_to
from ae.trained import Trained


def knn_accuracy(
    trained: Trained, *, k: int, train_examples: int, test_examples: int
) -> list[float]:
    """Test codes whose k nearest training codes (Euclidean) vote for their label, in percent.

    Codes are `encode(x)` of the first examples of each split (all where there are fewer); the
    vote is scikit-learn's, which gives a tie to the smaller label.

    Raises:
        UserError: `k` is not between 1 and the number of training codes.
    """
    fit, score = up_to(trained, "train", train_examples), up_to(trained, "test", test_examples)
    if not 1 <= k <= fit:
        raise UserError(f"neighbours.knn_accuracy: k: found {k}; expected 1 to {fit}, the codes")
    known, asked = labels(trained, "train", fit), labels(trained, "test", score)

    def accuracy(codes: NDArray[Any]) -> float:
        from sklearn.neighbors import KNeighborsClassifier

        classifier = KNeighborsClassifier(n_neighbors=k).fit(codes[:fit], known)
        return 100 * float(np.mean(classifier.predict(codes[fit:]) == asked))

    codes = [trained.of("encode", "train", fit), trained.of("encode", "test", score)]
    return by_seed(torch.cat(codes, 1), accuracy)
