"""Seeds that diverged: they never help a claim.

A diverged seed of what the claim is about makes it SHORT: the paper says nothing of seeds that fail.
One of a rival makes the claim INVALID: a rival that did not train is none. The headline is not
short by a single failure: there the p of a SHORT is that of a binomial test against runs of which
one in twenty may diverge.
"""

import math
from collections.abc import Mapping

import numpy as np

from ae.verdict.finding import Diverged
from ae.verdict.result import ALPHA, Array


def losses(arms: Mapping[str, Array]) -> dict[str, int]:
    """How many seeds of each run, (seeds,) and NaN where one diverged, are lost; only where some are."""
    found = {name: int(np.isnan(values).sum()) for name, values in arms.items()}
    return {name: count for name, count in found.items() if count}


def diverged(
    subjects: Mapping[str, Array], rivals: Mapping[str, Array] = {}, *, margin: float | None = None
) -> Diverged | None:
    """The finding where a seed is NaN; None where all are numbers."""
    lost = losses(subjects)
    arms = {**subjects, **rivals}
    seeds = min(values.size for values in arms.values())
    if lost:
        p = min(p_lost(lost[name], subjects[name].size) for name in lost)
        note = f"diverged: {_told(lost, subjects)}"
        return Diverged(
            word="SHORT",
            reason="diverged",
            note=note,
            seeds=seeds,
            margin=margin,
            p_short=p,
            lost=lost,
        )
    lost = losses(rivals)
    if not lost:
        return None
    return Diverged(
        word="INVALID",
        reason="rival diverged",
        note=f"not valid: a rival diverged ({_told(lost, rivals)})",
        seeds=seeds,
        margin=margin,
        lost=lost,
    )


def _told(lost: Mapping[str, int], arms: Mapping[str, Array]) -> str:
    return "; ".join(f"{lost[n]} of {arms[n].size} seeds of {n}" for n in lost)


def p_lost(lost: int, seeds: int) -> float:
    """P(at least `lost` of the seeds diverge) where one in twenty does."""
    return math.fsum(
        math.comb(seeds, k) * ALPHA**k * (1 - ALPHA) ** (seeds - k) for k in range(lost, seeds + 1)
    )
