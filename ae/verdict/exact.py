"""Properties that every seed must have to a stated tolerance."""

import math

import numpy as np

from ae.spec import ExactClaim
from ae.verdict.result import Array, Finding, optional, usable


def verdict_exact(claim: ExactClaim, values: Array) -> Finding:
    """Judge a property that every seed must have to a stated tolerance.

    `low` and `high` of the finding are the smallest and the largest value.
    """
    values = usable(values)
    off = np.abs(values - claim.value)
    held = bool((off <= claim.tolerance).all())
    lost = int(np.isnan(values).sum())
    worst = float(np.nanmax(off)) if lost < values.size else math.nan
    if held:
        note = f"every seed is within {claim.tolerance:g} of {claim.value:g}"
    elif lost:
        note = f"{lost} of {values.size} seeds diverged"
    else:
        count = int((off > claim.tolerance).sum())
        note = f"{count} of {values.size} seeds are off, by up to {worst:.3g}"
    finite = values[~np.isnan(values)]
    shown = f"{finite.min():.6g} to {finite.max():.6g}" if finite.size else "no finite value"
    extra = {"p_short": 1.0 if held else 0.0, "diverged": float(lost)}
    return Finding(
        word="REPRODUCED" if held else "SHORT",
        note=note,
        ours=f"{shown} (n = {values.size})",
        seeds=values.size,
        mean=optional(float(values.mean())),
        low=float(finite.min()) if finite.size else None,
        high=float(finite.max()) if finite.size else None,
        target=claim.value,
        margin=claim.tolerance,
        sd=optional(float(values.std(ddof=1))) if values.size > 1 else None,
        extra=extra | ({"worst": worst} if math.isfinite(worst) else {}),
    )
