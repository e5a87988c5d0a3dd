"""How active codes are."""

import numpy as np

from ae.metrics.members import Split, by_seed
from ae.trained import Trained


def mean_activity(trained: Trained, *, split: Split) -> list[float]:
    """Mean of `encode(x)` over units and images; for codes that are never negative."""
    return by_seed(trained.of("encode", split).double(), np.mean)


def log_mean_activity(trained: Trained, *, split: Split) -> list[float]:
    """Natural logarithm of `mean_activity`, so that a difference is a ratio: 0.69 is half.

    NaN where no unit is ever active.
    """
    activity = trained.of("encode", split).double().flatten(1).mean(1, keepdim=True)
    return by_seed(activity.log(), np.mean)
