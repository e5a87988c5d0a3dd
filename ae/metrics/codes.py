"""How active codes are."""

import numpy as np

from ae.metrics.shared import Split, by_seed
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Mean activity of the code", unit="", better="lower")
def mean_activity(trained: Trained, *, split: Split) -> list[float]:
    """Mean of `encode(x)` over units and images; for codes that are never negative."""
    return by_seed(trained.of("encode", split).double(), np.mean)


@measure(label="Log of the mean activity of the code", unit="log", better="lower")
def log_mean_activity(trained: Trained, *, split: Split) -> list[float]:
    """Natural logarithm of `mean_activity`, so that a difference is a ratio: 0.69 is half.

    NaN where no unit is ever active.
    """
    activity = trained.of("encode", split).double().flatten(1).mean(1, keepdim=True)
    return by_seed(activity.log(), np.mean)
