"""Numbers, dates and durations as a reader sees them.

A mean is shown to the place of its uncertainty's second significant digit; a column of numbers is
padded with spaces as wide as a digit, so that right-aligned decimal points stand below each other.
"""

import math
import re
from collections.abc import Sequence

from scipy.special import stdtrit

MINUS = "\N{MINUS SIGN}"
DIGIT_SPACE, POINT_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def half_width(values: Sequence[float]) -> float | None:
    """Half the 90 % t interval of the mean of finite `values`; None for fewer than two."""
    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1))
    return float(stdtrit(count - 1, 0.95)) * deviation / math.sqrt(count)


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


def typeset(words: str) -> str:
    """Words with true minus signs, powers of ten, and a range without extent as one number."""
    words = re.sub(r"(?<!\S)(\S+) to \1(?!\S)", r"\1", words)
    words = re.sub(
        r"(?<=\d)e([+-]\d+)\b",
        lambda found: f" × 10{str(int(found[1])).translate(SUPERSCRIPT)}",
        words,
    )
    return re.sub(r"(?<![\w.)])-(?=\d)", MINUS, words)


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


def aligned(column: Sequence[str]) -> list[str]:
    """Pad numbers on the right so that right-aligned they share the place of the point."""
    tails = [len(c) - c.index(".") - 1 if "." in c else -1 for c in column]
    longest = max(tails, default=-1)
    return [c + _padding(tail, longest) for c, tail in zip(column, tails, strict=True)]


def levelled(column: Sequence[str]) -> list[str]:
    """Pad numbers on the left so that, written from the left, they share the place of the point.

    Whatever follows a number (`± 0.16 %`) stays; an empty cell stays empty.
    """
    heads = [_head(cell) for cell in column]
    longest = max(heads, default=0)
    pairs = zip(column, heads, strict=True)
    return [cell and DIGIT_SPACE * (longest - head) + cell for cell, head in pairs]


def _head(cell: str) -> int:
    """How many characters stand before the point, or before what follows a whole number."""
    return len(cell.split(" ")[0].partition(".")[0])


def _padding(tail: int, longest: int) -> str:
    if tail < 0 <= longest:
        return POINT_SPACE + DIGIT_SPACE * longest
    return DIGIT_SPACE * max(longest - tail, 0)


def between(values: Sequence[float]) -> str:
    """`2.81 … 3.05`: the least and the greatest, to three digits of what lies between them."""
    if not values:
        return ""
    low, high = min(values), max(values)
    decimals = places(high - low, 3) if high > low else 0
    if not high > low or decimals > 6:
        return f"{number(low)} … {number(high)}"
    return f"{fixed(low, decimals)} … {fixed(high, decimals)}"


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
    first, last = _shorn([low, high], max(places(largest, 6), 0))
    return first if first == last else f"{first} to {last}"


def even(values: Sequence[float]) -> list[str]:
    """Finite numbers with as many decimals each: the largest has at least six significant digits.

    The smallest has at least three; far from one, each has six and a power of ten.
    """
    sizes = [abs(v) for v in values if v]
    if not sizes or min(sizes) < 1e-4 or max(sizes) >= 1e7:
        return [number(v, 6) for v in values]
    return _shorn(values, max(places(max(sizes), 6), places(min(sizes), 3), 0))


def _shorn(values: Sequence[float], decimals: int) -> list[str]:
    """The numbers to so many decimals, but for those that are zero in all of them."""
    texts = [fixed(v, decimals) for v in values]
    while decimals and all(text.endswith("0") for text in texts):
        texts, decimals = [text[:-1] for text in texts], decimals - 1
    return [text.rstrip(".") for text in texts]


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 12 s` or `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02d} min"


def count(value: int) -> str:
    """A whole number, its thousands apart."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
