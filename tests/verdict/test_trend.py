"""Sweeps: Page's test, steps, what is flat, broken, smaller than the margin."""

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from claims import trend_claim

from ae.verdict import verdict_trend
from ae.verdict.bounds import interval_of, mean_of, p_above
from ae.verdict.finding import Finding, TrendFinding
from ae.verdict.trend import isotonic_r2, kendall


def trended(claim: Any, values: Any, **more: Any) -> TrendFinding:
    found = verdict_trend(claim, np.asarray(values), **more)
    assert isinstance(found, TrendFinding)
    return found


def steep(back: float, seeds: int = 5) -> np.ndarray:
    """Seeds over six runs that climb by 5, but for one step back."""
    noise = 0.1 * np.random.default_rng(1).normal(size=(seeds, 6))
    return np.array([0.0, 5.0, 5.0 - back, 10.0, 15.0, 20.0]) + noise


def test_a_trend_of_material_steps_is_reproduced():
    y = np.array([0.0, 5.0, 10.0, 15.0]) + 0.1 * np.random.default_rng(1).normal(size=(5, 4))
    found = trended(trend_claim(), y)
    assert (found.word, found.material) == ("REPRODUCED", 0.5)
    assert found.note == "it moves as claimed, and every step is at least 0.5"
    assert found.p == pytest.approx(scipy.stats.page_trend_test(y, method="exact").pvalue)
    assert list(found.steps) == [interval_of((y[:, i + 1] - y[:, i]).tolist()) for i in range(3)]
    assert found.interval == interval_of((y[:, 3] - y[:, 0]).tolist())


@pytest.mark.parametrize(
    "profile", [(0.0, 1e-9, 2e-9, 3e-9), (0.0, 0.0, 5.0, 10.0), (0.0, 0.3, 5.0, 10.0)]
)
def test_margins_bind_every_step_of_a_trend(profile: tuple[float, ...]):
    """(0, 1e-9, 2e-9), and a trend whose first two runs are equal: once REPRODUCED."""
    y = np.repeat([profile], 5, axis=0)
    found = trended(trend_claim(), y)
    weak = sum(b - a < 0.5 for a, b in itertools.pairwise(profile))
    assert found.word == "SMALLER"
    assert found.note == f"it moves as claimed, but {weak} of 3 steps are smaller than 0.5"


def test_a_step_that_may_be_large_enough_asks_for_more_seeds():
    y = np.array([0.0, 5.0, 5.6, 15.0]) + 0.1 * np.random.default_rng(1).normal(size=(5, 4))
    found = trended(trend_claim(), y)
    assert found.word == "SMALLER"
    assert "but 1 of 3 steps are not shown to be 0.5; " in found.note
    assert found.note.endswith("seeds would decide at this mean and spread")


def test_a_step_back_is_bounded_or_decides():
    within = trended(trend_claim(6), steep(0.2))
    assert within.word == "SMALLER"
    wide = trended(trend_claim(6), steep(0.95))
    assert wide.word == "INCONCLUSIVE"
    assert wide.note.startswith("a step back is not bounded by 1; ")
    y = steep(2.0)
    found = trended(trend_claim(6), y)
    assert (found.word, found.reason, found.note) == ("SHORT", "step back", "a step back exceeds 1")
    p = 5 * p_above(mean_of((y[:, 1] - y[:, 2])[None]), 1.0).item()
    assert found.p_step_back == pytest.approx(p)
    assert found.p_short == pytest.approx(p)


def test_a_flat_sweep_and_one_that_moves_the_other_way_are_short():
    flat = trended(trend_claim(), 0.01 * np.random.default_rng(2).normal(size=(5, 4)))
    assert (flat.word, flat.reason) == ("SHORT", "flat")
    assert flat.note.startswith("flat: the 90 % interval of the end-to-end effect lies within ±1")
    back = trended(trend_claim(), np.repeat([[9.0, 6.0, 3.0, 0.0]], 5, axis=0))
    assert (back.word, back.reason, back.note) == ("SHORT", "reversed", "it moves the other way")


def test_one_seed_bounds_nothing_without_a_sigma():
    up = np.array([[1.0, 5.0, 9.0, 13.0]])
    alone = verdict_trend(trend_claim(), up)
    assert type(alone) is Finding
    assert (alone.word, alone.note) == (
        "INCONCLUSIVE",
        "K = 1: a trend needs 3 seeds, or a sigma_pin from 10 of them",
    )
    found = trended(trend_claim(sigma_pin=0.1), up)
    assert (found.word, found.p) == ("REPRODUCED", pytest.approx(1 / 24))
    assert trended(trend_claim(sigma_pin=3.0), up).word == "INCONCLUSIVE"


def test_three_runs_need_three_seeds():
    y = np.array([[1.0, 4.0, 7.0]])
    two = verdict_trend(trend_claim(3, sigma_pin=0.1), np.repeat(y, 2, axis=0))
    assert (two.word, two.note) == ("INCONCLUSIVE", "a trend over 3 runs needs 3 seeds")
    three = trended(trend_claim(3), np.repeat(y, 3, axis=0))
    assert (three.word, three.p) == ("REPRODUCED", pytest.approx((1 / 6) ** 3))


def test_a_trend_is_corrected_for_the_other_claims_about_its_runs():
    found = trended(trend_claim(), np.repeat([[0.0, 4.0, 8.0, 12.0]], 3, axis=0), family=(0.06, 4))
    assert (found.word, found.p_adjusted) == ("INCONCLUSIVE", 0.06)
    assert found.note.startswith("Page's test does not reject (p = 0.06); ")


def test_a_falling_claim_is_a_rising_claim_of_the_negative():
    y = steep(0.2)
    up, down = trended(trend_claim(6), y), trended(trend_claim(6, moves="down"), -y)
    assert (down.word, down.interval, down.steps) == (up.word, up.interval, up.steps)


def test_tau_and_isotonic_r2_are_scipys():
    y = np.random.default_rng(3).normal(size=8) + 0.3 * np.arange(8)
    y[4] = y[2]
    assert kendall(y) == pytest.approx(scipy.stats.kendalltau(np.arange(8), y).statistic)
    fit = scipy.optimize.isotonic_regression(y).x
    r2 = 1 - ((y - fit) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert isotonic_r2(y) == pytest.approx(r2)
    assert isotonic_r2(np.ones(4)) == 1.0
