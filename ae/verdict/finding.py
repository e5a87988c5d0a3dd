"""What the data say about one claim: a word, a sentence, and the numbers behind both, by kind."""

import math
from dataclasses import dataclass, field
from typing import Literal

from ae.verdict.numbers import Interval, extent
from ae.verdict.result import ALPHA, Word

Reason = Literal[
    "diverged",
    "too low",
    "too high",
    "reversed",
    "tie",
    "step back",
    "flat",
    "apart",
    "off",
    "rival diverged",
    "control failed",
    "or better",
]
"""Why a claim is SHORT; or INVALID ("rival diverged", "control failed"); "or better" of a number read
off a figure that is reproduced and more, for a figure is never bettered."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A word on a claim, and why.

    Attributes:
        word: the word.
        note: one plain sentence that says why, or what is missing.
        seeds: how many seeds it rests on.
        reason: why it is SHORT or INVALID; or that a figure is reproduced and more.
        level: the error on either side that the word may have; 5 % but for looks.
        interval: our number; for an order the advantage of the run that should be better, for a
            trend the end-to-end effect, both positive where they are as claimed.
        target: what it is compared with: the published number, after `best_of`; 0 for an order, a
            trend, an equality; the bound of a pooled claim.
        margin: the margin that was used; on a logarithmic axis in natural-log units.
        p: one-sided p of what the claim says.
        p_short: p of the word SHORT.
    """

    word: Word
    note: str
    seeds: int
    reason: Reason | None = None
    level: float = ALPHA
    interval: Interval | None = None
    target: float | None = None
    margin: float | None = None
    p: float | None = None
    p_short: float = 1.0

    @property
    def decided(self) -> bool:
        """Whether more seeds would change nothing: a claim with looks is not looked at again."""
        return self.word not in ("INCONCLUSIVE", "UNTESTED")

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Our number and both ends of its interval; NaN for what is not known."""
        if self.interval is None:
            return math.nan, math.nan, math.nan
        return self.interval.mean, self.interval.low, self.interval.high

    @property
    def written(self) -> tuple[str, str]:
        """Our number: the mean and half its interval, or one phrase and nothing."""
        if self.interval is None:
            return "", ""
        return self.interval.written if self.interval.even else (str(self.interval), "")

    @property
    def detail(self) -> str:
        """What else a reader of a table needs."""
        return ""

    @property
    def ours(self) -> str:
        """Our side in a line: `6.66 ± 0.11, p = 0.031 (n = 5)`."""
        shown = ", ".join(filter(None, (" ± ".join(filter(None, self.written)), self.detail)))
        return f"{shown} (n = {self.seeds})" if shown else f"(n = {self.seeds})"


@dataclass(frozen=True, kw_only=True)
class Diverged(Finding):
    """Seeds diverged: `lost` of each run, by its name."""

    lost: dict[str, int] = field(default_factory=dict)

    @property
    def written(self) -> tuple[str, str]:
        """How many, in the worst run."""
        return f"{max(self.lost.values(), default=0)} of {self.seeds} seeds diverged", ""


@dataclass(frozen=True, kw_only=True)
class ValueFinding(Finding):
    """A number against a printed one, or one read off a figure.

    `advantage` is how much better we are and `half` the half-width of its interval, `sigma` the
    spread that was believed. z asks whether the published number could be one draw of ours: it
    could where |z| < `z_limit`. On a logarithmic axis all of these are in natural-log units.
    """

    advantage: float
    half: float
    sd: float | None
    sigma: float
    z: float | None
    z_limit: float | None
    underpowered: bool
    logarithmic: bool = False


@dataclass(frozen=True, kw_only=True)
class ExactFinding(Finding):
    """A property of every seed: ends and mean of the values, the worst distance, how many are off."""

    low: float
    mean: float
    high: float
    worst: float
    off: int

    @property
    def numbers(self) -> tuple[float, float, float]:
        """The mean of the values, the least and the greatest."""
        return self.mean, self.low, self.high

    @property
    def written(self) -> tuple[str, str]:
        """Both ends with as many digits, or the one value."""
        return extent(self.low, self.high), ""


@dataclass(frozen=True, kw_only=True)
class OrderFinding(Finding):
    """One run against another.

    `superiority` is the chance that a seed of the first is better than one of the second; `p` is
    of the claim alone, `p_adjusted` after correction for `family` claims about the same runs.
    `material` is what the lower end of the interval must reach. `means` are both runs' own, that
    which should be better first.
    """

    sd: float
    p_reversed: float
    p_adjusted: float
    family: int
    superiority: float
    material: float
    gap: float | None
    means: tuple[float, ...] = ()

    @property
    def decided(self) -> bool:
        """An advantage that may still be large enough is not."""
        if self.word == "SMALLER" and self.interval is not None:
            return self.interval.high < self.material
        return super().decided

    @property
    def detail(self) -> str:
        """p as it counts, and the chance."""
        return f"p = {self.p_adjusted:.2g}, PI = {self.superiority:.2f}"


@dataclass(frozen=True, kw_only=True)
class EqualFinding(Finding):
    """Two runs that should not differ; `p` is of the equivalence, adjusted as for an order.

    `means` are both runs' own, in the claim's order.
    """

    sd: float
    p_adjusted: float
    family: int
    superiority: float
    underpowered: bool
    means: tuple[float, ...] = ()

    @property
    def detail(self) -> str:
        """p as it counts."""
        return f"p = {self.p_adjusted:.2g}"


@dataclass(frozen=True, kw_only=True)
class TrendFinding(Finding):
    """A sweep; `p` is Page's, adjusted as for an order.

    `steps` are the adjacent steps, positive as claimed. `tau` and `isotonic_r2` are of the means:
    Kendall's agreement with the claimed order, and the share of their variance that the best
    sequence in that order explains. `means` are the runs' own, in the claim's order.
    """

    steps: tuple[Interval, ...]
    p_opposite: float
    p_adjusted: float
    family: int
    p_step_back: float
    material: float
    tau: float
    isotonic_r2: float
    means: tuple[float, ...] = ()

    @property
    def decided(self) -> bool:
        """Steps that may all still be large enough are not."""
        if self.word == "SMALLER":
            return any(step.high < self.material for step in self.steps)
        return super().decided

    @property
    def detail(self) -> str:
        """Page's p as it counts, and tau."""
        return f"Page p = {self.p_adjusted:.2g}, tau = {self.tau:.2f}"


@dataclass(frozen=True, kw_only=True)
class PooledFinding(Finding):
    """A statistic of many runs; `p` of its side of the bound, adjusted as for an order."""

    p_adjusted: float
    family: int

    @property
    def detail(self) -> str:
        """p as it counts."""
        return f"p = {self.p_adjusted:.2g}"
