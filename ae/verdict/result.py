"""What all rules share: the words, the level, arrays, and what counts as a number."""

import math
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from ae.records.entries import WORST

Word = Literal["REPRODUCED", "BETTER", "SMALLER", "SHORT", "INCONCLUSIVE", "INVALID", "UNTESTED"]
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]

ALPHA = 0.05
GOOD: tuple[Word, ...] = ("REPRODUCED", "BETTER")  # the words that count as reproduced


def usable(values: Array) -> Array:
    """A copy in which every value that is no number is NaN, the mark of a diverged run."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < WORST, values, np.nan)


def unstable(values: Array) -> bool:
    """Whether more than max(1, K/5) of K runs diverged."""
    return int(np.isnan(values).sum()) > max(1, values.size // 5)


def significant(p: float | Array, level: float = ALPHA) -> Flags:
    """Whether p is at most the level, forgiving the rounding of exact fractions."""
    return np.asarray(p) <= level + 1e-12


def one(words: Words) -> Word:
    """The only word of an array of one."""
    return cast(Word, str(words.item()))


def optional(value: float) -> float | None:
    """The value, or None where it is not finite."""
    return float(value) if math.isfinite(value) else None
