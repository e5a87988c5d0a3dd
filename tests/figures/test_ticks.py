"""Which numbers stand beside an axis that grows by factors."""

import pytest

from ae.figures.layout.drawing import style
from ae.figures.layout.sheet import sheet
from ae.figures.layout.ticks import amount, decades, plain


def test_amounts_are_short():
    found = [amount(v) for v in (200, 1000, 50_000, 1e6, 1.5e8)]
    assert found == ["200", "1 k", "50 k", "1 M", "150 M"]


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (30.0, ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20"]),
        (1e3, ["0.1", "1", "10", "100", "1000"]),
    ],
)
def test_doubles_and_fives_have_numbers_where_there_are_few(high, expected):
    with style():
        axes = sheet(1000, 500).subplots()
        axes.set(xscale="log", xlim=(0.09, high))
        decades(axes, plain)
        axes.figure.draw_without_rendering()
        seen = [
            label.get_text()
            for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
            if 0.09 <= place <= high
        ]
    assert seen == expected
