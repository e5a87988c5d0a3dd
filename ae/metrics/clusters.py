"""Clusters that a model finds by itself, scored by labels that it never saw."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.metrics.shared import by_seed, labels
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Error of clusters named by their surest of {valid:,} images", unit="%", better="lower"
)
def exemplar_error(trained: Trained, *, test: int, valid: int) -> list[float]:
    """Test images that are not of the class of their cluster's exemplar, in percent.

    Of each cluster i the validation image with the highest q(i given x) is the exemplar; its label
    goes to all of the cluster. An image is of the cluster with its highest q. Makhzani et al.,
    Adversarial Autoencoders, section 6: neither the majority's label nor the best assignment, so
    that one exemplar of a wrong class turns a whole cluster. Scored are the first `test` images of
    the test split; the `valid` ones after them hold the exemplars.

    Raises:
        UserError: The test split has fewer images.
    """
    count = len(trained.test.x)
    if test < 1 or valid < 1 or test + valid > count:
        raise UserError(
            f"clusters on run {trained.name!r}: test {test} and valid {valid}: expected at least 1 "
            f"each, and no more than the {count} images of the test split together"
        )
    y = labels(trained, "test", test + valid)

    def error(scores: np.ndarray) -> float:
        exemplar = scores[test:].argmax(0)
        given = y[test:][exemplar][scores[:test].argmax(1)]
        return 100 * float(np.mean(given != y[:test]))

    return by_seed(probabilities(trained, test + valid), error)


@measure(label="Clusters with at least {least} % of the images", unit="", better=None)
def used(trained: Trained, *, test: int, least: float) -> list[float]:
    """Clusters that hold at least this share of the first `test` images, in percent each."""
    scores = probabilities(trained, test)

    def count(seed: np.ndarray) -> float:
        sizes = np.bincount(seed.argmax(1), minlength=seed.shape[1])
        return float(np.sum(100 * sizes >= least * len(seed)))

    return by_seed(scores, count)


def probabilities(trained: Trained, examples: int) -> Float[Tensor, "seed examples clusters"]:
    """q(i given x) of the first test images, in double precision: exemplars differ by little."""
    logits = trained.of("classify", "test", min(examples, len(trained.test.x)))
    return torch.softmax(logits.double(), -1)
