"""Claims about a statistic of many runs: its interval, its p, its word."""

import math

import numpy as np
import pytest
import scipy.stats
from claims import pooled_claim, record, run

from ae.maths import scores
from ae.verdict import judge, verdict_pooled
from ae.verdict.bounds import interval_of, mean_of
from ae.verdict.finding import PooledFinding
from ae.verdict.skewed import quantile


def pooled(claim, values, **more) -> PooledFinding:
    found = verdict_pooled(claim, values, **more)
    assert isinstance(found, PooledFinding)
    return found


def test_the_word_follows_the_interval_of_the_mean():
    values = np.random.default_rng(4).normal(1.0, 0.1, size=(1, 8, 3))
    expected = interval_of(values[0].mean(1).tolist())
    low, high = expected.low, expected.high
    found = pooled(pooled_claim(bound=low - 1e-6), values)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-12)
    assert (found.word, found.target, found.seeds) == ("REPRODUCED", low - 1e-6, 8)
    assert found.p == pytest.approx(0.05, abs=1e-3)
    assert verdict_pooled(pooled_claim(bound=low + 1e-6), values).word == "INCONCLUSIVE"
    short = verdict_pooled(pooled_claim(bound=9.0), values)
    assert (short.word, short.reason) == ("SHORT", "too low")
    assert short.note == "the 90 % interval lies below 9"
    assert verdict_pooled(pooled_claim(bound=high + 1e-6), values).word == "SHORT"
    below = pooled(pooled_claim(bound=high + 1e-6, sense="below"), values)
    assert (below.word, below.p_short > 0.9) == ("REPRODUCED", True)
    over = verdict_pooled(pooled_claim(bound=low - 1e-6, sense="below"), values)
    assert (over.word, over.reason) == ("SHORT", "too high")


def test_each_statistic_is_of_its_groups_and_metrics():
    rng = np.random.default_rng(5)
    own = rng.normal(size=(30, 3)) + np.array([4.0, 4.0, 0.0])
    other = -own + 0.01 * rng.normal(size=(30, 3))
    words = {
        s: pooled(pooled_claim(statistic=s, bound=b), own[None])
        for s, b in (("explained", 60.0), ("dominance", 95.0), ("mean", 2.0))
    }
    assert {f.word for f in words.values()} == {"REPRODUCED"}
    expected = scores.explained(own, [0, 0, 1])
    assert words["explained"].interval.mean == pytest.approx(expected, abs=1)
    asked = pooled_claim(statistic="correlation", others=("n",), sense="below", bound=-0.9)
    assert verdict_pooled(asked, np.stack([own, other])).word == "REPRODUCED"


def test_a_share_is_as_uncertain_as_a_variance_of_so_few_seeds():
    """All that the runs of a seed have in common: the variance within is known by K - 1 of them."""
    rng = np.random.default_rng(6)
    values = np.array([0.0, 0.0, 4.0]) + rng.normal(size=(6, 1)) + 1e-6 * rng.normal(size=(6, 3))
    found = pooled(pooled_claim(statistic="explained", bound=50.0), values[None])
    share = found.interval.mean / 100
    odds = share / (1 - share)
    chi2 = scipy.stats.chi2(5)
    widest = [odds * chi2.ppf(q) / 5 for q in (0.05, 0.95)]
    assert found.interval.low <= 100 * widest[0] / (1 + widest[0]) + 1e-9
    assert found.interval.high >= 100 * widest[1] / (1 + widest[1]) - 1e-9


def test_a_best_group_is_bounded_pair_by_pair():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(12, 4)) + np.array([1.0, 0.8, 0.0, 0.0])
    groups = (("a",), ("b",), ("c", "d"))
    claim = pooled_claim(statistic="dominance", groups=groups, sense="below", bound=99.0)
    found = pooled(claim, values[None])

    def bounds(level: float, side: int) -> np.ndarray:
        table = scores.jackknifed(
            lambda rows: np.arcsin(
                np.sqrt(np.nan_to_num(scores.chances(values[rows], [0, 1, 2, 2]), nan=0.5))
            ),
            12,
        )
        m = mean_of(table.reshape(9, 12))
        arc = (m.mean + side * quantile(12, level) * m.sd / math.sqrt(12)).reshape(3, 3)
        share = 100 * np.sin(np.clip(arc, 0, math.pi / 2)) ** 2
        return np.where(np.eye(3, dtype=bool), np.inf, share)

    assert found.interval.low == pytest.approx(bounds(0.05, -1).min(1).max())
    assert found.interval.high == pytest.approx(bounds(0.025, 1).min(1).max())


def test_a_correlation_is_bounded_on_fishers_scale():
    rng = np.random.default_rng(9)
    own = rng.normal(size=(8, 3))
    other = own + rng.normal(size=(8, 3))
    claim = pooled_claim(statistic="correlation", others=("n",), bound=0.2)
    found = pooled(claim, np.stack([own, other]))
    z = scores.jackknifed(lambda rows: math.atanh(scores.correlation(own[rows], [other[rows]])), 8)
    expected = interval_of(z.tolist())
    assert math.atanh(found.interval.low) == pytest.approx(expected.low)
    assert math.atanh(found.interval.high) == pytest.approx(expected.high)


def test_few_seeds_equal_values_and_lost_seeds_are_said():
    values = np.random.default_rng(6).normal(1.0, 0.1, size=(1, 8, 3))
    few = verdict_pooled(pooled_claim(), values[:, :4])
    assert (few.word, few.note) == (
        "INCONCLUSIVE",
        "K = 4: a pooled claim needs 5 seeds that all runs have",
    )
    for statistic in ("explained", "correlation"):
        others = ("n",) if statistic == "correlation" else ()
        table = np.ones((1 + len(others), 8, 3))
        same = verdict_pooled(pooled_claim(statistic=statistic, others=others), table)
        assert (same.word, same.note) == ("INCONCLUSIVE", "all values of a metric are the same")
    values[0, 2, 1] = np.nan
    values[0, 3:6, 2] = np.inf
    lost = verdict_pooled(pooled_claim(), values)
    assert (lost.word, lost.reason) == ("INVALID", "diverged")
    assert lost.note.startswith("not valid: 4 of 8 seeds diverged in a run")


def test_a_family_may_take_the_word_away():
    values = np.random.default_rng(4).normal(1.0, 0.1, size=(1, 8, 3))
    found = pooled(pooled_claim(bound=0.5), values, family=(0.2, 4))
    assert (found.word, found.p_adjusted, found.family) == ("INCONCLUSIVE", 0.2, 4)
    assert found.note.endswith("but corrected for 4 claims about the same runs p is 0.2")


def test_a_record_is_judged_by_the_seeds_that_all_runs_have():
    rng = np.random.default_rng(7)
    seeds = list(range(6))
    runs = [
        run(name, rng.normal(5, 0.1, 6 - skip), seeds=seeds[skip:])
        for name, skip in (("a", 0), ("b", 1), ("c", 0))
    ]
    (found,) = judge(record([pooled_claim(bound=4.0)], runs))
    assert (found.word, found.finding.seeds, found.target) == ("REPRODUCED", 5, "mean above 4")
    expected = np.mean([r.metrics["nll"][-5:] for r in runs])
    assert found.finding.interval.mean == pytest.approx(expected)
