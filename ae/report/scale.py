"""An axis: from values to places on a sheet, and the round values along it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ae.verdict.numbers import fixed, number, places


@dataclass(frozen=True)
class Scale:
    """From values `low` to `high` to places on the sheet.

    `bend` is `log` for a logarithmic axis, and `asinh` for one that is compressed far from zero.
    """

    low: float
    high: float
    start: float
    end: float
    bend: Literal["none", "log", "asinh"] = "none"

    def __call__(self, value: float) -> float:
        """Where `value` lies on the sheet."""
        low, high, at = (self._bent(v) for v in (self.low, self.high, value))
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def _bent(self, value: float) -> float:
        if self.bend == "log":
            return math.log10(value)
        return math.asinh(value) if self.bend == "asinh" else value

    def ticks(self, about: int = 4) -> list[tuple[float, str]]:
        """Round values within the scale, about that many, with their labels."""
        if self.bend == "log":
            return self._decades(about)
        span = self.high - self.low
        unit = 10.0 ** math.floor(math.log10(span / about))
        factor = min((1, 2, 2.5, 5, 10), key=lambda m: abs(span / (unit * m) - about))
        step = unit * factor
        first = math.ceil(self.low / step - 1e-9)
        values = [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
        decimals = max(places(step, 2 if factor == 2.5 else 1), 0)
        if decimals > 6 or abs(self.high) >= 1e7:
            return [(v, number(v, 3)) for v in values]
        return [(v, fixed(v, decimals)) for v in values]

    def _decades(self, about: int) -> list[tuple[float, str]]:
        low, high = math.log10(self.low), math.log10(self.high)
        steps = (1,) if high - low > 2 else (1, 2, 5)
        each = max(1, math.ceil((high - low) / about)) if steps == (1,) else 1
        decades = range(math.floor(low), math.ceil(high) + 1, each)
        values = [m * 10.0**decade for decade in decades for m in steps]
        return [(v, number(v, 2)) for v in values if self.low <= v <= self.high]


def around(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """The range of `values` with some air on both sides; never empty."""
    low, high = min(values), max(values)
    air = (high - low) * share or abs(low) * 0.05 or 1.0
    return low - air, high + air
