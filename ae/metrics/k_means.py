"""How clusters of the codes, found by k-means, agree with the classes."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ae.metrics.partition import paired
from ae.metrics.shared import Split, by_seed, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Accuracy of k-means on the codes, {split} images", unit="%", better="higher")
def accuracy(trained: Trained, *, split: Split, examples: int, starts: int) -> list[float]:
    """Examples in a cluster that stands for their class, in percent; higher is better.

    As many clusters as classes, of `encode(x)` as it is, by scikit-learn's k-means, the best of
    `starts`; clusters and classes are paired as `partition.accuracy` pairs them. On the first
    `examples` of a split.
    """
    count = up_to(trained, split, examples)
    y = labels(trained, split, count)
    clusters = len(np.unique(y))

    def agreement(codes: NDArray[Any]) -> float:
        from sklearn.cluster import KMeans

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fewer distinct codes than clusters
            fit = KMeans(clusters, n_init=starts, random_state=0).fit(codes.astype(np.float64))
        return paired(y, fit.labels_.astype(np.int64))

    return by_seed(trained.of("encode", split, count), agreement)
