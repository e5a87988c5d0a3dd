"""Numbers, dates and durations as a reader sees them.

One number is written by `ae.verdict.numbers`. A column of numbers is padded with spaces as wide as a
digit, so that right-aligned decimal points stand below each other.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ae.verdict.numbers import MINUS, SUPERSCRIPT, fixed, number, places, shorn

DIGIT_SPACE, POINT_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"


def typeset(words: str) -> str:
    """Words with true minus signs, powers of ten, and a range without extent as one number."""
    words = re.sub(r"(?<!\S)(\S+) to \1(?!\S)", r"\1", words)
    words = re.sub(
        r"(?<=\d)e([+-]\d+)\b",
        lambda found: f" × 10{str(int(found[1])).translate(SUPERSCRIPT)}",
        words,
    )
    words = re.sub(r"(?<=\d)\^(-?\d+)\b", lambda found: found[1].translate(SUPERSCRIPT), words)
    return re.sub(r"(?<![\w.)])-(?=\d)", MINUS, words)


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


def even(values: Sequence[float]) -> list[str]:
    """Finite numbers with as many decimals each: the largest has at least six significant digits.

    The smallest has at least three; far from one, each has six and a power of ten.
    """
    sizes = [abs(v) for v in values if v]
    if not sizes or min(sizes) < 1e-4 or max(sizes) >= 1e7:
        return [number(v, 6) for v in values]
    return shorn(values, max(places(max(sizes), 6), places(min(sizes), 3), 0))


def joined(words: Sequence[str]) -> str:
    """Words after one another; with semicolons where one of them has a comma itself."""
    return ("; " if any("," in word for word in words) else ", ").join(words)


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


def web(url: str) -> str | None:
    """The address if it is http or https, else None."""
    return url if urlsplit(url).scheme in ("http", "https") else None
