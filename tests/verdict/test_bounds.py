"""The one interval against its definition, Student's, and simulation; p from the interval."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from ae.verdict.bounds import (
    Known,
    Mean,
    Within,
    difference,
    half_width,
    interval_of,
    mean_of,
    p_above,
    p_below,
    p_within,
    pinned,
    would_decide,
)
from ae.verdict.skewed import quantile

FIVE = np.array([3.1, 2.7, 3.4, 2.9, 3.2])


class Normal(NamedTuple):
    """A part of a known normal law."""

    sigma: float

    def half(self, alpha: Any) -> Any:
        """What bounds it."""
        return self.sigma * scipy.stats.norm.ppf(1 - np.asarray(alpha))


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.0354, 0.01, 0.001])
def test_the_quantile_is_that_of_exponential_seeds(seeds: int, alpha: float):
    n = 200_000
    x = np.random.default_rng([seeds, int(1e4 * alpha)]).exponential(size=(n, seeds))
    t = (1 - x.mean(1)) / (x.std(1, ddof=1) / math.sqrt(seeds))
    wrong = (t > quantile(seeds, alpha)).mean()
    assert wrong == pytest.approx(alpha, abs=4 * math.sqrt(alpha / n) + 0.02 * alpha)


@pytest.mark.parametrize("seeds", [3, 5, 10, 50])
def test_the_quantile_is_never_below_students(seeds: int):
    for alpha in (0.4, 0.1, 0.05, 0.01, 1e-4, 1e-8):
        assert quantile(seeds, alpha) >= scipy.stats.t.ppf(1 - alpha, seeds - 1) * (1 - 1e-3)


def test_the_quantile_of_two_seeds_is_known():
    """Of two exponential values v = sqrt(2) d / s is sqrt(2) times a uniform number."""
    u = (np.arange(200_000) + 0.5) / 200_000
    for alpha in (0.05, 0.01):
        t = float(quantile(2, alpha))
        found = scipy.stats.gamma(2).cdf(2 / (1 + t * u)).mean()
        assert found == pytest.approx(alpha, rel=0.01)


def test_the_interval_is_the_mean_and_the_quantile():
    found = mean_of(FIVE[None])
    half = quantile(5, 0.05) * scipy.stats.sem(FIVE)
    assert found.half().item() == pytest.approx(half)
    assert (found.low().item(), found.high().item()) == pytest.approx(
        (FIVE.mean() - half, FIVE.mean() + half)
    )
    shown = interval_of(FIVE.tolist())
    assert shown is not None
    assert (shown.mean, shown.half) == pytest.approx((FIVE.mean(), half))
    assert half_width(FIVE.std(ddof=1), 5) == pytest.approx(half)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=5))
@settings(max_examples=200, deadline=None)
def test_with_five_seeds_or_fewer_it_holds_all_of_them(values: list[float]):
    """Samuelson: none lies further from the mean than (n - 1) s / sqrt(n), and the quantile is larger."""
    found = mean_of(np.array([values]))
    assert min(values) >= found.low().item() - 1e-6
    assert max(values) <= found.high().item() + 1e-6


def test_three_lucky_seeds_do_not_shrink_the_interval():
    found = mean_of(np.full((1, 3), 3.0), floor=0.5)
    assert found.half().item() == pytest.approx(quantile(3, 0.05) * 0.5 / math.sqrt(3))


def test_one_seed_has_the_spread_of_ten_others():
    found = pinned(np.array([[3.0]]), 0.3)
    assert found.half().item() == pytest.approx(quantile(10, 0.05) * 0.3)


def test_independent_halves_add_in_squares():
    one = mean_of(FIVE[None])
    both = mean_of(FIVE[None], Known(0.2), Known(0.3, 4))
    expected = one.half().item() ** 2
    expected += (0.2 * scipy.stats.norm.ppf(0.95)) ** 2 + (0.3 * scipy.stats.t.ppf(0.95, 4)) ** 2
    assert both.half().item() == pytest.approx(math.sqrt(expected))
    apart = difference(one, mean_of(FIVE[None] + 1))
    assert apart.mean.item() == pytest.approx(-1)
    assert apart.half().item() == pytest.approx(math.sqrt(2) * one.half().item())
    assert difference(one, mean_of(np.full((1, 5), 2.0))).half() == pytest.approx(one.half())


@pytest.mark.parametrize("alpha", [0.05, 0.0386, 0.0112])
@pytest.mark.parametrize("sigma", [1e-6, 0.03, 0.1, 0.3, 1.0, 3.0, 30.0])
def test_a_rounding_makes_the_interval_no_more_often_wrong_and_never_wider_than_itself(
    alpha: float, sigma: float
):
    """The chance that a normal and a uniform error together exceed it, integrated."""
    part = Normal(sigma)
    half = Mean(np.zeros(1), np.zeros(1), (part, Within(1.0))).half(alpha).item()
    steps = (np.arange(20_000) + 0.5) / 10_000 - 1
    assert scipy.stats.norm.sf((half - steps) / sigma).mean() <= alpha * 1.01
    assert half <= part.half(alpha) + 1.0 + 1e-12


def test_without_spread_a_rounding_is_what_it_can_be_at_most():
    assert mean_of(np.full((1, 3), 2.0), Within(0.5)).half(0.01).item() == 0.5
    two = mean_of(np.full((1, 3), 2.0), Within(0.5), Within(0.25)).half(0.001).item()
    assert two == 0.75


def test_students_interval_would_miss_an_exponential_mean_in_16_of_100_samples():
    x = np.random.default_rng(2).exponential(size=(100_000, 5))
    t = (1 - x.mean(1)) / (x.std(1, ddof=1) / math.sqrt(5))
    assert (t > scipy.stats.t.ppf(0.95, 4)).mean() == pytest.approx(0.16, abs=0.005)


def test_the_page_shows_the_quantiles():
    rows = {
        cells[1]: cells[2:-1]
        for line in (ROOT / "docs" / "verdicts.md").read_text().splitlines()
        if (cells := [cell.strip() for cell in line.split("|")])[1:2]
        in (["seeds"], ["t*"], ["Student's"])
    }
    seeds = [int(n) for n in rows["seeds"] if n.isdigit()]
    assert rows["t*"] == [f"{quantile(n, 0.05):.2f}" for n in seeds]
    assert rows["Student's"] == [f"{scipy.stats.t.ppf(0.95, n - 1):.2f}" for n in seeds]


numbers = st.lists(st.integers(-20, 20).map(lambda i: i / 4), min_size=3, max_size=12)


@given(numbers, st.integers(-20, 20).map(lambda i: i / 4 + 0.01))
@settings(max_examples=100, deadline=None)
def test_p_is_the_level_at_which_the_interval_just_excludes(values: list[float], bound: float):
    found = mean_of(np.array([values]))
    p = p_above(found, bound).item()
    if 1e-8 < p < 0.5:
        assert found.low(p * 1.01).item() >= bound
        assert found.low(p / 1.01).item() <= bound
    for alpha in (0.05, 0.0146):
        if abs(p - alpha) > 1e-6:
            assert (p < alpha) == (found.low(alpha).item() > bound)
    assert p_below(found.compared(-1.0, 0.0), -bound).item() == pytest.approx(p)


def test_p_of_equivalence_is_the_larger_of_two():
    found = mean_of(FIVE[None]).compared(1.0, 3.0)
    assert p_within(found, 1.0) == pytest.approx(max(p_above(found, -1.0), p_below(found, 1.0)))


def test_p_of_a_mean_of_equal_values_is_certain():
    found = mean_of(np.full((1, 5), 1.0))
    assert (p_above(found, 0.5).item(), p_above(found, 1.5).item()) == (pytest.approx(1e-9), 1.0)


def test_how_many_seeds_would_decide():
    assert would_decide(lambda n: n >= 9, 5).startswith("9 seeds would decide")
    assert would_decide(lambda n: n >= 11, 5).startswith("12 seeds would decide")
    assert would_decide(lambda n: True, 5).startswith("6 seeds would decide")
    assert would_decide(lambda n: False, 5).startswith("no number of seeds up to 100")
