"""The other side of a claim in words: its target, whose that is, its spread, our tolerance."""

import math
from collections.abc import Mapping

from ae.spec import (
    Claim,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    Measure,
    OrderClaim,
    PooledClaim,
    TrendClaim,
    ValueClaim,
)
from ae.verdict.numbers import Interval, number

POOLED = {
    "mean": "mean",
    "explained": "share explained (%)",
    "dominance": "chance of the best (%)",
    "correlation": "rank correlation",
}
SPREADS = {
    "sd": "sd",
    "se": "se",
    "ci95": "95 % interval",
    "examples": "over test examples",
    "folds": "over folds",
    "binomial": "binomial",
}


def target(claim: Claim, measure: Measure, labels: Mapping[str, str] = {}) -> str:
    """What a claim is judged against, in a table's cell: `3.00 nats`, `a < b`, `up over a, b, c`.

    Runs are called by their `labels`, where those are given, else by their names.
    """

    def called(*runs: str) -> list[str]:
        return [labels.get(run, run) for run in runs]

    match claim:
        case ValueClaim():
            least = "at least " if claim.sense == "at_least" else ""
            best = f" (best of {claim.best_of})" if claim.best_of is not None else ""
            return f"{least}{claim.printed} {measure.unit}".strip() + best
        case OrderClaim():
            better, worse = called(*claim.arms(measure.direction))
            relation = "<" if measure.direction == "lower" else ">"
            gap = "" if claim.gap is None else f" (by {abs(claim.gap):g})"
            return f"{better} {relation} {worse}{gap}"
        case EqualClaim():
            return " = ".join(called(*claim.runs))
        case TrendClaim():
            words = called(*claim.runs)
            apart = "; " if any("," in word for word in words) else ", "
            return f"{claim.moves} over {apart.join(words)}"
        case ExactClaim():
            return f"{claim.value:g} {measure.unit}".strip()
        case FigureClaim():
            return f"{_reading(claim)[0]} {measure.unit}".rstrip() + f" ({claim.figure})"
        case PooledClaim():
            return f"{POOLED[claim.statistic]} {claim.sense} {claim.bound:g}"


def spread(claim: Claim) -> str:
    """How uncertain the target is by its source: `± 0.27 (binomial)`; nothing where it does not say."""
    match claim:
        case ValueClaim() if claim.spread.value is not None:
            kind = SPREADS[claim.spread.kind]
            runs = "" if claim.spread.n is None else f", n = {claim.spread.n}"
            return f"± {claim.spread.value:g} ({kind}{runs})"
        case FigureClaim():
            return f"{_reading(claim)[1]} (reading)"
        case _:
            return ""


def _reading(claim: FigureClaim) -> tuple[str, str]:
    """The middle of both readings, and how far off it may be."""
    first, second = claim.readings
    if claim.log_axis:
        low, high = sorted(claim.readings)
        return f"{math.sqrt(first * second):.3g}", f"{low:.3g} to {high:.3g}"
    half = max(abs(first - second) / 2, claim.half_width)
    middle = (first + second) / 2
    mean, width = Interval(middle, middle - half, middle + half).written
    return mean, f"± {width}"


def apart(measure: Measure) -> str:
    """The unit of a difference, with a space before it: percents differ by points."""
    unit = "points" if measure.unit == "%" else measure.unit
    return f" {unit}" if unit else ""


def tolerance(claim: Claim, measure: Measure, margin: float | None = None) -> str:
    """What this suite allows, or asks at least; `margin` is the one that was used, if another."""
    unit = apart(measure)
    match claim:
        case PooledClaim():
            return ""
        case ExactClaim():
            return f"± {number(claim.tolerance)}{unit}"
        case OrderClaim() | TrendClaim():
            return f"≥ {number(claim.material * (margin or claim.margin))}{unit}"
        case FigureClaim() if claim.log_axis:
            return f"× or ÷ {number(math.exp(margin or claim.margin), 3)}"
        case _:
            return f"± {number(margin or claim.margin)}{unit}"


def whose(claim: Claim) -> str:
    """How a claim was come by, and by whom it is where it is not the paper's."""
    if claim.status == "calculated":
        return f"calculated by {claim.by or 'us'}"
    return claim.status if claim.by is None else f"{claim.status}, by {claim.by}"
