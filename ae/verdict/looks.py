"""Looks: a claim judged at growing numbers of seeds, until it is decided.

A claim with `looks = [3, 5, 10]` is judged on the first 3 of the seeds that the spec lists; if that
leaves it undecided, on the first 5, and then on the first 10. Were each look judged at 5 %, a false
word would have three chances. Instead the 5 % are spent over the looks: up to n of N seeds, at most
0.05 sqrt(n / N) in all, and a look may err by what that allows beyond what the looks before it could
have erred. The sum of their errors bounds the error of all, whatever is tested. A look that
cannot decide spends nothing: an order needs five seeds a run before its exact test can reject.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ae.spec import (
    Claim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    Spec,
    TrendClaim,
    ValueClaim,
    runs_of,
)
from ae.spec.tiers import cells
from ae.verdict import comparison, pooled, trend, value
from ae.verdict.result import ALPHA

Listed = Mapping[str, tuple[int, ...]]
"""The seeds that a spec lists for each run of a tier."""


@dataclass(frozen=True)
class Look:
    """One of a claim's looks: at how many seeds, with which error; None: it cannot decide."""

    seeds: int
    level: float | None
    last: bool


def listed_seeds(spec: Spec, tier: str) -> dict[str, tuple[int, ...]]:
    """The seeds of every run of a tier, as the spec lists them; all its runs where it has no such."""
    if tier not in spec.tier:
        return {run.name: spec.train.seeds for run in spec.run}
    return {cell.name: cell.train.seeds for cell in cells(spec, tier, where="the spec")}


def schedule(claim: Claim, listed: Listed) -> tuple[int, ...]:
    """The numbers of seeds at which a claim is judged in a tier; one number if it has no looks.

    Looks beyond the seeds that the tier lists are one look at all of them.
    """
    most = max((len(listed[run]) for run in runs_of(claim) if run in listed), default=1)
    if claim.looks is None:
        return (most,)
    last = min(most, claim.looks[-1])
    return (*(n for n in claim.looks if n < last), last)


def looks_of(claim: Claim, at: Sequence[int]) -> list[Look]:
    """The looks at these numbers of seeds, each with its error on either side."""
    if len(at) == 1:
        return [Look(at[0], ALPHA, True)]
    spent, found = 0.0, []
    for n in at:
        budget = ALPHA * math.sqrt(n / at[-1]) - spent
        level = _attainable(claim, n, budget)
        spent += level or 0.0
        found.append(Look(n, level, n == at[-1]))
    return found


def _attainable(claim: Claim, seeds: int, budget: float) -> float | None:
    """The largest error within the budget that the claim's test can have; None: it cannot reject."""
    match claim:
        case ExactClaim():
            return budget
        case ValueClaim() | FigureClaim():
            return budget if seeds >= value.FEWEST or claim.sigma_pin else None
        case OrderClaim():
            return _exact(seeds, budget)
        case TrendClaim():
            known = seeds >= trend.FEWEST or claim.sigma_pin
            least = float(math.factorial(len(claim.runs))) ** -seeds
            return budget if known and least <= budget else None
        case PooledClaim():
            return budget if seeds >= pooled.FEWEST else None
        case _:
            return budget if seeds >= comparison.UNPAIRED else None


def _exact(seeds: int, budget: float) -> float | None:
    """The largest p of the exact test of two arms that is within the budget."""
    if seeds < comparison.UNPAIRED:
        return None
    paired = seeds >= comparison.PAIRED
    ways = 2**seeds if paired else math.comb(2 * seeds, seeds)
    whole = math.floor(budget * ways + 1e-9)
    return whole / ways if whole else None


def missing(there: Sequence[int], listed: Sequence[int], seeds: int) -> tuple[int, ...]:
    """Which of the first `seeds` listed seeds of a run are to be trained; none where others stand in.

    What counts is the number of seeds, not their names: a record that was made with other seeds
    is judged by as many of them.
    """
    wanted = listed[:seeds]
    absent = [seed for seed in wanted if seed not in there]
    return tuple(absent[: max(0, len(wanted) - len(there))])


def chosen(there: Sequence[int], listed: Sequence[int], seeds: int) -> tuple[int, ...]:
    """The seeds of a run that decide: the first `seeds` listed ones, or as many of those there."""
    wanted = tuple(listed[:seeds])
    return wanted if set(wanted) <= set(there) else tuple(there[: len(wanted)])


def needed(
    claim: Claim, spec: Spec, tier: str, seeds_there: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Which seeds of which runs the claim's next look needs; nothing where it has had all.

    Args:
        claim: A claim of the spec that is not yet decided.
        spec: The spec.
        tier: The tier; runs that it leaves out are not needed.
        seeds_there: The seeds that are trained, by the name of the run.
    """
    listed = listed_seeds(spec, tier)
    runs = [run for run in dict.fromkeys(runs_of(claim)) if run in listed]
    for n in schedule(claim, listed):
        absent = {run: missing(seeds_there.get(run, ()), listed[run], n) for run in runs}
        if found := {run: seeds for run, seeds in absent.items() if seeds}:
            return found
    return {}
