"""Exact tests by permutation against scipy, and families against brute force."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from ae.verdict.permutation import (
    adjusted_flips,
    adjusted_splits,
    holm,
    page,
    rank_sum,
    sign_flip,
    sign_test,
    superiority,
)


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


@pytest.mark.parametrize("seeds", [5, 8, 11])
def test_the_sign_test_is_scipys_binomial_test(seeds: int):
    for above in range(seeds + 1):
        oracle = scipy.stats.binomtest(above, seeds, 0.5, alternative="greater").pvalue
        assert sign_test(np.array([above]), seeds).item() == pytest.approx(oracle)


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


def t_of(d: np.ndarray) -> float:
    spread = d.std(ddof=1) / math.sqrt(d.size)
    return d.mean() / spread if spread > 1e-12 else math.copysign(math.inf, d.mean())


def step_down(observed: list[float], null: list[list[float]]) -> list[float]:
    """Westfall and Young's adjusted p by their algorithm: `null` has a row an arrangement."""
    order = sorted(range(len(observed)), key=lambda i: -observed[i])
    p, least = [0.0] * len(observed), 0.0
    for place, i in enumerate(order):
        rest = order[place:]
        reached = np.mean([max(row[j] for j in rest) >= observed[i] - 1e-9 for row in null])
        least = max(least, float(reached))
        p[i] = least
    return p


@pytest.mark.parametrize("seed", range(6))
def test_a_family_of_paired_orders_is_westfall_and_youngs_step_down_of_t(seed: int):
    rng = np.random.default_rng(seed)
    d = rng.normal(rng.choice([0.0, 1.0, 3.0], size=(4, 1)), 1.0, size=(4, 6))
    null = [
        [t_of(row * np.array(signs)) for row in d]
        for signs in itertools.product((1.0, -1.0), repeat=6)
    ]
    expected = step_down([t_of(row) for row in d], null)
    assert adjusted_flips(d) == pytest.approx(expected)


def test_a_family_of_one_is_the_test_alone():
    d = np.random.default_rng(1).normal(0.5, 1, size=(1, 7))
    assert adjusted_flips(d) == pytest.approx(sign_flip(d))


def test_metrics_that_agree_cost_nothing_at_five_seeds():
    d = np.array([[1.0, 2, 3, 4, 5], [5, 4, 3, 2, 1.0], [1, 1, 1, 1, 1.0]])
    assert adjusted_flips(d).tolist() == [1 / 32] * 3
    unlike = np.vstack([d, [[1.0, 1.1, -1.0, 0.9, 1.0]]])
    assert adjusted_flips(unlike)[2] == 1 / 32  # nothing comes near five equal differences
    assert adjusted_flips(unlike)[3] > 0.05


def test_a_metric_without_any_difference_has_p_one():
    assert adjusted_flips(np.array([[0.0] * 5, [1.0] * 5])).tolist() == [1.0, 1 / 32]


def test_a_family_of_unpaired_orders_permutes_whole_seeds():
    rng = np.random.default_rng(2)
    a, b = rng.normal(1.0, 1, size=(3, 4)), rng.normal(0.0, 1, size=(3, 3))
    both = np.concatenate([a, b], axis=1)
    z = (both - both.mean(1, keepdims=True)) / both.std(1, keepdims=True)
    null = [z[:, list(c)].sum(1).tolist() for c in itertools.combinations(range(7), 4)]
    expected = step_down(z[:, :4].sum(1).tolist(), null)
    assert adjusted_splits(a, b) == pytest.approx(expected)


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
