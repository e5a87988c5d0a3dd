"""How a cost grows with a quantity: both on logarithmic axes, beside a line of slope one."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ae.report.canvas import Sheet
from ae.report.scale import Scale
from ae.verdict.numbers import number


def plot(
    name: str,
    title: str,
    at: Sequence[float],
    values: Sequence[float],
    labels: tuple[str, str],
) -> Element:
    """Dots joined by a line; the dashed line from the first dot grows in proportion."""
    width, left, top, base = 340, 52, 24, 176
    proportional = [values[0] * a / at[0] for a in at]
    every = [*values, *proportional]
    x = Scale(min(at) / 1.15, max(at) * 1.15, left, width - 10, "log")
    y = Scale(min(every) / 1.2, max(every) * 1.2, base, top, "log")
    told = ", ".join(f"{number(v, 3)} at {number(a)}" for a, v in zip(at, values, strict=True))
    sheet = Sheet(name=name, title=title, description=f"{told}.", size=(width, base + 40))
    for value, words in y.ticks(5):
        sheet.line([(left, y(value)), (width - 10, y(value))], role="grid")
        sheet.text((left - 4, y(value) + 3.5), words, anchor="end", role="faint")
    sheet.line([(left, base), (width - 10, base)])
    right = 0.0
    for a in at:
        words = number(a)
        half = 2.8 * len(words)
        sheet.line([(x(a), base), (x(a), base + 3)])
        if x(a) - half > right:
            sheet.text((x(a), base + 14), words, anchor="middle", role="faint")
            right = x(a) + half + 3
    sheet.text((2, top - 10), f"{labels[1]} (log scales)", role="faint")
    sheet.text(((left + width - 10) / 2, base + 30), labels[0], anchor="middle", role="faint")
    sheet.line([(x(a), y(v)) for a, v in zip(at, proportional, strict=True)], role="zero")
    sheet.curve([(x(a), y(v)) for a, v in zip(at, values, strict=True)], 0)
    for a, v in zip(at, values, strict=True):
        sheet.dot((x(a), y(v)))
    return sheet.root
