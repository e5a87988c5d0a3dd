"""Posteriors on a sphere against scipy's Bessel functions."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from ae.maths.von_mises import kl_to_uniform
from ae.metrics.shared import by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="Largest error of the divergence against scipy", unit="nats", better="lower")
def kl_error(trained: Trained, *, examples: int) -> list[float]:
    """Largest error of KL(q(z given x), uniform) over the first test images, in nats.

    Of the concentrations that a model's `direction` gives: as this suite computes it in double
    precision, against kappa I_{m/2}(kappa) / I_{m/2 - 1}(kappa) + log C_m(kappa) + log area with the
    Bessel functions of scipy.
    """
    count = up_to(trained, "test", examples)
    pieces = trained.over("test", lambda x: trained.stack.share("direction", x)[1], count)
    numbers = trained.of("encode", "test", 1).shape[-1]

    def error(kappa: NDArray[np.float64]) -> float:
        found = kl_to_uniform(numbers, torch.from_numpy(kappa)).numpy()
        return float(np.abs(found - exact_kl(numbers, kappa)).max())

    return by_seed(torch.cat(pieces, 1).double(), error)


def exact_kl(m: int, kappa: NDArray[np.float64]) -> NDArray[np.float64]:
    """KL(vMF(mean, kappa), uniform) on the unit sphere in m dimensions, by scipy; nats."""
    from scipy.special import gammaln, ive

    order = m / 2 - 1
    below, above = ive(order, kappa), ive(order + 1, kappa)
    log_c = order * np.log(kappa) - m / 2 * math.log(2 * math.pi) - np.log(below) - kappa
    log_area = math.log(2) + m / 2 * math.log(math.pi) - gammaln(m / 2)
    found: NDArray[np.float64] = kappa * above / below + log_c + log_area
    return found
