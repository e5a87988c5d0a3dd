"""Statistics of many runs' values against oracles."""

import numpy as np
import pytest
import scipy.stats

from ae.maths import scores as pooled


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


def test_chances_of_all_pairs_are_mann_whitneys():
    scores, groups = (
        np.random.default_rng(9).integers(0, 6, size=(5, 4)).astype(float),
        [0, 1, 1, 2],
    )
    found = pooled.chances(scores, groups)
    parts = [scores[:, np.equal(groups, g)].ravel() for g in range(3)]
    for i, one in enumerate(parts):
        for j, other in enumerate(parts):
            if i == j:
                assert np.isnan(found[i, j])
                continue
            u = scipy.stats.mannwhitneyu(one, other).statistic / (one.size * other.size)
            assert found[i, j] == pytest.approx(u)


def test_pseudo_values_of_a_table_are_those_of_its_entries():
    x = np.random.default_rng(3).normal(size=(9, 2))
    both = pooled.jackknifed(lambda rows: x[rows].var(0), 9)
    assert both.shape == (2, 9)
    for i in range(2):
        alone = pooled.jackknifed(lambda rows, i=i: float(x[rows, i].var()), 9)
        np.testing.assert_allclose(both[i], alone, atol=1e-12)
