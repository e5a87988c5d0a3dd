"""Looks: levels over growing numbers of seeds, what is needed next, and what they decide."""

import math
from typing import Any

import numpy as np
import pytest
from claims import (
    FIVE,
    equal_claim,
    exact_claim,
    order_claim,
    pooled_claim,
    record,
    run,
    trend_claim,
    value_claim,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.verdict import judge, needed
from ae.verdict.looks import looks_of, schedule

TEN = np.array([3.1, 2.7, 3.4, 2.9, 3.2, 3.0, 3.3, 2.8, 3.1, 3.0])


def levels(claim: Any, *at: int) -> list[float | None]:
    return [look.level for look in looks_of(claim, at)]


def test_the_levels_of_numbers_grow_as_the_root_of_the_seeds():
    spent = [0.05 * math.sqrt(n / 10) for n in (3, 5, 10)]
    expected = [spent[0], spent[1] - spent[0], spent[2] - spent[1]]
    assert levels(value_claim(), 3, 5, 10) == pytest.approx(expected)
    assert levels(value_claim(), 7) == [0.05]


def test_a_look_that_cannot_decide_spends_nothing():
    assert levels(order_claim(), 3, 5, 10) == [None, 1 / 32, pytest.approx(19 / 1024)]
    assert levels(pooled_claim(), 3, 5, 10)[0] is None
    assert sum(filter(None, levels(pooled_claim(), 3, 5, 10))) == pytest.approx(0.05)
    assert levels(value_claim(), 2, 5)[0] is None
    assert levels(value_claim(sigma_pin=1.0), 2, 5)[0] == pytest.approx(0.05 * math.sqrt(0.4))
    assert levels(trend_claim(3), 1, 3)[0] is None
    assert levels(equal_claim(), 2, 5) == [None, pytest.approx(0.05)]


kinds = st.sampled_from(
    [value_claim(), order_claim(), equal_claim(), trend_claim(), pooled_claim(), exact_claim()]
)
growing = st.lists(st.integers(1, 60), min_size=1, max_size=6, unique=True).map(sorted)


@given(kinds, growing)
@settings(max_examples=200, deadline=None)
def test_the_errors_of_all_looks_are_five_per_cent_at_most(claim: Any, at: list[int]):
    found = looks_of(claim, at)
    assert sum(look.level or 0.0 for look in found) <= 0.05 + 1e-12
    assert all(look.level is None or look.level > 0 for look in found)
    assert [look.last for look in found] == [False] * (len(at) - 1) + [True]
    if claim.kind == "order":
        for look in found:
            ways = 2**look.seeds if look.seeds >= 5 else math.comb(2 * look.seeds, look.seeds)
            assert look.level is None or len(at) == 1 or (look.level * ways) % 1 == 0


@pytest.mark.parametrize(
    ("listed", "expected"),
    [(2, (2,)), (3, (3,)), (5, (3, 5)), (7, (3, 5, 7)), (10, (3, 5, 10)), (20, (3, 5, 10))],
)
def test_looks_end_with_the_seeds_that_the_tier_lists(listed: int, expected: tuple[int, ...]):
    claim = value_claim(looks=(3, 5, 10))
    assert schedule(claim, {"a": tuple(range(listed))}) == expected
    assert schedule(value_claim(), {"a": tuple(range(listed))}) == (listed,)


def test_a_claim_is_decided_at_its_first_look_if_it_can_be():
    claim = value_claim(looks=(3, 5, 10), margin=5.0)
    for there in (3, 4, 10):
        (verdict,) = judge(record([claim], [run("a", TEN[:there])], seeds=10))
        assert (verdict.word, verdict.finding.seeds) == ("REPRODUCED", 3)
        assert verdict.finding.level == pytest.approx(0.05 * math.sqrt(0.3))
        assert "94.5 % interval" in verdict.note
        assert verdict.note.endswith("; judged at 3 seeds (planned: at 3, then 5, then 10)")


def test_an_undecided_claim_is_looked_at_again_and_says_what_it_lacks():
    claim = value_claim(looks=(3, 5, 10), margin=0.6)
    (three,) = judge(record([claim], [run("a", TEN[:4])], seeds=10))
    assert (three.word, three.finding.seeds) == ("INCONCLUSIVE", 3)
    assert three.note.endswith(
        "; judged at 3 seeds (planned: at 3, then 5, then 10); to be judged at 5 seeds it needs seed 4 of a"
    )
    (ten,) = judge(record([claim], [run("a", TEN)], seeds=10))
    assert (ten.word, ten.finding.seeds) == ("REPRODUCED", 10)
    (none,) = judge(record([claim], [run("a", TEN[:2])], seeds=10))
    assert (none.word, none.note) == ("UNTESTED", "not run: seed 2 of a")
    assert [v.decided for v in (three, ten, none)] == [False, True, False]


def test_a_look_at_three_seeds_decides_no_order():
    claim = order_claim(looks=(3, 5, 10))
    runs = [run("a", TEN[:3]), run("b", TEN[:3] + 9)]
    (three,) = judge(record([claim], runs, seeds=10))
    assert three.word == "INCONCLUSIVE"
    assert three.note.startswith("a look at 3 seeds cannot decide orders; ")
    (five,) = judge(record([claim], [run("a", TEN[:5]), run("b", TEN[:5] + 9)], seeds=10))
    assert (five.word, five.finding.level) == ("REPRODUCED", 1 / 32)


def test_what_is_smaller_for_sure_asks_for_no_more_seeds():
    steps = np.array([1.0, 1.01, 0.99, 1.0, 1.02, 1.0, 1.0, 1.0, 1.0, 1.0])
    runs = [run("a", 0.001 * TEN), run("b", 0.001 * TEN + steps)]
    (small,) = judge(record([order_claim(looks=(5, 10), margin=4.0)], runs))
    assert (small.word, small.finding.seeds, small.decided) == ("SMALLER", 5, True)
    (near,) = judge(record([order_claim(looks=(5, 10), margin=1.999)], runs))
    assert (near.word, near.finding.seeds, near.decided) == ("SMALLER", 10, False)


def test_what_a_claim_needs_next():
    claim = order_claim(looks=(3, 5, 10))
    spec = record([claim], [run("a", TEN), run("b", TEN)]).meaning
    assert needed(claim, spec, "paper", {}) == {"a": (0, 1, 2), "b": (0, 1, 2)}
    there = {"a": [0, 1, 2, 3], "b": [0, 1, 2]}
    assert needed(claim, spec, "paper", there) == {"a": (4,), "b": (3, 4)}
    there = {"a": list(range(10)), "b": [4, 3, 2, 1, 0]}
    assert needed(claim, spec, "paper", there) == {"b": (5, 6, 7, 8, 9)}
    assert needed(claim, spec, "paper", {"a": list(range(10)), "b": list(range(12))}) == {}
    once = order_claim()
    assert needed(once, spec, "paper", {"a": [0], "b": list(range(10))}) == {
        "a": tuple(range(1, 10))
    }


def test_other_seeds_count_as_many():
    claim = value_claim(looks=(3, 5))
    spec = record([claim], [run("a", FIVE)]).meaning
    assert needed(claim, spec, "paper", {"a": [10, 11]}) == {"a": (0,)}
    assert needed(claim, spec, "paper", {"a": [10, 11, 12]}) == {"a": (0, 1)}
    assert needed(claim, spec, "paper", {"a": [10, 11, 12, 13, 14]}) == {}
