"""Our side of a claim in words and units: `56.5 % against 41.9 %: higher by 14.6 ± 2.6 points`."""

import math

from ae.spec import Claim, Measure, TrendClaim
from ae.verdict.finding import (
    Diverged,
    EqualFinding,
    ExactFinding,
    Finding,
    OrderFinding,
    PooledFinding,
    TrendFinding,
)
from ae.verdict.numbers import Interval, number, uncertain
from ae.verdict.present import apart

FEW = 6  # runs of a sweep of which every mean is told


def told(claim: Claim, measure: Measure, found: Finding) -> str:
    """What was found, with unit and sign; nothing where nothing was."""
    unit = f" {measure.unit}" if measure.unit else ""
    match found:
        case OrderFinding() | EqualFinding() if found.interval is not None and found.means:
            first, second = _shown(found.means, found.interval)
            first += unit if unit == " %" else ""
            change = _turned(found.interval, measure.sign)
            return f"{first} against {second}{unit}: {_by(change, measure, ('higher', 'lower'))}"
        case TrendFinding() if found.interval is not None and found.means:
            change = _turned(found.interval, 1 if _rises(claim) else -1)
            return f"{_sweep(found, unit)}: {_by(change, measure, ('up', 'down'))}"
        case ExactFinding():
            words = found.written[0]
            return f"{words}{unit}" if " to " in words else f"{words}{unit} in every seed"
        case PooledFinding() | Diverged():
            return " ± ".join(filter(None, found.written))
        case _:
            return f"{found.interval}{unit}" if found.interval is not None else ""


def detail(found: Finding) -> str:
    """What else a reader needs; a p that no outcome of so many seeds could undercut is called so."""
    least = 0.5**found.seeds
    sure = isinstance(found, OrderFinding) and math.isclose(found.p_adjusted, least, rel_tol=1e-9)
    return f"{found.detail}; the least p that {found.seeds} seeds allow" if sure else found.detail


def _rises(claim: Claim) -> bool:
    return isinstance(claim, TrendClaim) and claim.moves == "up"


def _shown(means: tuple[float, ...], interval: Interval) -> list[str]:
    """Means to the place of the second digit of what is not known of their difference."""
    half = interval.half if interval.half else math.nan
    return [uncertain(mean, half)[0] for mean in means]


def _sweep(found: TrendFinding, unit: str) -> str:
    assert found.interval is not None
    means = _shown(found.means, found.interval)
    if len(means) > FEW:
        means = [means[0], "…", means[-1]]
    return f"{' → '.join(means)}{unit}"


def _turned(interval: Interval, sign: int) -> Interval:
    """The change in the metric's own sign."""
    if sign > 0:
        return interval
    return Interval(-interval.mean, -interval.high, -interval.low)


def _by(change: Interval, measure: Measure, words: tuple[str, str]) -> str:
    """`higher by 14.6 ± 2.6 points`, with the size of the change alone."""
    size = _turned(change, 1 if change.mean >= 0 else -1)
    shown = number(size.mean) if size.half == 0 else str(size)
    return f"{words[0] if change.mean >= 0 else words[1]} by {shown}{apart(measure)}"
