"""Scores of codes whose scores are known, and against other ways to compute them."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from ae.metrics.factors import (
    Values,
    concentrated,
    differences,
    entropies,
    gap,
    importances,
    information,
    majority,
    modular,
    separate,
    steadiest,
)

SIZES = (3, 4, 8)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def places():
    """Every combination of the values of three factors, ten times."""
    return np.tile(np.stack(np.unravel_index(np.arange(96), SIZES), -1), (10, 1))


@pytest.fixture
def square():
    """Every combination of the values of two factors of eight values."""
    return np.stack(np.unravel_index(np.arange(64), (8, 8)), -1)


def turned(square):
    """Both factors in both numbers: a + b and a - b."""
    return square @ np.array([[1.0, 1.0], [1.0, -1.0]])


def test_a_number_for_each_factor_scores_the_most(places, rng):
    codes = np.concatenate([places * [1.0, -2.0, 0.5], np.zeros((960, 1))], 1)
    found = information(codes, places, 20)
    assert gap(found, entropies(places)) == pytest.approx(1, abs=1e-12)
    assert modular(found[:3]) == pytest.approx(1, abs=1e-12)
    assert gap(separate(codes, places, "regression", 5000, 0, rng), np.ones(3)) > 0.99
    for estimator in ("gradient_boosting", "random_forest"):
        table, right = importances(codes, places, estimator, 5, 400, 200, rng)
        assert concentrated(table) == pytest.approx(1, abs=1e-6)
        assert concentrated(table.T) == pytest.approx(1, abs=1e-6)
        assert right.tolist() == [1, 1, 1]
    votes = steadiest(codes, places, 900, 16, 0.05, rng)
    assert majority(*votes, 600, 3, 4) == 1


def test_turned_by_an_eighth_a_code_scores_nothing(square, rng):
    codes = turned(square)
    found = information(codes, square, 30)
    assert gap(found, entropies(square)) == pytest.approx(0, abs=1e-12)
    assert modular(found) == pytest.approx(0, abs=1e-12)
    assert gap(separate(codes, square, "regression", 5000, 0, rng), np.ones(2)) < 0.05
    table, right = importances(codes, square, "random_forest", 20, 3000, 500, rng)
    assert concentrated(table) < 0.02
    assert right.min() > 0.9
    votes = steadiest(codes, square, 4000, 32, 0.05, rng)
    assert majority(*votes, 2000, 2, 2) == pytest.approx(0.5, abs=0.05)


def test_a_constant_code_scores_nothing(places, rng):
    codes = np.ones((960, 2))
    found = information(codes, places, 20)
    assert (gap(found, entropies(places)), modular(found)) == (0, 0)
    assert steadiest(codes, places, 10, 8, 0.05, rng) is None
    table, _ = importances(codes, places, "random_forest", 3, 200, 100, rng)
    assert (concentrated(table), table.sum()) == (0, 0)
    assert not separate(codes, places, "regression", 500, 0, rng).any()


def test_importances_are_the_same_judged_or_not(places):
    codes = np.random.default_rng(1).normal(size=(960, 4)) + places[:, [0, 1, 2, 0]]
    (table, right), (alone, nothing) = (
        importances(codes, places, "random_forest", 3, 200, 100, np.random.default_rng(2), judged=j)
        for j in (True, False)
    )
    assert np.array_equal(table, alone)
    assert np.isfinite(right).all()
    assert np.isnan(nothing).all()


def test_two_numbers_that_tell_the_same_leave_no_gap_but_are_modular(places):
    codes = np.concatenate([places, places], 1).astype(float)
    found = information(codes, places, 20)
    assert gap(found, entropies(places)) == pytest.approx(0, abs=1e-12)
    assert modular(found) == pytest.approx(1, abs=1e-12)


def test_differences_are_what_uniform_values_give(places, rng):
    means, shared = differences(places.astype(float), places, 3000, 16, rng)
    expected = np.array([(n * n - 1) / (3 * n) for n in SIZES])
    for factor in range(3):
        found = means[shared == factor]
        assert len(found) == pytest.approx(1000, abs=100)
        assert not found[:, factor].any()
        others = [k for k in range(3) if k != factor]
        error = found.std(0)[others] / math.sqrt(len(found))
        assert (abs(found.mean(0)[others] - expected[others]) < 4 * error).all()


def test_the_pairs_of_a_mean_have_values_of_their_own(rng):
    places = np.repeat(np.arange(4), 2)[:, None]
    codes = np.where(np.arange(8) % 2 == 0, 10.0 ** places[:, 0], 0)[:, None]
    means, _ = differences(codes, places, 50, 64, rng)
    expected = np.mean([10.0**v for v in range(4)]) / 2
    assert means.mean() == pytest.approx(expected, rel=0.1)
    assert means.std() < expected


def test_values_are_uniform_however_many_examples_have_them(rng):
    column = np.array([0] * 90 + [1] * 9 + [2])
    values = Values(column)
    rows = values.having(values.any(rng, 9000), rng)
    assert np.bincount(column[rows]) == pytest.approx([3000] * 3, abs=250)
    assert stats.chisquare(np.bincount(rows)[:90]).pvalue > 0.001


def test_votes_are_those_of_a_plain_loop(square):
    codes = turned(square) * [1.0, 3.0] + np.random.default_rng(3).normal(size=(64, 2))
    least, shared = steadiest(codes, square, 40, 8, 0.05, np.random.default_rng(5))
    relative = codes.var(0, ddof=1)
    kind, again = Values(square[:, 0]), np.random.default_rng(5)
    assert (shared == again.integers(2, size=40)).all()
    own = np.flatnonzero(shared == 0)
    rows = kind.having(np.repeat(kind.any(again, len(own))[:, None], 8, 1), again)
    expected = [int(np.argmin(codes[r].var(0, ddof=1) / relative)) for r in rows]
    assert least[own].tolist() == expected


def test_a_number_that_hardly_varies_has_no_vote(places, rng):
    codes = np.concatenate([places, 0.01 * rng.normal(size=(960, 1))], 1)
    least, _ = steadiest(codes, places, 300, 8, 0.05, rng)
    assert set(least) == {0, 1, 2}


def test_a_majority_is_judged_on_votes_it_has_not_seen():
    least = np.array([0, 0, 0, 1, 0, 1, 1])
    shared = np.array([1, 1, 0, 0, 1, 1, 0])
    assert majority(least, shared, 4, 2, 2) == pytest.approx(2 / 3)


@pytest.mark.parametrize("bins", [5, 20])
def test_information_is_what_scikit_learn_finds(places, rng, bins):
    codes = places @ rng.normal(size=(3, 4)) + rng.normal(size=(960, 4))
    found = information(codes, places, bins)
    for j in range(4):
        cut = np.histogram_bin_edges(codes[:, j], bins)[1:-1]
        which = np.searchsorted(cut, codes[:, j], side="right")
        for k in range(3):
            assert found[j, k] == pytest.approx(mutual_info_score(places[:, k], which), abs=1e-12)
    assert entropies(places) == pytest.approx(np.log(SIZES))


def test_concentration_is_what_scipy_finds(rng):
    table = rng.random((5, 3)) ** 3
    weights = table.sum(1) / table.sum()
    expected = sum(
        w * (1 - stats.entropy(row, base=3)) for w, row in zip(weights, table, strict=True)
    )
    assert concentrated(table) == pytest.approx(expected, abs=1e-8)
    assert concentrated(np.full((4, 3), 0.25)) == pytest.approx(0, abs=1e-9)


def test_modularity_of_a_known_table():
    found = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
    assert modular(found) == pytest.approx((1 - 1 / (2 * 4) + 1 + 0) / 3)


def test_a_gap_is_the_best_less_the_second_over_the_scale():
    found = np.array([[0.9, 0.2], [0.5, 0.1], [0.1, 0.6]])
    assert gap(found, np.array([1.0, 2.0])) == pytest.approx((0.4 + 0.2) / 2)
    assert gap(np.array([[0.5]]), np.ones(1)) == 0.5


def test_a_regression_is_the_squared_correlation(places, rng):
    codes = places @ rng.normal(size=(3, 2)) + rng.normal(size=(960, 2))
    found = separate(codes, places, "regression", 4000, 0, np.random.default_rng(1))
    rows = np.random.default_rng(1).integers(960, size=4000)
    both = np.corrcoef(codes[rows].T, places[rows].T)[:2, 2:]
    np.testing.assert_allclose(found, both**2, atol=1e-12)


def test_a_machine_on_one_number_separates_two_values_or_guesses(rng):
    places = rng.integers(2, size=(2000, 2))
    found = separate(places * 4.0 - 2, places, "svm", 1500, 500, rng)
    assert found.diagonal().tolist() == [1, 1]
    assert [found[0, 1], found[1, 0]] == pytest.approx([0.5, 0.5], abs=0.1)


@pytest.mark.parametrize("value", [0.0, 1e15, -1e15, 1e30, -3e38, float(np.float32(0.1))])
def test_a_constant_of_any_size_tells_nothing_and_has_no_vote(places, rng, value):
    """np.histogram cannot divide what lies about 1e15 and is one number."""
    codes = np.stack([np.full(960, value), places[:, 0] + 0.0], 1)
    found = information(codes, places, 20)
    assert found[0].tolist() == [0, 0, 0]
    assert found[1, 0] == pytest.approx(math.log(3))
    least, _ = steadiest(codes, places, 50, 16, 0.05, rng)
    assert set(least) == {1}
    assert steadiest(codes[:, :1], places, 50, 16, 0.05, rng) is None


def test_what_differs_by_steps_of_double_precision_tells_nothing(places):
    codes = 1e15 + 0.125 * places[:, :1]
    assert len(set(codes[:, 0])) == 3
    assert information(codes, places, 20).tolist() == [[0, 0, 0]]
