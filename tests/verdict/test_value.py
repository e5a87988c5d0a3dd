"""Numbers against numbers: printed, or read off a figure."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from claims import FIVE, NONE, figure_claim, value_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.spec import Spread
from ae.verdict import verdict_figure, verdict_value
from ae.verdict.aim import expected_maximum
from ae.verdict.bounds import half_width
from ae.verdict.finding import ValueFinding
from ae.verdict.skewed import quantile

LOWER, HIGHER = -1, 1
T5 = float(quantile(5, 0.05))


def judged(claim: Any, values: np.ndarray, sign: int = LOWER, **more: Any) -> ValueFinding:
    found = verdict_value(claim, values, sign=sign, **more)
    assert isinstance(found, ValueFinding)
    return found


def test_the_interval_of_a_number_says_its_word():
    found = judged(value_claim(), FIVE)
    half = T5 * scipy.stats.sem(FIVE)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((3.06 - half, 3.06 + half))
    assert found.sd == pytest.approx(FIVE.std(ddof=1))
    assert found.ours == "3.06 ± 0.56 (n = 5)"
    assert found.word == "REPRODUCED"


@pytest.mark.parametrize(
    ("shift", "word", "reason"),
    [
        (0.0, "REPRODUCED", None),
        (0.8, "INCONCLUSIVE", None),
        (2.0, "SHORT", "too high"),
        (-2, "BETTER", None),
    ],
)
def test_a_number_is_judged_by_two_one_sided_tests(shift: float, word: str, reason: Any):
    found = judged(value_claim(), FIVE + shift)
    assert (found.word, found.reason) == (word, reason)
    assert (found.p <= 0.05) == (word == "REPRODUCED")
    assert (found.p_short <= 0.05) == (word == "SHORT")


def test_short_says_on_which_side():
    assert judged(value_claim(), 6 - FIVE - 3, HIGHER).reason == "too low"


@pytest.mark.parametrize(
    ("spread", "u", "nu", "margin"),
    [
        (NONE, 0.0, math.inf, 1.0),
        (Spread(kind="sd", value=0.6, n=9), 0.2, 8, 1.0),
        (Spread(kind="sd", value=0.6), 0.0, math.inf, 1.0),
        (Spread(kind="se", value=0.3, n=9), 0.3, 8, 1.0),
        (Spread(kind="folds", value=0.3), 0.3, math.inf, 1.0),
        (Spread(kind="ci95", value=0.588), 0.3, math.inf, 1.0),
        (Spread(kind="examples", value=2.0), 0.0, math.inf, 2.0),
        (Spread(kind="examples", value=0.5), 0.0, math.inf, 1.0),
        (Spread(kind="binomial", value=1.5), 0.0, math.inf, 1.5),
    ],
)
def test_every_kind_of_spread_enters_where_it_belongs(
    spread: Spread, u: float, nu: float, margin: float
):
    found = judged(value_claim(spread=spread), FIVE)
    q = scipy.stats.norm.ppf(0.95) if math.isinf(nu) else scipy.stats.t.ppf(0.95, nu)
    assert found.half == pytest.approx(math.hypot(T5 * scipy.stats.sem(FIVE), q * u))
    assert found.margin == margin


def test_rounding_of_the_printed_number_counts():
    found = judged(value_claim(digits=0), np.full(5, 3.0))
    assert found.half == pytest.approx(scipy.stats.norm.ppf(0.95) * 0.5 / math.sqrt(3))
    assert judged(value_claim(digits=0), np.full(5, 3.0), level=0.001).half == 0.5


@pytest.mark.parametrize("sign", [LOWER, HIGHER])
def test_where_neither_is_better_a_number_beyond_the_margin_is_short_on_either_side(sign: int):
    for shift, reason in ((-2.0, "too low"), (2.0, "too high")):
        found = judged(value_claim(), 3.0 + shift + FIVE - FIVE.mean(), sign, either_way=True)
        assert (found.word, found.reason) == ("SHORT", reason)
        assert (
            found.note
            == "the whole 90 % interval is further from the published value than the margin 1"
        )
        assert found.p_short < 0.05
        figure = verdict_figure(
            figure_claim(), 3.0 + shift + FIVE - FIVE.mean(), sign=sign, either_way=True
        )
        assert (figure.word, figure.reason) == ("SHORT", reason)
    assert judged(value_claim(), FIVE, sign, either_way=True).word == "REPRODUCED"


def test_a_count_is_not_rounded():
    claim = value_claim(digits=0, counted=True, margin=0.5)
    assert (judged(claim, np.full(3, 3.0)).word, judged(claim, np.full(3, 3.0)).half) == (
        "REPRODUCED",
        0,
    )
    assert judged(claim, np.full(3, 4.0)).word == "SHORT"
    assert judged(value_claim(digits=0, margin=0.5), np.full(3, 3.0), level=0.01).word == (
        "INCONCLUSIVE"
    )


@pytest.mark.parametrize(
    ("n", "expected"),
    [(2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (5, 1.16296), (10, 1.53875)],
)
def test_best_of_n_moves_the_target_by_the_expected_maximum(n: int, expected: float):
    assert expected_maximum(n) == pytest.approx(expected, abs=1e-5)
    claim = value_claim(best_of=n, sigma_pin=0.5)
    assert judged(claim, FIVE).target == pytest.approx(3.0 + 0.5 * expected, abs=1e-5)
    assert judged(claim, FIVE, HIGHER).target == pytest.approx(3.0 - 0.5 * expected, abs=1e-5)


def test_best_of_without_sigma_pin_decides_nothing():
    found = judged(value_claim(best_of=3), FIVE)
    assert (found.word, found.p, found.p_short) == ("INCONCLUSIVE", 1.0, 1.0)
    assert found.note.startswith("the published value is the best of 3 runs: needs sigma_pin")


@pytest.mark.parametrize(
    ("shift", "word"), [(0, "REPRODUCED"), (-9, "REPRODUCED"), (0.8, "INCONCLUSIVE"), (3, "SHORT")]
)
def test_at_least_has_one_side(shift: float, word: str):
    assert judged(value_claim(sense="at_least"), FIVE + shift).word == word


def test_three_lucky_seeds_do_not_shrink_the_interval():
    found = judged(value_claim(sigma_pin=1.0), np.full(3, 3.0))
    assert found.sigma == 0.5
    assert found.half == pytest.approx(quantile(3, 0.05) * 0.5 / 3**0.5)


def test_one_seed_needs_sigma_pin():
    alone = verdict_value(value_claim(), np.array([3.0]), sign=LOWER)
    assert (alone.word, alone.interval) == ("INCONCLUSIVE", None)
    assert alone.note == "K = 1: a number needs 3 seeds, or a sigma_pin from 10 of them"
    found = judged(value_claim(sigma_pin=0.3), np.array([3.0]))
    assert (found.word, found.sd) == ("REPRODUCED", None)
    assert found.half == pytest.approx(quantile(10, 0.05) * 0.3)


def test_z_asks_whether_the_target_is_one_draw_of_ours():
    found = judged(value_claim(), FIVE)
    assert found.z == pytest.approx((3.0 - FIVE.mean()) / (FIVE.std(ddof=1) * math.sqrt(1.2)))
    assert found.z_limit == pytest.approx(scipy.stats.t.ppf(0.975, 4))


@pytest.mark.parametrize("seeds", [3, 4, 5, 10])
def test_a_margin_below_what_the_seeds_can_resolve_is_called_under_powered(seeds: int):
    values = 3.0 + np.linspace(-0.1, 0.1, seeds)
    least = 1.5 * half_width(0.5, seeds)
    wide = judged(value_claim(sigma_pin=0.5, margin=least * 1.01), values)
    narrow = judged(value_claim(sigma_pin=0.5, margin=least * 0.99), values)
    assert (wide.underpowered, narrow.underpowered) == (False, True)
    said = f"sigma = 0.5 (sigma_pin) needs a margin of {least:.3g} at {seeds} seeds"
    assert narrow.note.endswith(f"; under-powered: {said}")


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_a_margin_that_is_wide_enough_is_decided_in_three_of_four_samples(seeds: int):
    margin = 1.5 * half_width(1.0, seeds)
    x = np.random.default_rng(seeds).normal(3.0, 1.0, size=(1000, seeds))
    words = [judged(value_claim(margin=margin), one).word for one in x]
    assert words.count("REPRODUCED") >= 780


def test_under_powered_says_which_sigma_it_used():
    observed = judged(value_claim(margin=0.1), FIVE)
    assert "sigma = 0.27 (the observed sd)" in observed.note
    printed = Spread(kind="sd", value=2.0)
    assert "(the printed sd)" in judged(value_claim(spread=printed, sigma_pin=0.5), FIVE).note


def test_the_seeds_that_would_decide_are_the_first_that_do():
    values = np.array([3.0, 4.5, 3.7, 2.0, 4.1])
    found = judged(value_claim(margin=2.0), values)
    away, sd = values.mean() - 3.0, values.std(ddof=1)
    first = next(k for k in range(6, 100) if away + half_width(sd, k) < 2.0)
    assert 6 < first <= 10
    assert found.note.startswith(f"not better; {first} seeds would decide at this mean and spread")


def test_a_later_look_has_a_wider_interval_and_says_so():
    found = judged(value_claim(), FIVE, level=0.01)
    assert found.half == pytest.approx(quantile(5, 0.01) * scipy.stats.sem(FIVE))
    assert judged(value_claim(margin=9.0), FIVE, level=0.01).note.startswith(
        "the whole 98 % interval is within the margin 9"
    )


quarters = st.integers(-40, 40).map(lambda i: i / 4)
samples = st.lists(quarters, min_size=1, max_size=8).map(np.array)
margins = st.integers(1, 40).map(lambda i: i / 4)
signs = st.sampled_from([LOWER, HIGHER])
pins = st.none() | st.sampled_from([0.25, 1.0, 4.0])


@given(samples, quarters, margins, signs, pins, st.integers(-8, 8))
@settings(max_examples=150, deadline=None)
def test_a_change_of_unit_keeps_the_word(
    values: np.ndarray, target: float, margin: float, sign: int, pin: Any, power: int
):
    c = 2.0**power
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    scaled = value_claim(value=c * target, margin=c * margin, sigma_pin=pin and c * pin)
    word = verdict_value(claim, values, sign=sign).word
    assert verdict_value(scaled, c * values, sign=sign).word == word


@given(samples, quarters, margins, pins)
@settings(max_examples=150, deadline=None)
def test_turning_the_sign_and_the_direction_keeps_the_word(
    values: np.ndarray, target: float, margin: float, pin: Any
):
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    turned = value_claim(value=-target, margin=margin, sigma_pin=pin)
    word = verdict_value(claim, values, sign=LOWER).word
    assert verdict_value(turned, -values, sign=HIGHER).word == word


@given(samples, quarters, margins, signs, pins, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_seeds_does_not_matter(
    values: np.ndarray, target: float, margin: float, sign: int, pin: Any, random: Any
):
    claim = value_claim(value=target, margin=margin, sigma_pin=pin)
    shuffled = values.tolist()
    random.shuffle(shuffled)
    word = verdict_value(claim, values, sign=sign).word
    assert verdict_value(claim, np.array(shuffled), sign=sign).word == word


@given(samples, quarters, margins, margins, signs, pins)
@settings(max_examples=150, deadline=None)
def test_a_wider_margin_never_turns_reproduced_away_and_the_interval_explains_the_word(
    values: np.ndarray, target: float, margin: float, more: float, sign: int, pin: Any
):
    found = verdict_value(
        value_claim(value=target, margin=margin, sigma_pin=pin), values, sign=sign
    )
    wider = verdict_value(
        value_claim(value=target, margin=margin + more, sigma_pin=pin), values, sign=sign
    )
    if found.word == "REPRODUCED":
        assert wider.word == "REPRODUCED"
    if found.interval is None:
        return
    low, high = found.interval.low, found.interval.high
    inside = target - margin < low and high < target + margin
    worse = low > target + margin if sign < 0 else high < target - margin
    assert (found.word == "REPRODUCED", found.word == "SHORT") == (inside, worse)


def test_a_figures_reading_widens_interval_and_margin_and_is_never_bettered():
    claim = figure_claim(readings=(2.0, 4.0), half_width=0.1)
    found = verdict_figure(claim, FIVE, sign=LOWER)
    assert isinstance(found, ValueFinding)
    assert (found.target, found.margin) == (3.0, 2.0)
    reading = scipy.stats.norm.ppf(0.95) / math.sqrt(3)
    assert found.half == pytest.approx(math.hypot(T5 * scipy.stats.sem(FIVE), reading))
    better = verdict_figure(claim, FIVE - 9, sign=LOWER)
    assert (better.word, better.reason) == ("REPRODUCED", "or better")
    assert better.note.startswith("at least reproduced: a figure is never bettered")
    assert verdict_figure(claim, FIVE + 9, sign=LOWER).word == "SHORT"


def test_a_log_axis_compares_ratios():
    values = np.array([97.0, 100.0, 103.0, 98.0, 102.0])
    claim = figure_claim(
        readings=(100.0, 100.0), half_width=0.01, margin=math.log(1.25), log_axis=True
    )
    found = verdict_figure(claim, values, sign=LOWER)
    assert isinstance(found, ValueFinding)
    assert (found.word, found.logarithmic) == ("REPRODUCED", True)
    assert found.interval is not None
    assert found.interval.mean == pytest.approx(scipy.stats.gmean(values))
    ends = [math.log(e) - math.log(found.interval.mean) for e in (found.interval.low, found.interval.high)]  # fmt: skip
    assert ends == pytest.approx([-found.half, found.half])
    assert found.target == pytest.approx(100.0)
    assert found.margin == pytest.approx(math.log(1.25))
    assert verdict_figure(claim, 10 * values, sign=LOWER).word == "SHORT"
    zero = verdict_figure(claim, np.zeros(5), sign=LOWER)
    assert (zero.word, zero.note) == ("UNTESTED", "a log axis needs numbers above 0; measured 0")
