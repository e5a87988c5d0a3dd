"""Codes in the parts of a prior: whether an image lies in the part that belongs to its label."""

import math

import numpy as np

from ae.errors import UserError
from ae.metrics.shared import by_seed, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Codes in the part of the prior that belongs to their label", unit="%", better="higher"
)
def own_part(trained: Trained, *, examples: int, share: float) -> list[float]:
    """Test codes within the ellipse of their label's part that holds so much of it, in percent.

    Of priors whose parts are Gaussians in the plane; codes that are distributed as the prior, each
    label in its part, have 100 x `share`.

    Raises:
        UserError: The model's prior has no part for every label.
    """
    count = up_to(trained, "test", examples)
    y = labels(trained, "test", count)
    logits = trained.of("classify", "test", count)  # -1/2 the squared Mahalanobis distances
    if logits.shape[-1] <= y.max():
        raise UserError(
            f"parts.own_part: run {trained.name!r} has a prior of {logits.shape[-1]} parts; "
            f"expected one for each of the labels up to {y.max()}"
        )
    limit = -2 * math.log(1 - share)  # of chi squared with two degrees of freedom

    def inside(seed: np.ndarray) -> float:
        return 100 * float(np.mean(-2 * seed[np.arange(count), y] <= limit))

    return by_seed(logits.double(), inside)
