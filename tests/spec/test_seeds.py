"""Seeds as a person writes them."""

import pytest

from ae.spec.seeds import MOST, seeds_of


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0", (0,)),
        ("0-2", (0, 1, 2)),
        ("7, 0-1", (7, 0, 1)),
        (" 3 - 4 ,9", (3, 4, 9)),
        ("5-5", (5,)),
    ],
)
def test_numbers_and_ranges_in_their_order(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "found ''; expected numbers and ranges such as 0-4,7"),
        ("1,,2", "found ''; expected numbers and ranges such as 0-4,7"),
        ("-1", "found '-1'; expected numbers and ranges such as 0-4,7"),
        ("1.5", "found '1.5'; expected numbers and ranges such as 0-4,7"),
        ("4-0", "found '4-0', an empty range; expected 0-4"),
        ("0-3,2", "found '0-3,2', which gives a seed twice"),
        ("0-99999", f"found '0-99999'; expected at most {MOST} seeds"),
    ],
)
def test_what_names_no_seeds_is_refused(text, expected):
    with pytest.raises(ValueError, match=r"^found") as caught:
        seeds_of(text)
    assert str(caught.value) == expected
