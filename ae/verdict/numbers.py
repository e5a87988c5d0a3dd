"""Numbers as a reader sees them: the one way to write a number, an interval, a range.

A mean is shown to the place of its uncertainty's second significant digit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
EVEN = 0.02  # by which share of the width a mean may lie off the middle and still be written ±


def places(value: float, digits: int) -> int:
    """Decimal places that show `value` to `digits` significant digits; negative left of the point."""
    if value == 0 or not math.isfinite(value):
        return 0
    first = digits - 1 - math.floor(math.log10(abs(value)))
    carried = digits - 1 - math.floor(math.log10(abs(round(value, first))))
    return min(first, carried)


def fixed(value: float, decimals: int) -> str:
    """`value` rounded to `decimals` places, with a true minus sign; never in E notation."""
    if math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}".replace(
        ",", "\N{NARROW NO-BREAK SPACE}"
    )
    zero = not text.strip("-0.")
    return text.lstrip("-") if zero else text.replace("-", MINUS)


def number(value: float | None, digits: int = 4) -> str:
    """One number to `digits` significant digits; far from one, with a power of ten."""
    if value is None or not math.isfinite(value):
        return "n/a" if value is None else fixed(value, 0)
    if value and not 1e-4 <= abs(value) < 1e7:
        head, _, exponent = f"{value:.17e}".partition("e")
        return f"{number(float(head), digits)} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"
    text = fixed(value, max(places(value, digits), 0))
    return text.rstrip("0").rstrip(".") if "." in text else text


def uncertain(mean: float | None, half: float | None) -> tuple[str, str]:
    """A mean and its uncertainty, both to the second significant digit of the uncertainty.

    Without an uncertainty (None, zero or not finite), or with one below a millionth of it, the mean
    has four significant digits.
    """
    if mean is None or not math.isfinite(mean):
        return number(mean), ""
    if half is None or not math.isfinite(half):
        return number(mean), ""
    if half < 1e-12 * abs(mean) or half == 0:
        return number(mean), "0"
    if half < 1e-6 * abs(mean):
        return number(mean), number(half, 2)
    decimals = places(half, 2)
    exponent = math.floor(math.log10(max(abs(mean), half)))
    if decimals > 6 and exponent != 0:
        inner, width = uncertain(mean / 10.0**exponent, half / 10.0**exponent)
        power = f" × 10{str(exponent).translate(SUPERSCRIPT)}"
        return inner + power, width + power
    return fixed(mean, decimals), fixed(half, decimals)


def plus_minus(mean: float | None, half: float | None) -> str:
    """`13.866 ± 0.012`, or the mean alone where there is no uncertainty."""
    shown, width = uncertain(mean, half)
    return f"{shown} ± {width}" if width else shown


def extent(low: float, high: float) -> str:
    """`−3.10200 to 12.5000` with as many decimals at either end; one number where both agree.

    Six significant digits of the end that is farther from zero; far from one, a power of ten.
    """
    largest = max(abs(low), abs(high))
    if largest < 1e-300:
        return "0"
    if not 1e-4 <= largest < 1e7:
        exponent = math.floor(math.log10(largest))
        inner = extent(low / 10.0**exponent, high / 10.0**exponent)
        inner = f"({inner})" if " to " in inner else inner
        return f"{inner} × 10{str(exponent).translate(SUPERSCRIPT)}"
    first, last = shorn([low, high], max(places(largest, 6), 0))
    return first if first == last else f"{first} to {last}"


def shorn(values: Sequence[float], decimals: int) -> list[str]:
    """The numbers to so many decimals, but for those that are zero in all of them."""
    texts = [fixed(v, decimals) for v in values]
    while decimals and all(text.endswith("0") for text in texts):
        texts, decimals = [text[:-1] for text in texts], decimals - 1
    return [text.rstrip(".") for text in texts]


@dataclass(frozen=True)
class Interval:
    """A number of ours with its interval, in the metric's unit; NaN for ends that are not known."""

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2

    @property
    def even(self) -> bool:
        """Whether the mean lies in the middle."""
        off, width = self.low + self.high - 2 * self.mean, self.high - self.low
        return math.isnan(width) or abs(off) <= EVEN * width

    @property
    def written(self) -> tuple[str, str]:
        """The mean, and half the width or both ends."""
        if self.even:
            return uncertain(self.mean, self.half)
        decimals = places(self.half, 2)
        ends = (fixed(end, decimals) for end in (self.low, self.high))
        return fixed(self.mean, decimals), "{} to {}".format(*ends)

    def __str__(self) -> str:
        """`13.866 ± 0.012`, or `18 (12 to 27)` where it is not even."""
        mean, rest = self.written
        if not rest:
            return mean
        return f"{mean} ± {rest}" if self.even else f"{mean} ({rest})"


def at_level(level: float) -> str:
    """What the interval of such an error is called: `90 % interval`."""
    return f"{number(100 * (1 - 2 * level), 3)} % interval"
