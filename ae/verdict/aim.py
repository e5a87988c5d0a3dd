"""What a published number asks for: the number, how precisely it is known, the margin."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from ae.spec import ValueClaim
from ae.verdict.bounds import Known, Part, Within


@dataclass(frozen=True)
class Aim:
    """What our number is compared with, and how precisely it is known.

    `spread` is the printed standard deviation where the number of its runs is not: it counts in
    the check of the margin alone. `sign`: 1 where higher is better. `either_way`: nothing is
    better, and a number beyond the margin is SHORT on either side.
    """

    value: float
    margin: float
    known: tuple[Part, ...]
    sigma_pin: float | None
    sign: int
    at_least: bool = False
    either_way: bool = False
    spread: float = 0.0
    blocked: str = ""


def expected_maximum(n: int) -> float:
    """Mean of the largest of n standard normal draws: 0.56, 0.85, 1.16, 1.54 for 2, 3, 5, 10."""
    x, step = np.linspace(-10.0, 10.0, 4001, retstep=True)
    density = n * np.exp(-0.5 * x**2 + (n - 1) * log_ndtr(x)) / math.sqrt(2 * math.pi)
    return float((x * density).sum() * step)


def printed(claim: ValueClaim, sign: int, either_way: bool) -> Aim:
    """The printed number with the uncertainty that its spread and its rounding leave."""
    kind, width, n = claim.spread.kind, claim.spread.value or 0.0, claim.spread.n
    nu = float(n - 1) if n is not None and n > 1 else math.inf
    u, margin, spread = 0.0, claim.margin, 0.0
    if kind in ("se", "folds"):
        u = width
    elif kind == "ci95":
        u = width / 1.96
    elif kind == "sd" and math.isfinite(nu):
        u = width / math.sqrt(nu + 1)
    elif kind == "sd":
        spread = width
    elif kind in ("examples", "binomial"):
        margin = max(margin, width)
    value, blocked = claim.value, ""
    if claim.best_of is not None and claim.best_of > 1:
        if claim.sigma_pin is None:
            blocked = f"the published value is the best of {claim.best_of} runs: needs sigma_pin"
        else:
            value -= sign * expected_maximum(claim.best_of) * claim.sigma_pin
    return Aim(
        value=value,
        margin=margin,
        known=(Known(u, nu), Within(claim.rounding)),
        sigma_pin=claim.sigma_pin,
        sign=sign,
        either_way=either_way,
        at_least=claim.sense == "at_least",
        spread=spread,
        blocked=blocked,
    )
