"""How clusters that a model has found agree with the labels that it has not seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ae.metrics.shared import Split, by_seed, labels
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Agreement = Callable[[NDArray[np.int64], NDArray[np.int64]], float]


@measure(label="Accuracy of {clusters:words}, {split} images", unit="%", better="higher")
def accuracy(trained: Trained, *, split: Split, clusters: str) -> list[float]:
    """Examples in a cluster that stands for their class, in percent; higher is better.

    An example's cluster is that of the largest number of the method `clusters`. Each cluster stands
    for one class, and each class for one cluster, in the pairing that makes the most examples right
    (the Hungarian method); spare ones of either are wrong.
    """
    return _measured(trained, split, clusters, paired)


@measure(
    label="Accuracy of {clusters:words} less that of {over:words}, {split} images",
    unit="points",
    better="higher",
)
def gain(trained: Trained, *, split: Split, clusters: str, over: str) -> list[float]:
    """`accuracy` of one method's clusters less that of another's, seed by seed, in points."""
    own = accuracy(trained, split=split, clusters=clusters)
    other = accuracy(trained, split=split, clusters=over)
    return [a - b for a, b in zip(own, other, strict=True)]


@measure(label="NMI of {clusters:words}, {split} images", unit="", better="higher")
def mutual_information(trained: Trained, *, split: Split, clusters: str) -> list[float]:
    """Mutual information of cluster and class over the root of their entropies' product, in percent.

    100 where each tells the other, 0 where they are independent.
    """

    def measure(y: NDArray[np.int64], found: NDArray[np.int64]) -> float:
        from sklearn.metrics import normalized_mutual_info_score

        return 100 * float(normalized_mutual_info_score(y, found, average_method="geometric"))

    return _measured(trained, split, clusters, measure)


@measure(label="Adjusted Rand index of {clusters:words}, {split} images", unit="", better="higher")
def rand_index(trained: Trained, *, split: Split, clusters: str) -> list[float]:
    """The Rand index adjusted for chance, in percent: pairs that are together in both or in neither.

    100 where the partitions agree, 0 on average where they are independent.
    """

    def measure(y: NDArray[np.int64], found: NDArray[np.int64]) -> float:
        from sklearn.metrics import adjusted_rand_score

        return 100 * float(adjusted_rand_score(y, found))

    return _measured(trained, split, clusters, measure)


def paired(y: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Percent of examples whose cluster is paired with their class, in the best one-to-one pairing."""
    from scipy.optimize import linear_sum_assignment

    count = np.zeros((found.max() + 1, y.max() + 1), dtype=np.int64)
    np.add.at(count, (found, y), 1)
    rows, columns = linear_sum_assignment(count, maximize=True)
    return 100 * float(count[rows, columns].sum() / len(y))


def _measured(trained: Trained, split: Split, clusters: str, agreement: Agreement) -> list[float]:
    belongs = trained.of(clusters, split)
    y = labels(trained, split, belongs.shape[1])

    def measure(scores: NDArray[Any]) -> float:
        return agreement(y, scores.argmax(-1))

    return by_seed(belongs, measure)
