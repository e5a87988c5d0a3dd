"""The verdict rule against oracles, exact answers, and the words of whole records."""

import itertools
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ae.errors import UserError
from ae.record import Environment, Record, RunRecord
from ae.spec import (
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    Spread,
    TrendClaim,
    ValueClaim,
)
from ae.verdict import (
    Verdict,
    headline,
    judge,
    verdict_equal,
    verdict_exact,
    verdict_figure,
    verdict_order,
    verdict_trend,
    verdict_value,
)
from ae.verdict.comparison import compare
from ae.verdict.intervals import Term, combine, p_above, student
from ae.verdict.permutation import holm, page, rank_sum, sign_flip, superiority
from ae.verdict.result import with_uncertainty
from ae.verdict.trend import isotonic_r2, kendall
from ae.verdict.value import expected_maximum

BASE: dict[str, Any] = {
    "id": "c",
    "statement": "as the paper says",
    "metric": "nll",
    "source": "table 1",
    "status": "read",
    "primary": True,
    "tiers": ("paper", "quick"),
}
MARGIN: dict[str, Any] = {"margin": 1.0, "margin_reason": "half the gap"}
NONE = Spread(kind="none")
FIVE = np.array([3.1, 2.7, 3.4, 2.9, 3.2])


def value_claim(**changes: Any) -> ValueClaim:
    keys = BASE | MARGIN | {"run": "a", "value": 3.0, "digits": 300, "unit": "nats"}
    return ValueClaim(**keys | {"kind": "value", "spread": NONE} | changes)


def order_claim(**changes: Any) -> OrderClaim:
    return OrderClaim(**BASE | MARGIN | {"kind": "order", "better": "a", "worse": "b"} | changes)


def equal_claim(**changes: Any) -> EqualClaim:
    return EqualClaim(**BASE | MARGIN | {"kind": "equal", "runs": ("a", "b")} | changes)


def trend_claim(length: int = 4, **changes: Any) -> TrendClaim:
    names = tuple("abcdefghij"[:length])
    return TrendClaim(**BASE | MARGIN | {"kind": "trend", "runs": names, "moves": "up"} | changes)


def figure_claim(**changes: Any) -> FigureClaim:
    keys = {"run": "a", "readings": (2.9, 3.1), "half_width": 0.05, "unit": "", "figure": "fig. 5"}
    return FigureClaim(**BASE | MARGIN | keys | {"kind": "figure"} | changes)


# --- numbers ---------------------------------------------------------------------------------


def test_the_interval_of_a_number_is_students():
    found = verdict_value(value_claim(), FIVE, direction="lower")
    low, high = scipy.stats.t.interval(0.90, 4, FIVE.mean(), scipy.stats.sem(FIVE))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)
    assert found.sd == pytest.approx(FIVE.std(ddof=1))
    assert found.ours == "3.06 ± 0.26 (n = 5)"
    assert found.word == "REPRODUCED"


@pytest.mark.parametrize(
    ("shift", "word"), [(0.0, "REPRODUCED"), (0.8, "INCONCLUSIVE"), (2.0, "SHORT"), (-2, "BETTER")]
)
def test_a_number_is_judged_by_two_one_sided_tests(shift: float, word: str):
    values = FIVE + shift
    found = verdict_value(value_claim(), values, direction="lower")
    worse = scipy.stats.ttest_1samp(values, 4.0, alternative="greater").pvalue
    within = max(
        scipy.stats.ttest_1samp(values, 4.0, alternative="less").pvalue,
        scipy.stats.ttest_1samp(values, 2.0, alternative="greater").pvalue,
    )
    assert found.word == word
    assert (within <= 0.05) == (word == "REPRODUCED")
    assert found.extra["p_short"] == pytest.approx(worse, rel=1e-9)


@pytest.mark.parametrize(
    ("spread", "u", "margin"),
    [
        (NONE, 0.0, 1.0),
        (Spread(kind="sd", value=0.6, n=9), 0.2, 1.0),
        (Spread(kind="sd", value=0.6), 0.0, 1.0),
        (Spread(kind="se", value=0.3, n=9), 0.3, 1.0),
        (Spread(kind="folds", value=0.3), 0.3, 1.0),
        (Spread(kind="ci95", value=0.588), 0.3, 1.0),
        (Spread(kind="examples", value=2.0), 0.0, 2.0),
        (Spread(kind="examples", value=0.5), 0.0, 1.0),
        (Spread(kind="binomial", value=1.5), 0.0, 1.5),
    ],
)
def test_every_kind_of_spread_enters_where_it_belongs(spread: Spread, u: float, margin: float):
    found = verdict_value(value_claim(spread=spread), FIVE, direction="lower")
    ours = FIVE.var(ddof=1) / 5
    assert found.extra["u"] ** 2 == pytest.approx(ours + u**2)
    assert found.margin == margin


def test_rounding_of_the_printed_number_counts():
    found = verdict_value(value_claim(digits=0), np.full(5, 3.0), direction="lower")
    assert found.extra["u"] == pytest.approx(0.5 / math.sqrt(3))


def test_degrees_of_freedom_are_welchs_and_cautious_ones_are_fewer():
    a, b = FIVE, np.array([1.0, 2.0, 4.0])
    terms = [Term(a.var(ddof=1) / 5, 4), Term(b.var(ddof=1) / 3, 2)]
    u, nu = combine(terms)
    oracle = scipy.stats.ttest_ind(a, b, equal_var=False)
    assert nu.item() == pytest.approx(oracle.df)
    assert u.item() == pytest.approx((a.mean() - b.mean()) / oracle.statistic)
    weights = np.array([t.variance for t in terms]) / u.item() ** 2
    assert combine(terms, cautious=True)[1].item() == pytest.approx(1 / (weights / [4, 2]).sum())
    assert student(np.array([math.inf])).item() == pytest.approx(1.6448536)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (5, 1.16296), (10, 1.53875)],
)
def test_best_of_n_moves_the_target_by_the_expected_maximum(n: int, expected: float):
    assert expected_maximum(n) == pytest.approx(expected, abs=1e-5)
    claim = value_claim(best_of=n, sigma_pin=0.5)
    assert verdict_value(claim, FIVE, direction="lower").target == pytest.approx(
        3.0 + 0.5 * expected, abs=1e-5
    )
    assert verdict_value(claim, FIVE, direction="higher").target == pytest.approx(
        3.0 - 0.5 * expected, abs=1e-5
    )


def test_best_of_without_sigma_pin_decides_nothing():
    found = verdict_value(value_claim(best_of=3), FIVE, direction="lower")
    assert found.word == "INCONCLUSIVE"
    assert found.note.startswith("the published value is the best of 3 runs: needs sigma_pin")


@pytest.mark.parametrize(
    ("shift", "word"), [(0, "REPRODUCED"), (-9, "REPRODUCED"), (0.8, "INCONCLUSIVE"), (3, "SHORT")]
)
def test_at_least_has_one_side(shift: float, word: str):
    claim = value_claim(sense="at_least")
    assert verdict_value(claim, FIVE + shift, direction="lower").word == word


def test_three_lucky_seeds_do_not_shrink_the_interval():
    lucky = np.array([3.0, 3.0, 3.0])
    found = verdict_value(value_claim(sigma_pin=1.0), lucky, direction="lower")
    assert found.extra["sigma_x"] == 0.5
    assert found.high - found.mean == pytest.approx(scipy.stats.t.ppf(0.95, 2) * 0.5 / 3**0.5)


def test_one_seed_needs_sigma_pin():
    alone = verdict_value(value_claim(), np.array([3.0]), direction="lower")
    assert (alone.word, alone.low, alone.sd) == ("INCONCLUSIVE", None, None)
    assert alone.note == "K = 1: a number needs 3 seeds, or a sigma_pin from 10 of them"
    pinned = verdict_value(value_claim(sigma_pin=0.3), np.array([3.0]), direction="lower")
    assert pinned.word == "REPRODUCED"
    assert pinned.high == pytest.approx(3.0 + scipy.stats.t.ppf(0.95, 9) * 0.3)


def test_z_asks_whether_the_target_is_one_draw_of_ours():
    extra = verdict_value(value_claim(), FIVE, direction="lower").extra
    assert extra["z"] == pytest.approx((3.0 - FIVE.mean()) / (FIVE.std(ddof=1) * math.sqrt(1.2)))
    assert extra["z_limit"] == pytest.approx(scipy.stats.t.ppf(0.975, 4))


@pytest.mark.parametrize(
    ("seeds", "factor"), [(3, 3.0), (4, 3.0), (5, 2.0), (10, 2.0 / math.sqrt(2))]
)
def test_a_margin_below_what_the_seeds_can_resolve_is_called_under_powered(
    seeds: int, factor: float
):
    values = 3.0 + np.linspace(-0.1, 0.1, seeds)
    wide = verdict_value(
        value_claim(sigma_pin=0.5, margin=0.5 * factor * 1.01), values, direction="lower"
    )
    narrow = verdict_value(
        value_claim(sigma_pin=0.5, margin=0.5 * factor * 0.99), values, direction="lower"
    )
    assert (wide.extra["underpowered"], narrow.extra["underpowered"]) == (0.0, 1.0)
    assert narrow.note.endswith(
        f"; under-powered: the margin is below {factor:.2g} sigma, sigma = 0.5 (sigma_pin)"
    )


def test_under_powered_says_which_sigma_it_used():
    observed = verdict_value(value_claim(margin=0.1), FIVE, direction="lower")
    assert observed.note.endswith("sigma = 0.27 (the observed sd)")
    printed = Spread(kind="sd", value=2.0)
    found = verdict_value(value_claim(spread=printed, sigma_pin=0.5), FIVE, direction="lower")
    assert found.note.endswith("sigma = 2 (the printed sd)")


def test_the_seeds_that_would_decide_are_the_first_that_do():
    values = np.array([3.0, 4.5, 3.7, 2.0, 4.1])
    found = verdict_value(value_claim(), values, direction="lower")
    away, sd = values.mean() - 3.0, values.std(ddof=1)
    half = {k: scipy.stats.t.ppf(0.95, k - 1) * sd / math.sqrt(k) for k in range(6, 100)}
    first = next(k for k in half if away + half[k] < 1.0)
    assert first > 6
    assert found.note.startswith(f"not better; {first} seeds would decide at this mean and spread")


def test_one_diverged_seed_of_five_leaves_no_interval_and_two_are_unstable():
    one = verdict_value(value_claim(), np.array([3, 3, 3, 3, math.nan]), direction="lower")
    assert (one.word, one.mean, one.low) == ("INCONCLUSIVE", None, None)
    assert one.note == "1 of 5 seeds diverged, so the mean has no finite interval"
    two = verdict_value(value_claim(), np.array([3, 3, 3, math.inf, math.nan]), direction="lower")
    assert (two.word, two.note) == ("SHORT", "unstable: 2 of 5 seeds diverged")
    ten = np.array([3.0] * 8 + [math.nan] * 2)
    assert verdict_value(value_claim(), ten, direction="lower").word == "INCONCLUSIVE"


# --- properties of the value rule ------------------------------------------------------------

quarters = st.integers(-40, 40).map(lambda i: i / 4)
samples = st.lists(quarters, min_size=1, max_size=8).map(np.array)
margins = st.integers(1, 40).map(lambda i: i / 4)
directions = st.sampled_from(["lower", "higher"])
pins = st.none() | st.sampled_from([0.25, 1.0, 4.0])


@given(samples, quarters, margins, directions, pins, st.integers(-8, 8))
@settings(max_examples=150, deadline=None)
def test_a_change_of_unit_keeps_the_word(
    values: np.ndarray, target: float, margin: float, direction: Any, pin: Any, power: int
):
    c = 2.0**power
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    scaled = value_claim(value=c * target, margin=c * margin, sigma_pin=pin and c * pin)
    word = verdict_value(claim, values, direction=direction).word
    assert verdict_value(scaled, c * values, direction=direction).word == word


@given(samples, quarters, margins, pins)
@settings(max_examples=150, deadline=None)
def test_turning_the_sign_and_the_direction_keeps_the_word(
    values: np.ndarray, target: float, margin: float, pin: Any
):
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    turned = value_claim(value=-target, margin=margin, sigma_pin=pin)
    word = verdict_value(claim, values, direction="lower").word
    assert verdict_value(turned, -values, direction="higher").word == word


@given(samples, quarters, margins, directions, pins, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_seeds_does_not_matter(
    values: np.ndarray, target: float, margin: float, direction: Any, pin: Any, random: Any
):
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    shuffled = values.tolist()
    random.shuffle(shuffled)
    word = verdict_value(claim, values, direction=direction).word
    assert verdict_value(claim, np.array(shuffled), direction=direction).word == word


@given(samples, quarters, margins, margins, directions, pins)
@settings(max_examples=150, deadline=None)
def test_a_wider_margin_never_turns_reproduced_away_and_the_interval_explains_the_word(
    values: np.ndarray, target: float, margin: float, more: float, direction: Any, pin: Any
):
    found = verdict_value(
        value_claim(value=target, margin=margin, sigma_pin=pin), values, direction=direction
    )
    wider = verdict_value(
        value_claim(value=target, margin=margin + more, sigma_pin=pin), values, direction=direction
    )
    if found.word == "REPRODUCED":
        assert wider.word == "REPRODUCED"
    assume(found.low is not None and found.high is not None)
    inside = target - margin < found.low and found.high < target + margin
    worse = found.low > target + margin if direction == "lower" else found.high < target - margin
    assert (found.word == "REPRODUCED", found.word == "SHORT") == (inside, worse)


nasty = st.lists(
    st.sampled_from([0.0, -0.0, 1.0, 3.0, 3.0000001, 1e-300, 1e59, -1e59, 1e308])
    | st.sampled_from([math.nan, math.inf, -math.inf]),
    min_size=1,
    max_size=7,
)


@given(nasty, nasty, directions, pins)
@settings(max_examples=200, deadline=None)
def test_nothing_that_a_run_can_return_breaks_a_rule(
    first: list[float], second: list[float], direction: Any, pin: Any
):
    a, b = np.array(first), np.array(second)
    table = np.array([first[: min(len(first), len(second))]] * 4).T
    table[:, 2] = b[: len(table)]
    pairs = min(a.size, b.size)
    found = [
        verdict_value(value_claim(sigma_pin=pin), a, direction=direction),
        verdict_figure(figure_claim(sigma_pin=pin), a, direction=direction),
        verdict_figure(figure_claim(log_axis=True), a, direction=direction),
        verdict_exact(
            ExactClaim(
                **BASE,
                kind="exact",
                run="a",
                value=1.0,
                unit="",
                tolerance=0.0,
                tolerance_reason="by construction",
            ),
            a,
        ),
        verdict_order(order_claim(gap=1.0), a, b, direction=direction, paired=False),
        verdict_order(order_claim(sigma_pin=pin), a[:pairs], b[:pairs], direction=direction),
        verdict_equal(equal_claim(), a[:pairs], b[:pairs], direction=direction),
        verdict_trend(trend_claim(sigma_pin=pin), table, direction=direction),
    ]
    for one in found:
        numbers = [one.mean, one.low, one.high, one.target, one.margin, one.sd, one.p]
        numbers += one.extra.values()
        assert all(math.isfinite(x) for x in numbers if x is not None), one
        assert one.note


# --- figures and exact properties ------------------------------------------------------------


def test_a_figures_reading_widens_interval_and_margin_and_is_never_bettered():
    claim = figure_claim(readings=(2.0, 4.0), half_width=0.1)
    found = verdict_figure(claim, FIVE, direction="lower")
    assert (found.target, found.margin) == (3.0, 2.0)
    assert found.extra["u"] ** 2 == pytest.approx(FIVE.var(ddof=1) / 5 + 1 / 3)
    better = verdict_figure(claim, FIVE - 9, direction="lower")
    assert better.word == "REPRODUCED"
    assert better.note.startswith("at least reproduced: a figure is never bettered")
    assert verdict_figure(claim, FIVE + 9, direction="lower").word == "SHORT"


def test_a_log_axis_compares_ratios():
    values = np.array([90.0, 100.0, 110.0, 95.0, 105.0])
    claim = figure_claim(
        readings=(100.0, 100.0), half_width=0.01, margin=math.log(1.25), log_axis=True
    )
    found = verdict_figure(claim, values, direction="lower")
    assert found.word == "REPRODUCED"
    assert found.mean == pytest.approx(scipy.stats.gmean(values))
    assert found.target == pytest.approx(100.0)
    assert found.margin == pytest.approx(math.log(1.25))
    assert verdict_figure(claim, 10 * values, direction="lower").word == "SHORT"
    zero = verdict_figure(claim, np.zeros(5), direction="lower")
    assert (zero.word, zero.note) == (
        "UNTESTED",
        "a log axis needs numbers above 0; measured 0",
    )


def test_an_exact_property_must_hold_for_every_seed():
    claim = ExactClaim(
        **BASE, kind="exact", run="a", value=1.0, unit="", tolerance=0.5,
        tolerance_reason="float32",
    )  # fmt: skip
    assert verdict_exact(claim, np.array([1.0, 1.5, 0.5])).word == "REPRODUCED"
    off = verdict_exact(claim, np.array([1.0, 1.75, 0.5]))
    assert (off.word, off.note) == ("SHORT", "1 of 3 seeds are off, by up to 0.75")
    lost = verdict_exact(claim, np.array([1.0, math.nan, 1.0]))
    assert (lost.word, lost.note) == ("SHORT", "1 of 3 seeds diverged")


# --- orders and equality ---------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [5, 6, 8])
def test_sign_flips_are_scipys_exact_permutation_test(seeds: int):
    d = np.random.default_rng(seeds).normal(0.4, 1, size=seeds)
    oracle = scipy.stats.permutation_test(
        (d,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert sign_flip(d[None]).item() == pytest.approx(oracle.pvalue, abs=1e-12)


def test_many_seeds_flip_at_random_but_always_alike():
    d = np.random.default_rng(0).normal(0.3, 1, size=(1, 30))
    assert sign_flip(d) == sign_flip(d)
    t = scipy.stats.ttest_1samp(d[0], 0, alternative="greater").pvalue
    assert sign_flip(d).item() == pytest.approx(t, abs=0.02)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 4), (3, 7)])
def test_rank_sums_are_mann_whitneys_exact_test(n: int, m: int):
    rng = np.random.default_rng(n * m)
    a, b = rng.normal(0.8, 1, size=n), rng.normal(size=m)
    oracle = scipy.stats.mannwhitneyu(a, b, alternative="greater", method="exact")
    assert rank_sum(a[None], b[None]).item() == pytest.approx(oracle.pvalue)
    assert superiority(a[None], b[None]).item() == pytest.approx(oracle.statistic / (n * m))


def test_rank_sums_with_ties_are_the_permutation_distribution_of_midranks():
    a, b = np.array([1.0, 2.0, 2.0, 5.0]), np.array([1.0, 2.0, 0.0])
    ranks = scipy.stats.rankdata(np.concatenate([a, b]))
    sums = [sum(c) for c in itertools.combinations(ranks, 4)]
    expected = np.mean([s >= ranks[:4].sum() for s in sums])
    assert rank_sum(a[None], b[None]).item() == pytest.approx(expected)


def test_holm_is_holm():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.6])) == pytest.approx([1.0, 1.0])


def test_the_smallest_p_of_five_pairs_is_one_in_32():
    b = FIVE + np.array([2.0, 3.0, 2.5, 2.2, 4.0])
    found = verdict_order(order_claim(), FIVE, b, direction="lower")
    assert (found.word, found.p, found.extra["PI"]) == ("REPRODUCED", 1 / 32, 1.0)
    assert found.ours == "2.74 ± 0.76, p = 0.031, PI = 1.00 (n = 5)"
    back = verdict_order(order_claim(), b, FIVE, direction="lower")
    assert (back.word, back.note) == ("SHORT", "the order is reversed")
    assert back.extra["p_short"] == 1 / 32


def test_two_runs_that_do_not_differ_are_a_tie_for_an_order_and_equal_for_an_equality():
    b = FIVE + np.array([0.1, -0.1, 0.05, -0.05, 0.02])
    order = verdict_order(order_claim(), FIVE, b, direction="lower")
    assert order.word == "SHORT"
    assert order.note == "a tie: the 90 % interval of the difference lies within ±1"
    equal = verdict_equal(equal_claim(), FIVE, b, direction="lower")
    p = max(
        scipy.stats.ttest_1samp(b - FIVE, -1.0, alternative="greater").pvalue,
        scipy.stats.ttest_1samp(b - FIVE, 1.0, alternative="less").pvalue,
    )
    assert (equal.word, equal.p) == ("REPRODUCED", pytest.approx(p))
    apart = verdict_equal(equal_claim(), FIVE, FIVE + 3 + 0.1 * (b - FIVE), direction="lower")
    assert (apart.word, apart.note) == ("SHORT", "the runs differ by more than 1")


@pytest.mark.parametrize(("runs", "p"), [(3, 1 / 20), (4, 1 / 70)])
def test_three_or_four_runs_are_ranked_unpaired(runs: int, p: float):
    a, b = np.arange(runs) / 10, 5 + np.arange(runs) / 10
    found = verdict_order(order_claim(), a, b, direction="lower")
    assert (found.word, found.p) == ("REPRODUCED", pytest.approx(p))
    oracle = scipy.stats.ttest_ind(b, a, equal_var=False)
    interval = oracle.confidence_interval(0.90)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_unpaired_ps_are_welchs():
    a, b = np.array([[3.0, 4.0, 6.0]]), np.array([[1.0, 1.5, 1.2, 0.7]])
    found = compare(a, b, paired=False)
    oracle = scipy.stats.ttest_ind(a[0] - 2.0, b[0], equal_var=False, alternative="greater")
    assert p_above(found.advantage, 2.0).item() == pytest.approx(oracle.pvalue)


def test_two_runs_of_two_seeds_decide_nothing():
    found = verdict_order(order_claim(), np.zeros(2), np.ones(2), direction="lower")
    assert found.word == "INCONCLUSIVE"
    assert found.note == "K = 2: two runs need 5 common seeds, or 3 seeds each unpaired"


def test_a_deterministic_run_may_be_compared():
    found = verdict_order(order_claim(), FIVE, np.full(5, 6.0), direction="lower")
    assert (found.word, found.p) == ("REPRODUCED", 1 / 32)


@pytest.mark.parametrize("gap", [1.0, -1.0])
def test_an_order_is_better_only_beyond_a_pinned_gap_and_the_margin(gap: float):
    b = FIVE + np.array([3.0, 3.1, 2.9, 3.0, 3.0])
    assert verdict_order(order_claim(), FIVE, b, direction="lower").word == "REPRODUCED"
    found = verdict_order(order_claim(gap=gap), FIVE, b, direction="lower")
    assert found.word == "BETTER"
    assert found.note == "the advantage exceeds the published gap 1 by more than 1"
    assert verdict_order(order_claim(gap=2.5), FIVE, b, direction="lower").word == "REPRODUCED"


def test_holm_may_change_the_word_and_says_so():
    b = FIVE + np.array([2.0, 3.0, 2.5, 2.2, 4.0])
    found = verdict_order(order_claim(), FIVE, b, direction="lower", family=(2 / 32, 2))
    assert found.word == "INCONCLUSIVE"
    assert found.note == (
        "Holm over 2 orderings turned REPRODUCED into INCONCLUSIVE (p 0.0312 to 0.0625); "
        "not worse; 6 seeds would decide at this mean and spread"
    )
    assert found.extra["p_holm"] == 2 / 32


def test_a_diverged_run_of_the_better_arm_counts_as_its_worst():
    a, b = FIVE.copy(), FIVE + 5
    a[0] = math.nan
    found = verdict_order(order_claim(), a, b, direction="lower")
    assert (found.word, found.p, found.extra["PI"]) == ("INCONCLUSIVE", 17 / 32, 0.8)
    assert found.note.endswith("1 of 5 seeds of a diverged")
    other = verdict_order(order_claim(), FIVE, np.where(np.isnan(a), a, b), direction="lower")
    assert (other.word, other.p, other.mean) == ("REPRODUCED", 1 / 32, None)


def test_too_many_diverged_runs_are_unstable_for_every_kind():
    a = np.array([math.nan, math.nan, 3.0, 3.0, 3.0])
    note = "unstable: 2 of 5 seeds of a diverged"
    order = verdict_order(order_claim(), a, FIVE + 9, direction="lower")
    equal = verdict_equal(equal_claim(), a, FIVE, direction="lower")
    table = np.stack([a, FIVE, FIVE, FIVE], axis=1)
    trend = verdict_trend(trend_claim(), table, direction="lower")
    assert [f.word for f in (order, equal, trend)] == ["SHORT"] * 3
    assert [f.note for f in (order, equal, trend)] == [note] * 3
    assert [f.extra["p_short"] for f in (order, equal, trend)] == [0.0] * 3


@given(st.lists(st.tuples(quarters, quarters), min_size=3, max_size=8), margins, directions)
@settings(max_examples=100, deadline=None)
def test_orders_keep_their_word_under_units_and_signs(pairs: list[Any], margin: float, way: Any):
    a, b = np.array(pairs).T
    claim, wide = order_claim(margin=margin, gap=1.0), order_claim(margin=4 * margin, gap=4.0)
    word = verdict_order(claim, a, b, direction=way).word
    other = "higher" if way == "lower" else "lower"
    assert verdict_order(wide, 4 * a, 4 * b, direction=way).word == word
    assert verdict_order(claim, -a, -b, direction=other).word == word
    equal = verdict_equal(equal_claim(margin=margin), a, b, direction=way).word
    assert verdict_equal(equal_claim(margin=margin), b, a, direction=way).word == equal


# --- trends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("seeds", "runs"), [(3, 3), (3, 4), (5, 6), (2, 7)])
def test_pages_p_is_scipys_exact_one(seeds: int, runs: int):
    y = 0.4 * np.arange(runs) + np.random.default_rng(runs).normal(size=(seeds, runs))
    rises = scipy.stats.page_trend_test(y, method="exact").pvalue
    falls = scipy.stats.page_trend_test(-y, method="exact").pvalue
    assert np.array(page(y[None])).ravel() == pytest.approx([rises, falls], rel=1e-9)


def test_pages_p_over_a_long_sweep_is_close_to_the_exact_one_and_always_the_same():
    y = 0.2 * np.arange(9) + np.random.default_rng(4).normal(size=(2, 9))
    p = page(y[None])[0].item()
    assert p == page(y[None])[0].item()
    assert p == pytest.approx(scipy.stats.page_trend_test(y, method="exact").pvalue, abs=0.01)


def test_pages_p_with_ties_is_the_permutation_distribution_of_midranks():
    y = np.array([[1.0, 1.0, 2.0, 3.0], [0.0, 2.0, 2.0, 2.0]])
    ranks = scipy.stats.rankdata(y, axis=1)
    weights = np.arange(1, 5)
    rows = [[np.dot(r, weights) for r in itertools.permutations(row)] for row in ranks]
    sums = np.add.outer(*map(np.array, rows)).ravel()
    expected = np.mean(sums >= (ranks @ weights).sum() - 1e-9)
    assert page(y[None])[0].item() == pytest.approx(expected)


def test_one_seed_needs_perfect_order_at_four_runs_and_forgives_one_swap_at_five():
    up = verdict_trend(trend_claim(), np.array([[1.0, 2.0, 3.0, 4.0]]), direction="lower")
    assert (up.word, up.p) == ("REPRODUCED", pytest.approx(1 / 24))
    assert up.note == "it moves as claimed, no step back exceeds 1; one seed bounds nothing"
    swap = np.array([[1.0, 3.0, 2.5, 4.0]])
    assert verdict_trend(trend_claim(), swap, direction="lower").word == "INCONCLUSIVE"
    five = np.array([[1.0, 3.0, 2.5, 4.0, 5.0]])
    found = verdict_trend(trend_claim(5), five, direction="lower")
    assert (found.word, found.p) == ("REPRODUCED", pytest.approx(5 / 120))
    far = np.array([[1.0, 4.0, 2.5, 5.0, 6.0]])
    assert verdict_trend(trend_claim(5), far, direction="lower").note == "a step back exceeds 1"
    down = verdict_trend(trend_claim(moves="down"), swap[:, ::-1], direction="lower")
    assert down.word == "INCONCLUSIVE"
    against = np.array([[4.0, 3.0, 2.0, 1.0]])
    assert verdict_trend(trend_claim(), against, direction="lower").note == "it moves the other way"


def test_three_runs_need_three_seeds():
    y = np.array([[1.0, 2.0, 3.0]])
    two = verdict_trend(trend_claim(3), np.repeat(y, 2, axis=0), direction="lower")
    assert (two.word, two.note) == ("INCONCLUSIVE", "a trend over 3 runs needs 3 seeds")
    three = verdict_trend(trend_claim(3), np.repeat(y, 3, axis=0), direction="lower")
    assert (three.word, three.p) == ("REPRODUCED", pytest.approx((1 / 6) ** 3))


def steep(back: float) -> np.ndarray:
    """Five seeds over six runs that climb by 5, but for one step back."""
    noise = 0.1 * np.random.default_rng(1).normal(size=(5, 6))
    return np.array([0.0, 5.0, 5.0 - back, 10.0, 15.0, 20.0]) + noise


def test_a_step_back_is_bounded_by_students_t():
    y = steep(0.2)
    found = verdict_trend(trend_claim(6), y, direction="lower")
    back = y[:, 1] - y[:, 2]
    bound = scipy.stats.t.interval(0.90, 4, back.mean(), scipy.stats.sem(back))[1]
    assert found.word == "REPRODUCED"
    assert found.extra["reversal"] == pytest.approx(back.mean())
    assert found.extra["reversal_bound"] == pytest.approx(bound)
    near = verdict_trend(trend_claim(6, margin=bound - 1e-6), y, direction="lower")
    assert near.word == "INCONCLUSIVE"
    assert near.note.startswith("a step back is not bounded by")


def test_a_step_back_beyond_the_margin_is_short_after_holm():
    y = steep(2.0)
    found = verdict_trend(trend_claim(6), y, direction="lower")
    p = 5 * scipy.stats.ttest_1samp(y[:, 1] - y[:, 2], 1.0, alternative="greater").pvalue
    assert (found.word, found.note) == ("SHORT", "a step back exceeds 1")
    assert found.extra["p_reversal"] == pytest.approx(p)
    assert found.extra["p_short"] == pytest.approx(p)


def test_a_flat_sweep_is_short():
    y = 0.01 * np.random.default_rng(2).normal(size=(5, 4))
    found = verdict_trend(trend_claim(), y, direction="lower")
    assert found.word == "SHORT"
    assert found.note.startswith("flat: the 90 % interval of the end-to-end effect lies within ±1")


def test_a_falling_claim_is_a_rising_claim_of_the_negative():
    y = steep(0.2)
    up = verdict_trend(trend_claim(6), y, direction="lower")
    down = verdict_trend(trend_claim(6, moves="down"), -y, direction="higher")
    assert (down.word, down.mean, down.extra) == (up.word, up.mean, up.extra)


def test_tau_and_isotonic_r2_are_scipys():
    y = np.random.default_rng(3).normal(size=8) + 0.3 * np.arange(8)
    y[4] = y[2]
    assert kendall(y) == pytest.approx(scipy.stats.kendalltau(np.arange(8), y).statistic)
    fit = scipy.optimize.isotonic_regression(y).x
    r2 = 1 - ((y - fit) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert isotonic_r2(y) == pytest.approx(r2)
    assert isotonic_r2(np.ones(4)) == 1.0


# --- whole records ---------------------------------------------------------------------------

ENVIRONMENT = Environment(
    python="3", platform="p", machine="m", processor="c", cores=1, memory_gib=1.0, device="cpu",
    threads=1, thread_policy="", precision="float32", versions={}, commit="", dirty=False, code="",
)  # fmt: skip


def run(name: str, values: list[float] | None, **changes: Any) -> RunRecord:
    values = [] if values is None else values
    keys: dict[str, Any] = {
        "name": name,
        "label": name,
        "seeds": list(range(len(values))),
        "stack": "",
        "diverged": {},
        "metrics": {"nll": values},
        "curves": [],
        "parameters": 1,
        "steps": 1,
        "seconds": 1.0,
    }
    return RunRecord(**keys | changes)


def record(claims: list[Any], runs: list[RunRecord], tier: str = "paper") -> Record:
    stages = {"main": {"fit": "fit"}}
    spec = {
        "paper": {
            "title": "T", "authors": "A", "venue": "V", "year": 2014, "url": "u",
            "family": "f", "idea": "i",
        },
        "data": {"name": "d", "train": "a", "test": "b", "limit": "all", "test_limit": "all"},
        "model": {"class": "pca.PCA"},
        "train": {"seeds": [0, 1], "use": ["main"], "stages": stages},
        "measure": [
            {"name": "nll", "function": "f.g", "label": "NLL", "unit": "nats", "direction": "lower"}
        ],
        "run": [{"name": r.name, "label": r.name} for r in runs] or [{"name": "z", "label": "z"}],
        "claim": [claim.model_dump(mode="json") for claim in claims],
        "deviation": [],
        "tier": {},
    }  # fmt: skip
    return Record(
        schema_version=1, name="spec", tier=tier, spec=json.loads(json.dumps(spec)),
        spec_digest="", source="", started="2026-11-21", seconds=1.0, environment=ENVIRONMENT, data=[],
        runs=runs, figures=[],
    )  # fmt: skip


def test_a_record_is_judged_claim_by_claim():
    claims = [
        value_claim(id="number", digits=2, spread=Spread(kind="sd", value=0.2, n=10)),
        order_claim(id="order", gap=4.0, control=True, primary=False),
        equal_claim(id="equal", runs=("a", "a2")),
        figure_claim(id="figure"),
        trend_claim(id="trend", runs=("a", "b", "c", "d")),
    ]
    five = FIVE.tolist()
    rows = [run(name, (FIVE + 5 * i).tolist()) for i, name in enumerate("abcd")]
    verdicts = judge(record(claims, [*rows, run("a2", five)]))
    assert [v.claim for v in verdicts] == ["number", "order", "equal", "figure", "trend"]
    assert {v.word for v in verdicts} == {"REPRODUCED"}
    assert [v.published for v in verdicts] == [
        "3.00 ± 0.2 nats",
        "a < b (by 4)",
        "a = a2",
        "3.00 ± 0.10  (fig. 5)",
        "up over a, b, c, d",
    ]
    assert [v.primary for v in verdicts] == [True, False, True, True, True]
    assert [v.control for v in verdicts] == [False, True, False, False, False]
    assert verdicts[1].seeds == 5
    assert verdicts[1].tier == "paper"
    assert headline(verdicts) == ("REPRODUCED", "all 4 primary claims reproduced")


@pytest.mark.parametrize(
    ("claim", "tier", "note"),
    [
        (value_claim(), "quick", "a quick run never tests a published number"),
        (figure_claim(), "smoke", "a quick run never tests a published number"),
        (value_claim(control=True), "smoke", "not judged in tier smoke, only in paper, quick"),
        (order_claim(), "smoke", "not judged in tier smoke, only in paper, quick"),
        (order_claim(worse="z"), "quick", "run 'z' is not part of this quick run"),
        (order_claim(worse="c"), "quick", "'nll' was not measured on run 'c'"),
    ],
)
def test_what_cannot_be_tested_says_why(claim: Any, tier: str, note: str):
    runs = [run("a", FIVE.tolist()), run("b", FIVE.tolist()), run("c", [1.0], metrics={})]
    (verdict,) = judge(record([claim], runs, tier))
    assert (verdict.word, verdict.note, verdict.mean) == ("UNTESTED", note, None)
    assert headline([verdict]) == ("UNTESTED", "none of the 1 primary claims was tested")


def test_a_control_is_a_number_that_a_quick_run_does_test():
    (verdict,) = judge(record([value_claim(control=True)], [run("a", FIVE.tolist())], "quick"))
    assert verdict.word == "REPRODUCED"


def test_a_seed_that_diverged_counts_as_worst_whatever_its_value():
    lost = run("a", FIVE.tolist(), diverged={1: "loss is NaN", 3: "loss is NaN"})
    (verdict,) = judge(record([value_claim()], [lost]))
    assert (verdict.word, verdict.note) == ("SHORT", "unstable: 2 of 5 seeds diverged")
    (exact,) = judge(
        record(
            [
                ExactClaim(
                    **BASE, kind="exact", run="a", value=3.0, unit="", tolerance=9.0,
                    tolerance_reason="r",
                )
            ],
            [lost],
        )
    )  # fmt: skip
    assert exact.word == "SHORT"


def test_runs_pair_on_their_common_seeds_whatever_their_order():
    a = run("a", [1.0, 2.0, 3.0, 4.0, 5.0, 99.0], seeds=[0, 1, 2, 3, 4, 9])
    b = run("b", [5.5, 4.5, 3.5, 2.5, 1.5], seeds=[4, 3, 2, 1, 0])
    (verdict,) = judge(record([order_claim(margin=0.25)], [a, b]))
    assert (verdict.word, verdict.mean, verdict.sd) == ("INCONCLUSIVE", 0.5, 0.0)
    assert (verdict.seeds, verdict.p, verdict.extra["PI"]) == (5, 1 / 32, 0.6)


def test_runs_with_too_few_common_seeds_are_compared_unpaired():
    a, b = run("a", [1.0, 1.1, 1.2]), run("b", [4.0, 4.1, 4.2], seeds=[7, 8, 9])
    (verdict,) = judge(record([order_claim()], [a, b]))
    assert (verdict.word, verdict.p, verdict.seeds) == ("REPRODUCED", pytest.approx(0.05), 3)
    trend = trend_claim(runs=("a", "b", "a", "b"))
    (verdict,) = judge(record([trend], [a, b]))
    assert (verdict.word, verdict.note) == ("INCONCLUSIVE", "no seed is common to all runs")


def test_orders_on_one_metric_are_one_family():
    rows = [run(name, (FIVE + 5 * i).tolist()) for i, name in enumerate("abc")]
    two = [order_claim(id="1"), order_claim(id="2", better="b", worse="c")]
    assert [v.word for v in judge(record(two[:1], rows))] == ["REPRODUCED"]
    verdicts = judge(record(two, rows))
    assert [v.word for v in verdicts] == ["INCONCLUSIVE"] * 2
    assert verdicts[0].note.startswith(
        "Holm over 2 orderings turned REPRODUCED into INCONCLUSIVE (p 0.0312 to 0.0625); "
    )
    eight = [run(r.name, [*r.metrics["nll"], 3.3 + 5 * i]) for i, r in enumerate(rows)]
    assert [v.word for v in judge(record(two, eight))] == ["REPRODUCED"] * 2


def test_a_record_with_a_value_missing_is_no_record():
    with pytest.raises(ValueError, match=r"'metrics.nll': found 2; expected 3, one a seed"):
        run("a", [1.0, 2.0], seeds=[0, 1, 2])


def test_a_claim_on_what_is_not_measured_is_refused():
    with pytest.raises(UserError, match=r"record of spec, tier paper: .* metric: no .* 'mse'"):
        judge(record([order_claim(metric="mse")], [run("a", [1.0]), run("b", [1.0])]))


def primary(claim: str, word: Any, p_short: float = 1.0) -> Verdict:
    return Verdict(
        claim=claim, word=word, note="", published="", ours="", mean=None, low=None, high=None,
        target=None, margin=None, seeds=5, sd=None, p=None, extra={"p_short": p_short},
        primary=True, control=False, tier="paper",
    )  # fmt: skip


def test_the_headline_is_short_only_after_holm():
    good = [primary(str(i), "BETTER") for i in range(2)]
    assert headline([*good, primary("x", "SHORT", 0.01)]) == (
        "SHORT",
        "1 of 3 primary claims fall short: x",
    )
    assert headline([*good, primary("x", "SHORT", 0.04)]) == (
        "INCONCLUSIVE",
        "2 of 3 primary claims reproduced; short before Holm: x",
    )
    assert headline(good) == ("REPRODUCED", "all 2 primary claims reproduced")
    assert headline([*good, primary("x", "UNTESTED")]) == (
        "INCONCLUSIVE",
        "2 of 3 primary claims reproduced, 1 not tested",
    )
    assert headline([]) == ("UNTESTED", "no claim is primary")


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (6.66, 0.05, "6.660 ± 0.050"),
        (6.66, 0.0996, "6.66 ± 0.10"),
        (13.87, 0.0, "13.87 ± 0"),
        (225.4, 12.34, "225 ± 12"),
        (22541.0, 1234.0, "22500 ± 1200"),
        (-0.001, 0.5, "0.00 ± 0.50"),
        (3.0, None, "3"),
        (math.nan, 1.0, "no finite mean"),
    ],
)
def test_a_number_is_shown_to_two_digits_of_its_uncertainty(
    value: float, half: float | None, text: str
):
    assert with_uncertainty(value, half) == text


def test_judging_needs_neither_torch_nor_scipy_stats():
    code = "import sys, ae.verdict; assert not {'torch', 'scipy.stats'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
