"""Whether the numbers of a claim lie where its metric does, and are as fine as what is printed."""

from collections.abc import Iterator
from decimal import Decimal

from ae.spec import Claim, ExactClaim, FigureClaim, OrderClaim, PooledClaim, Spec, ValueClaim
from ae.spec.measure import Measure
from ae.toml.file import Fault

PERCENT = "%"
WHOLE = 100.0  # of a share in percent


def oversized(spec: Spec) -> Iterator[Fault]:
    """Numbers of claims that no value of their metric can have or reach, or that are too fine."""
    known = {measure.name: measure for measure in spec.measure}
    for number, claim in enumerate(spec.claim):
        if claim.metric in known:
            faults = _beyond(claim, known[claim.metric])
            yield from (Fault(("claim", number, *f.steps), f.text) for f in faults)


def _beyond(claim: Claim, measure: Measure) -> Iterator[Fault]:
    low, high, why = _range(claim, measure)
    for key, value in _targets(claim) if why else ():
        if not low <= value <= high:
            yield Fault((key,), f"found {value:g}; expected {low:g} to {high:g}, for {why}")
    if measure.unit == PERCENT and not (isinstance(claim, FigureClaim) and claim.log_axis):
        for key, value in _widths(claim):
            if abs(value) >= WHOLE:
                text = f"found {value:g}; expected less than 100, for {measure.name!r} is in %"
                yield Fault((key,), text)
    if isinstance(claim, ValueClaim):
        yield from _finer(claim)


def _range(claim: Claim, measure: Measure) -> tuple[float, float, str]:
    """Where the numbers of a claim lie, and why; no reason where that is not known."""
    if isinstance(claim, PooledClaim) and claim.statistic == "correlation":
        return -1.0, 1.0, "it is a correlation"
    if isinstance(claim, PooledClaim) and claim.statistic in ("explained", "dominance"):
        return 0.0, WHOLE, f"{claim.statistic!r} is in %"
    if measure.unit == PERCENT:
        why = f"{measure.name!r} is in %; a ratio or a difference has a unit of its own"
        return 0.0, WHOLE, why
    return 0.0, 0.0, ""


def _targets(claim: Claim) -> list[tuple[str, float]]:
    """The numbers of a claim that stand for values of its metric, or for its statistic."""
    match claim:
        case ValueClaim():
            return [("printed", claim.value)]
        case ExactClaim():
            return [("value", claim.value)]
        case FigureClaim():
            return [("readings", reading) for reading in claim.readings]
        case PooledClaim():
            return [("bound", claim.bound)]
        case _:
            return []


def _widths(claim: Claim) -> list[tuple[str, float]]:
    """The numbers of a claim that stand for differences of values."""
    match claim:
        case ExactClaim():
            return [("tolerance", claim.tolerance)]
        case PooledClaim():
            return []
        case OrderClaim() if claim.gap is not None:
            return [("margin", claim.margin), ("gap", claim.gap)]
        case _:
            return [("margin", claim.margin)]


def _finer(claim: ValueClaim) -> Iterator[Fault]:
    """A margin within the rounding of the printed number, in decimal: not to be told from it.

    A count has no rounding, and no digits behind a point.
    """
    if claim.counted:
        if claim.digits:
            yield Fault(
                ("printed",), f"found {claim.printed}; expected a whole number: it is counted"
            )
        return
    rounding = Decimal(5).scaleb(-claim.digits - 1)
    if Decimal(repr(claim.margin)) < rounding:
        text = (
            f"found {claim.margin:g}; expected at least {rounding}, half of the last digit of the "
            f"printed {claim.printed}"
        )
        yield Fault(("margin",), text)
