"""Panels of small pictures fit the page."""

import pytest

from ae.figures.layout.panels import arranged


@pytest.mark.parametrize(
    ("panels", "columns", "expected"),
    [
        (1, 10, (4, 1)),
        (3, 10, (2, 3)),
        (4, 10, (2, 2)),
        (7, 8, (2, 3)),
        (2, 5, (4, 2)),
        (2, 40, (1, 1)),
    ],
)
def test_panels_fit_the_page_and_are_no_smaller_than_they_must(panels, columns, expected):
    assert arranged(panels, 30 * columns - 2) == expected
