"""Two runs against each other: orders, ties, what is smaller than the margin, equality."""

import math
from typing import Any

import numpy as np
import pytest
from claims import FIVE, equal_claim, order_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.verdict import verdict_equal, verdict_order
from ae.verdict.bounds import mean_of
from ae.verdict.comparison import Arms
from ae.verdict.finding import EqualFinding, OrderFinding

LOWER, HIGHER = -1, 1


def arms(first: Any, second: Any) -> Arms:
    return Arms(np.asarray(first, dtype=float), np.asarray(second, dtype=float))


def ordered(claim: Any, better: Any, worse: Any, sign: int = LOWER, **more: Any) -> OrderFinding:
    found = verdict_order(claim, arms(better, worse), sign=sign, **more)
    assert isinstance(found, OrderFinding)
    return found


def equal(claim: Any, first: Any, second: Any, **more: Any) -> EqualFinding:
    found = verdict_equal(claim, arms(first, second), sign=LOWER, **more)
    assert isinstance(found, EqualFinding)
    return found


def test_the_smallest_p_of_five_pairs_is_one_in_32():
    b = FIVE + np.array([2.0, 3.0, 2.5, 2.2, 2.8])
    found = ordered(order_claim(), FIVE, b)
    assert (found.word, found.p, found.superiority) == ("REPRODUCED", 1 / 32, 1.0)
    assert found.material == 0.5
    assert found.ours == "2.50 ± 0.85, p = 0.031, PI = 1.00 (n = 5)"
    assert found.interval is not None
    assert found.interval.half == pytest.approx(mean_of((b - FIVE)[None]).half().item())
    back = ordered(order_claim(), b, FIVE)
    assert (back.word, back.reason, back.note) == ("SHORT", "reversed", "the order is reversed")
    assert back.p_short == 1 / 32


def test_margins_bind_orders():
    """Five seeds one rounding apart, margin 5: once REPRODUCED."""
    a = 3.0 + 1e-8 * np.arange(5)
    b = a + 1e-6 * np.array([1.0, 1.1, 0.9, 1.0, 1.0])
    found = ordered(order_claim(margin=5.0), a, b)
    assert (found.word, found.reason, found.p) == ("SMALLER", None, 1 / 32)
    assert found.note == "the order is as claimed, but the advantage is smaller than 2.5"
    wide = FIVE + np.array([2.0, 3.0, 2.5, 2.2, 4.0])
    near = ordered(order_claim(margin=4.0), FIVE, wide)
    assert near.word == "SMALLER"
    assert near.note.startswith("the order is as claimed, but the advantage is not shown to be 2;")
    assert ordered(order_claim(margin=4.0, material=0.1), FIVE, wide).word == "REPRODUCED"
    assert ordered(order_claim(margin=1.0, material=1.0), FIVE, wide).word == "REPRODUCED"


def test_an_advantage_of_just_the_material_size_counts():
    b = FIVE + 1.0
    assert ordered(order_claim(margin=2.0), FIVE, b + 1e-9).word == "REPRODUCED"
    assert ordered(order_claim(margin=2.0), FIVE, b - 1e-9).word == "SMALLER"


def test_an_outlier_can_hide_an_advantage_and_is_not_overlooked():
    """A constant rival and one long tail: the sign flips reject, the interval does not."""
    a = np.array([1.0, 1.0, 1.0, 1.0, 9.0])
    found = ordered(order_claim(margin=1e-3), a, np.zeros(5), HIGHER)
    assert (found.p, found.word) == (1 / 32, "INCONCLUSIVE")


def test_two_runs_that_do_not_differ_are_a_tie_for_an_order_and_equal_for_an_equality():
    b = FIVE + np.array([0.1, -0.1, 0.05, -0.05, 0.02])
    order = ordered(order_claim(), FIVE, b)
    assert (order.word, order.reason) == ("SHORT", "tie")
    assert order.note == "a tie: the 90 % interval of the difference lies within ±1"
    found = equal(equal_claim(), FIVE, b)
    assert (found.word, found.p_short) == ("REPRODUCED", 1.0)
    assert found.p < 0.001
    apart = equal(equal_claim(), FIVE, FIVE + 3 + 0.1 * (b - FIVE))
    assert (apart.word, apart.reason, apart.note) == ("SHORT", "apart", "the runs differ by more than 1")  # fmt: skip


def test_an_equality_is_corrected_for_the_other_claims_about_its_runs():
    b = FIVE + np.array([0.1, -0.1, 0.05, -0.05, 0.02])
    found = equal(equal_claim(), FIVE, b, family=(0.07, 3))
    assert (found.word, found.p_adjusted) == ("INCONCLUSIVE", 0.07)
    assert found.note.startswith("corrected for the claims about the same runs p is 0.07; ")


@pytest.mark.parametrize(("runs", "p"), [(3, 1 / 20), (4, 1 / 70)])
def test_three_or_four_runs_are_ranked_unpaired(runs: int, p: float):
    a, b = np.arange(runs) / 10, 5 + np.arange(runs) / 10
    found = ordered(order_claim(), a, b)
    assert (found.word, found.p) == ("REPRODUCED", pytest.approx(p))
    halves = [mean_of(x[None]).half().item() for x in (a, b)]
    assert found.interval is not None
    assert found.interval.half == pytest.approx(math.hypot(*halves))


def test_two_runs_of_two_seeds_decide_nothing():
    found = verdict_order(order_claim(), arms(np.zeros(2), np.ones(2)), sign=LOWER)
    assert found.word == "INCONCLUSIVE"
    assert found.note == "K = 2: two runs need 5 common seeds, or 3 seeds each unpaired"


def test_a_deterministic_run_may_be_compared():
    found = ordered(order_claim(), FIVE, np.full(5, 6.0))
    assert (found.word, found.p) == ("REPRODUCED", 1 / 32)


@pytest.mark.parametrize("gap", [1.0, -1.0])
def test_an_order_is_better_only_beyond_a_pinned_gap_and_the_margin(gap: float):
    b = FIVE + np.array([3.0, 3.1, 2.9, 3.0, 3.0])
    assert ordered(order_claim(), FIVE, b).word == "REPRODUCED"
    found = ordered(order_claim(gap=gap), FIVE, b)
    assert found.word == "BETTER"
    assert found.note == "the advantage exceeds the published gap 1 by more than 1"
    assert ordered(order_claim(gap=2.5), FIVE, b).word == "REPRODUCED"


def test_a_family_may_change_the_word_and_says_so():
    b = FIVE + np.array([2.0, 3.0, 2.5, 2.2, 2.8])
    found = ordered(order_claim(), FIVE, b, family=(2 / 32, 2))
    assert found.word == "INCONCLUSIVE"
    assert found.note == (
        "correcting for 2 claims about the same runs turned REPRODUCED into INCONCLUSIVE "
        "(p 0.0312 to 0.0625); not worse; 6 seeds would decide at this mean and spread"
    )
    assert (found.p, found.p_adjusted, found.family) == (1 / 32, 2 / 32, 2)
    assert "p = 0.062" in found.ours


def test_a_family_counts_for_the_other_way_round_too():
    b = FIVE - np.array([2.0, 3.0, 2.5, 2.2, 2.8])
    assert ordered(order_claim(), FIVE, b).reason == "reversed"
    found = ordered(order_claim(), FIVE, b, family=(1.0, 3), back=2 / 32)
    assert found.word == "INCONCLUSIVE"
    assert found.note.startswith(
        "correcting for 3 claims about the same runs turned SHORT into INCONCLUSIVE "
        "(p 0.0312 to 0.0625); "
    )
    assert found.p_reversed == 2 / 32


quarters = st.integers(-40, 40).map(lambda i: i / 4)
margins = st.integers(1, 40).map(lambda i: i / 4)


@given(
    st.lists(st.tuples(quarters, quarters), min_size=3, max_size=8),
    margins,
    st.sampled_from([LOWER, HIGHER]),
)
@settings(max_examples=100, deadline=None)
def test_orders_keep_their_word_under_units_and_signs(pairs: list[Any], margin: float, sign: int):
    a, b = np.array(pairs).T
    claim, wide = order_claim(margin=margin, gap=1.0), order_claim(margin=4 * margin, gap=4.0)
    word = verdict_order(claim, arms(a, b), sign=sign).word
    assert verdict_order(wide, arms(4 * a, 4 * b), sign=sign).word == word
    assert verdict_order(claim, arms(-a, -b), sign=-sign).word == word
    same = verdict_equal(equal_claim(margin=margin), arms(a, b), sign=sign).word
    assert verdict_equal(equal_claim(margin=margin), arms(b, a), sign=sign).word == same


@given(st.lists(st.tuples(quarters, quarters), min_size=3, max_size=8), margins, margins)
@settings(max_examples=100, deadline=None)
def test_the_interval_explains_the_word(pairs: list[Any], margin: float, more: float):
    a, b = np.array(pairs).T
    found = verdict_order(order_claim(margin=margin), arms(a, b), sign=LOWER)
    if not isinstance(found, OrderFinding) or found.interval is None:
        return
    if found.word == "REPRODUCED":
        assert found.interval.low >= margin / 2
        assert ordered(order_claim(margin=margin + more), a, b).word in ("REPRODUCED", "SMALLER")
    if found.word == "SMALLER":
        assert 0 < found.interval.low < margin / 2
    if found.reason == "tie":
        assert -margin < found.interval.low < found.interval.high < margin or found.sd == 0
    if found.reason == "reversed":
        assert found.interval.high < 0
