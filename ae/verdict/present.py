"""The published side of a claim, as its paper prints it."""

from ae.spec import (
    Claim,
    Direction,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    TrendClaim,
    ValueClaim,
)
from ae.verdict.result import with_uncertainty

POOLED = {
    "mean": "mean",
    "explained": "share explained (%)",
    "dominance": "chance of the best (%)",
    "correlation": "rank correlation",
}


def published(claim: Claim, direction: Direction) -> str:
    """What the paper says, in a table's cell: `3.00 nats`, `ae-30 < pca-30`, `up over a, b, c`."""
    match claim:
        case ValueClaim():
            return _number(claim)
        case OrderClaim():
            relation = "<" if direction == "lower" else ">"
            gap = "" if claim.gap is None else f" (by {abs(claim.gap):g})"
            return f"{claim.better} {relation} {claim.worse}{gap}"
        case EqualClaim():
            return f"{claim.runs[0]} = {claim.runs[1]}"
        case TrendClaim():
            return f"{claim.moves} over {', '.join(claim.runs)}"
        case ExactClaim():
            return f"{claim.value:g} ± {claim.tolerance:g} {claim.unit}".strip()
        case FigureClaim():
            return _reading(claim)
        case PooledClaim():
            return f"{POOLED[claim.statistic]} {claim.sense} {claim.bound:g}"


def _number(claim: ValueClaim) -> str:
    spread = claim.spread.value
    known = "" if claim.spread.kind == "none" or spread is None else f" ± {spread:g}"
    least = "at least " if claim.sense == "at_least" else ""
    best = f" (best of {claim.best_of})" if claim.best_of is not None else ""
    return f"{least}{claim.value:.{claim.digits}f}{known} {claim.unit}".strip() + best


def _reading(claim: FigureClaim) -> str:
    first, second = claim.readings
    if claim.log_axis:
        return f"{(first * second) ** 0.5:.3g} {claim.unit} ({claim.figure})"
    half = max(abs(first - second) / 2, claim.half_width)
    return f"{with_uncertainty((first + second) / 2, half)} {claim.unit} ({claim.figure})"
