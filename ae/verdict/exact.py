"""Properties that every seed must have to a stated tolerance."""

from decimal import Decimal

import numpy as np

from ae.spec import ExactClaim
from ae.verdict.divergence import diverged
from ae.verdict.finding import ExactFinding, Finding
from ae.verdict.result import ALPHA, Array, usable


def verdict_exact(claim: ExactClaim, values: Array, *, level: float = ALPHA) -> Finding:
    """Judge a property that every seed must have to a stated tolerance: no matter of chance."""
    values = usable(values)
    if lost := diverged({claim.run: values}, margin=claim.tolerance):
        return lost
    away = np.abs(values - claim.value)
    off = sum(_is_off(value, claim) for value in values.tolist())
    worst = float(away.max())
    note = f"every seed is within {claim.tolerance:g} of {claim.value:g}"
    if off:
        note = f"{off} of {values.size} seeds are off, by up to {worst:.3g}"
    return ExactFinding(
        word="SHORT" if off else "REPRODUCED",
        reason="off" if off else None,
        note=note,
        seeds=values.size,
        level=level,
        target=claim.value,
        margin=claim.tolerance,
        p=1.0 if off else 0.0,
        p_short=0.0 if off else 1.0,
        low=float(values.min()),
        mean=float(values.mean()),
        high=float(values.max()),
        worst=worst,
        off=off,
    )


def _is_off(value: float, claim: ExactClaim) -> bool:
    """Whether a value is farther from the claim's than the tolerance, by the numbers as written.

    In binary 13.875 is farther from 13.87 than 0.005.
    """
    exact, target, tolerance = (
        Decimal(repr(float(number))) for number in (value, claim.value, claim.tolerance)
    )
    return abs(exact - target) > tolerance
