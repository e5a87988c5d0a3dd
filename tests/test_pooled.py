"""Statistics of many runs' values against oracles, and the word on a claim about them."""

import numpy as np
import pytest
import scipy.stats
from test_verdict import record, run

from ae import pooled
from ae.spec import PooledClaim
from ae.verdict import judge, verdict_pooled

CLAIM = {
    "id": "c",
    "statement": "s",
    "metric": "m",
    "source": "figure 3",
    "status": "read",
    "primary": False,
    "tiers": ("paper",),
    "kind": "pooled",
    "statistic": "mean",
    "groups": (("a", "b"), ("c",)),
    "sense": "above",
    "bound": 0.0,
    "bound_reason": "a test",
}


def claim(**changes):
    return PooledClaim(**CLAIM | changes)


def test_variance_is_explained_exactly():
    # Two seeds (rows) of four runs; runs 0 and 1 are of one group.
    scores = np.array([[1.0, 5.0, 1.0, 9.0], [3.0, 7.0, 3.0, 11.0]])
    total = ((scores - 5) ** 2).sum()
    assert pooled.explained(scores, [0, 0, 1, 1]) == pytest.approx(100 * 4 * 2 / total)
    assert pooled.explained(scores, [0, 1, 2, 3]) == pytest.approx(100 * (1 - 8 / total))
    assert pooled.explained(scores, [0] * 4) == 0
    assert np.isnan(pooled.explained(np.ones((3, 2)), [0, 1]))


def test_the_share_explained_is_the_r_squared_of_dummies():
    rng = np.random.default_rng(0)
    scores, groups = rng.normal(size=(10, 6)), [0, 0, 2, 2, 2, 5]
    dummies = (np.tile(groups, 10)[:, None] == np.unique(groups)).astype(float)
    flat = scores.ravel()
    fit = dummies @ np.linalg.lstsq(dummies, flat, rcond=None)[0]
    expected = 1 - ((flat - fit) ** 2).sum() / ((flat - flat.mean()) ** 2).sum()
    assert pooled.explained(scores, groups) == pytest.approx(100 * expected, abs=1e-10)


def test_ranks_and_their_correlation_are_scipys():
    rng = np.random.default_rng(1)
    a, b, c = rng.integers(6, size=(3, 20, 4)).astype(float)
    np.testing.assert_array_equal(pooled.ranks(a.ravel()), scipy.stats.rankdata(a))
    expected = [scipy.stats.spearmanr(a.ravel(), o.ravel()).statistic for o in (b, c)]
    assert pooled.correlation(a, [b, c]) == pytest.approx(np.mean(expected), abs=1e-12)
    assert np.isnan(pooled.correlation(a, [np.ones_like(a)]))


def test_dominance_is_the_chance_of_the_best_group_against_its_nearest_rival():
    scores = np.array([[3.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.0, 1.0]])
    groups = [0, 1, 2, 2]
    u = scipy.stats.mannwhitneyu(scores[:, 0], scores[:, 1]).statistic / 4
    best = max(u, 1 - u)
    assert pooled.dominance(scores[:, :2], [0, 1]) == pytest.approx(100 * best)
    chances = np.array(
        [
            [
                scipy.stats.mannwhitneyu(
                    scores[:, np.equal(groups, g)].ravel(), scores[:, np.equal(groups, h)].ravel()
                ).statistic
                / (np.equal(groups, g).sum() * np.equal(groups, h).sum() * 4)
                for h in range(3)
            ]
            for g in range(3)
        ]
    )
    np.fill_diagonal(chances, 1.0)
    assert pooled.dominance(scores, groups) == pytest.approx(100 * chances.min(1).max())
    assert pooled.dominance(np.array([[0.0, 5.0], [1.0, 6.0]]), [0, 1]) == 100


def test_the_pseudo_values_of_a_mean_are_the_seeds_own():
    scores = np.random.default_rng(2).normal(size=(7, 3))
    found = pooled.jackknifed(lambda rows: float(scores[rows].mean()), 7)
    np.testing.assert_allclose(found, scores.mean(1), atol=1e-12)


def test_the_pseudo_values_of_a_variance_are_the_known_ones():
    # n (x_i - mean)^2 / (n - 1): their mean is the variance over n - 1, the bias is gone.
    x = np.random.default_rng(3).normal(size=9)
    found = pooled.jackknifed(lambda rows: float(x[rows].var()), 9)
    assert found.mean() == pytest.approx(x.var(ddof=1), abs=1e-12)
    square = (x - x.mean()) ** 2 * 9 / 8
    np.testing.assert_allclose(found - found.mean(), square - square.mean(), atol=1e-12)


def test_the_word_follows_the_interval_of_the_mean():
    values = np.random.default_rng(4).normal(1.0, 0.1, size=(1, 8, 3))
    low, high = scipy.stats.t.interval(
        0.90, 7, values[0].mean(1).mean(), scipy.stats.sem(values[0].mean(1))
    )
    found = verdict_pooled(claim(bound=low - 1e-6), values)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)
    assert (found.word, found.target, found.seeds) == ("REPRODUCED", low - 1e-6, 8)
    assert found.p == pytest.approx(0.05, abs=1e-3)
    assert verdict_pooled(claim(bound=low + 1e-6), values).word == "INCONCLUSIVE"
    short = verdict_pooled(claim(bound=9.0), values)
    assert (short.word, short.note) == ("SHORT", "the 90 % interval lies below 9")
    assert verdict_pooled(claim(bound=high + 1e-6), values).word == "SHORT"
    below = verdict_pooled(claim(bound=high + 1e-6, sense="below"), values)
    assert (below.word, below.extra["p_short"] > 0.9) == ("REPRODUCED", True)


def test_each_statistic_is_of_its_groups_and_metrics():
    rng = np.random.default_rng(5)
    own = rng.normal(size=(30, 3)) + np.array([4.0, 4.0, 0.0])
    other = -own + 0.01 * rng.normal(size=(30, 3))
    words = {
        s: verdict_pooled(claim(statistic=s, bound=b), own[None])
        for s, b in (("explained", 60.0), ("dominance", 95.0), ("mean", 2.0))
    }
    assert {f.word for f in words.values()} == {"REPRODUCED"}
    assert words["explained"].mean == pytest.approx(pooled.explained(own, [0, 0, 1]), abs=1)
    asked = claim(statistic="correlation", others=("n",), sense="below", bound=-0.9)
    assert verdict_pooled(asked, np.stack([own, other])).word == "REPRODUCED"


def test_few_seeds_equal_values_and_lost_seeds_are_said():
    values = np.random.default_rng(6).normal(1.0, 0.1, size=(1, 8, 3))
    few = verdict_pooled(claim(), values[:, :4])
    assert (few.word, few.note) == (
        "INCONCLUSIVE",
        "K = 4: a pooled claim needs 5 seeds that all runs have",
    )
    same = verdict_pooled(claim(statistic="explained"), np.ones((1, 8, 3)))
    assert (same.word, same.note) == ("INCONCLUSIVE", "all values of a metric are the same")
    values[0, 2, 1] = np.nan
    one = verdict_pooled(claim(), values)
    assert (one.word, one.seeds) == ("REPRODUCED", 7)
    assert one.note.endswith("; 1 of 8 seeds diverged in a run")
    values[0, 3:6, 2] = np.inf
    lost = verdict_pooled(claim(), values)
    assert (lost.word, lost.note) == ("SHORT", "unstable: 4 of 8 seeds diverged in a run")


@pytest.mark.parametrize(("seeds", "strength"), [(10, 1.0), (20, 0.6), (20, 1.5)])
def test_a_share_at_its_bound_is_called_neither_above_nor_below_it(seeds, strength):
    """Groups, strengths, and a part that seeds have in common, as equal initial weights give."""
    rng = np.random.default_rng([seeds, int(10 * strength)])
    effects, groups = strength * rng.normal(size=6), (("a", "b"), ("c", "d"), ("e", "f"))
    between = np.repeat(effects.reshape(3, 2).mean(1), 2)
    share = 100 * between.var() / (effects.var() + 1.0)
    n, words = 400, []
    asked = claim(statistic="explained", groups=groups, bound=share)
    for _ in range(n):
        own, common = rng.normal(size=(seeds, 6)), rng.normal(size=(seeds, 1))
        scores = effects + np.sqrt(0.5) * (own + common)
        words.append(verdict_pooled(asked, scores[None]).word)
    for word in ("REPRODUCED", "SHORT"):
        assert words.count(word) / n < 0.05 + 3 * np.sqrt(0.05 * 0.95 / n), word


def test_a_record_is_judged_by_the_seeds_that_all_runs_have():
    rng = np.random.default_rng(7)
    seeds = list(range(6))
    runs = [
        run(name, rng.normal(5, 0.1, 6 - skip).tolist(), seeds=seeds[skip:])
        for name, skip in (("a", 0), ("b", 1), ("c", 0))
    ]
    (found,) = judge(record([claim(metric="nll", bound=4.0)], runs))
    assert (found.word, found.seeds, found.published) == ("REPRODUCED", 5, "mean above 4")
    expected = np.mean([r.metrics["nll"][-5:] for r in runs])
    assert found.mean == pytest.approx(expected)
