"""One metric that was measured again: its samples, its chances, and what follows, in words."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from ae.spec import Direction
from ae.verdict.result import Array, significant
from ae.verdict.shift import FEWEST, LEAP

Move = Literal["worse", "better", "unchanged", "undecided"]


class Pair(NamedTuple):
    """One metric of one run: values in the order of the seeds, NaN where the run diverged.

    `direction` says which way is better; None: any move counts as worse. `group` names what shares
    the seeds (a spec). `scale` is the metric's magnitude, where its own value is the small
    difference of large numbers.
    """

    baseline: Array
    new: Array
    direction: Direction | None
    group: str = ""
    scale: float = 0.0


class Chances(NamedTuple):
    """Adjusted p of a metric: worse, better, worse in its group alone; outlying and agreeing."""

    worse: float = 1.0
    better: float = 1.0
    own: float = 1.0
    outlying: float = 1.0
    agreeing: float = 1.0


def word_of(p: Chances, *, lost: int, broken: bool, within: bool) -> Move:
    """The state: of `lost` diverged seeds, too many if `broken`; `within` the margin."""
    singly = significant(p.outlying) or significant(p.agreeing)
    if broken or singly or (significant(p.worse) and not within):
        return "worse"
    if lost:
        return "undecided"
    if within:
        return "unchanged"
    return "better" if significant(p.better) else "undecided"


def note_of(
    pair: Pair, word: Move, numbers: Sequence[float], lost: tuple[int, int], found: Chances
) -> str:
    """One plain sentence that says why; `numbers` are difference, low, high, margin and sd."""
    difference, low, high, margin, sd = numbers
    trained = pair.baseline.size - lost[0]
    if trained < FEWEST:
        return f"the baseline has {trained} trained seeds; it needs {FEWEST}"
    if lost[1]:
        base = f"{lost[0]} of {pair.baseline.size} in the baseline"
        return f"{lost[1]} of {pair.new.size} seeds diverged, {base}"
    if word == "worse" and significant(found.worse):
        if pair.direction is not None and difference > LEAP * margin:
            return f"too good: better by more than {LEAP:g} margins; is the same still measured?"
        return ""
    if word == "worse" and significant(found.outlying):
        away = float(np.abs(pair.new - pair.baseline[~np.isnan(pair.baseline)].mean()).max())
        return f"a seed is {away / sd:.3g} spreads of the baseline away"
    if word == "worse" and significant(found.agreeing):
        return f"the seeds agree far too well: within {np.ptp(pair.new) / sd:.2g} spreads"
    if word == "undecided":
        return "; ".join(["not worse"] * (low > -margin) + ["not better"] * (high < margin))
    return ""
