"""What a judgement says: one word, one sentence, and the numbers behind both."""

import math
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

Word = Literal["REPRODUCED", "BETTER", "SHORT", "INCONCLUSIVE", "UNTESTED"]
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]

ALPHA = 0.05
WORST = 1e60  # a value beyond this is no number: its run counts as diverged


@dataclass(frozen=True)
class Finding:
    """What the data say about one claim; the fields are those of `Verdict`."""

    word: Word
    note: str
    ours: str
    seeds: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    target: float | None = None
    margin: float | None = None
    sd: float | None = None
    p: float | None = None
    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One claim, judged.

    Attributes:
        claim: the claim's id.
        word: the verdict.
        note: one plain sentence that says why, or what is missing.
        published: the published side as printed.
        ours: our side: mean, half-width of the 90 % interval, number of seeds.
        mean: our number in the metric's unit; for an order the advantage of the better run and
            for a trend the end-to-end effect, both positive when they are as claimed.
        low: lower end of the 90 % interval that decides (of the values, if the claim is exact).
            For a number it holds the uncertainty of the published value too, so that it lies
            within `target ± margin` exactly when the word is REPRODUCED.
        high: upper end of the same.
        target: the published number, after `best_of`; 0 for an order, a trend, an equality.
        margin: the margin that was used. On a log axis `mean`, `low`, `high` and `target` are in
            the metric's unit and `margin` in natural-log units.
        seeds: how many seeds the verdict rests on.
        sd: run-to-run standard deviation (of the paired differences, for an order).
        p: one-sided p of the claim for an order and a trend, of equivalence for an equality.
        extra: whatever else the rule computes; `p_short` is the p of the word SHORT.
        primary: whether the paper's headline rests on it.
        control: whether it tests the measurement and not the paper.
        tier: the tier of the record.
    """

    claim: str
    word: Word
    note: str
    published: str
    ours: str
    mean: float | None
    low: float | None
    high: float | None
    target: float | None
    margin: float | None
    seeds: int
    sd: float | None
    p: float | None
    extra: dict[str, float]
    primary: bool
    control: bool
    tier: str


def usable(values: Array) -> Array:
    """A copy in which every value that is no number is NaN, the mark of a diverged run."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < WORST, values, np.nan)


def with_worst(values: Array) -> Array:
    """NaN replaced by one value far below all others; higher is better in `values`.

    Far enough that in any sum over the seeds the diverged runs count first.
    """
    lost = np.isnan(values)
    known = values[~lost]
    if not known.size or not lost.any():
        return np.nan_to_num(values)
    span = float(known.max() - known.min())
    return np.where(lost, known.min() - 1e3 * (span or max(1.0, abs(float(known[0])))), values)


def unstable(values: Array) -> bool:
    """Whether more than max(1, K/5) of K runs diverged."""
    return int(np.isnan(values).sum()) > max(1, values.size // 5)


def significant(p: float | Array) -> Flags:
    """Whether p is at most 5 %, forgiving the rounding of exact fractions."""
    return np.asarray(p) <= ALPHA + 1e-12


def one(words: Words) -> Word:
    """The only word of an array of one."""
    return cast(Word, str(words.item()))


def optional(value: float) -> float | None:
    """The value, or None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def with_uncertainty(value: float, half: float | None) -> str:
    """A value with its uncertainty to two significant digits: `6.660 ± 0.050`."""
    if not math.isfinite(value):
        return "no finite mean"
    if half is None or not math.isfinite(half):
        return f"{value:.6g}"
    if not 1e-9 < half < 1e7:
        return f"{value:.6g} ± {half:.2g}"
    places = 1 - math.floor(math.log10(half))
    places = 1 - math.floor(math.log10(round(half, places)))
    shown = max(0, places)
    return f"{round(value, places) + 0.0:.{shown}f} ± {round(half, places):.{shown}f}"
