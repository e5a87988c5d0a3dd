"""Whether a training applied what the baseline's did: exactly, or within rounding; no statistics.

What all seeds share (shapes, steps, an optimiser's numbers, schedules) must be the same. What each
seed draws (first weights, the first batch and noise) has mean and deviation of the first draw: within
three times the range of the baseline's seeds, where no draw of that law leads. Two seeds must not draw
the same.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from ae.records.entries import Value

ROUNDING = 1e-5  # of a number: what another machine may change
RANGES = 3.0  # beyond the baseline's seeds
FACTOR = 2.0  # for how far a first step moves: units that are off at first do not move
CORRELATED = 0.5  # two seeds' noise, at the least
DIGEST, CORRELATION, STEP = "digest", "correlation", "first step"
Table = Mapping[str, Sequence[Value]]


def condensed(tables: Sequence[Table]) -> dict[str, list[Value]]:
    """What a baseline keeps of `RunRecord.applied`: what all seeds share, least and greatest, digests.

    Empty if a record has none.
    """
    if not all(tables):
        return {}
    found: dict[str, list[Value]] = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        values = list(dict.fromkeys(v for table in tables for v in table.get(key, ["absent"])))
        numbers = [v for v in values if not isinstance(v, str)]
        if len(values) > 1 and len(numbers) == len(values):
            values = [min(numbers), max(numbers)]
        found[key] = values
    return found


def changes(new: Table, old: Table, *, same_device: bool) -> Iterator[tuple[str, str]]:
    """What was applied differently: its name and a sentence, both sides in it.

    Args:
        new: `applied` of the record's run.
        old: That of the baseline's.
        same_device: Elsewhere some of it is not seen: then what both have is compared.
    """
    for key in dict.fromkeys((*old, *new)):
        if key not in new or key not in old:
            if same_device:
                said = "not in the baseline" if key not in old else "in the baseline alone"
                shown = _shown(new.get(key, old.get(key, ())))
                yield key, f"{said}: {shown}"
        elif not _agrees(key.rpartition("/")[2], new[key], old[key]):
            yield key, f"{_shown(old[key])} in the baseline, {_shown(new[key])} now"


def _agrees(kind: str, new: Sequence[Value], old: Sequence[Value]) -> bool:
    if not new or not old:  # a file may say so
        return not new and not old
    if kind == DIGEST:
        return len(old) == 1 or not {*new} & {*old}
    numbers = [v for v in (*old, *new) if not isinstance(v, str)]
    if len(numbers) < len(old) + len(new):
        return {*new} <= {*old}
    low, high = min(numbers[: len(old)]), max(numbers[: len(old)])
    if kind == CORRELATION:
        return max(numbers[len(old) :]) < max(CORRELATED, 2 * high)
    slack = ROUNDING * max(abs(low), abs(high)) + RANGES * (high - low)
    if kind == STEP:
        low, high = low / FACTOR, high * FACTOR
    return all(low - slack <= v <= high + slack for v in numbers[len(old) :])


def _shown(values: Sequence[Value]) -> str:
    """One value, or from the least to the greatest."""
    numbers = [v for v in values if not isinstance(v, str)]
    if len(numbers) < len(values):
        words = list(dict.fromkeys(map(str, values)))
        return words[0] if len(words) == 1 else f"{words[0]} and {len(words) - 1} more"
    if not numbers or any(math.isnan(v) for v in numbers):
        return "nothing"
    low, high = min(numbers), max(numbers)
    return f"{low:.6g}" if low == high else f"{low:.4g} to {high:.4g}"
