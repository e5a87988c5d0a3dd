"""Three views: their factors' laws, what depends on what, and the bytes."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from ae.data.views import LEVELS, SHARED, SHARES, three_views


def digits(y):
    return [y.astype(int) // LEVELS**k % LEVELS for k in range(4)]


def test_factors_are_as_often_as_they_should_be_and_independent():
    _, y = three_views("train", 40_000, 1)
    factors = digits(y)
    for found, shares in zip(factors, (SHARED, *SHARES), strict=True):
        counts, own = np.bincount(found, minlength=LEVELS), np.array(shares)
        assert not counts[own == 0].any()
        assert stats.chisquare(counts[own > 0], 400 * own[own > 0]).pvalue > 0.001
    for a in range(4):
        for b in range(a):
            table = stats.contingency.crosstab(factors[a], factors[b]).count
            assert stats.chi2_contingency(table).pvalue > 0.001


def test_a_view_is_a_function_of_its_factors_and_noise():
    x, y = three_views("train", 20_000, 1)
    shared, *own = digits(y)
    for view, factor in enumerate(own):
        same = (shared == 1) & (factor == factor[0])
        spread = x[same, view].astype(float)
        # three eighths of a uniform byte is all that varies
        assert np.ptp(spread, axis=0).max() <= 3 * 255 / 8 + 1
        assert spread.std(0) == pytest.approx(3 / 8 * 256 / 12**0.5, rel=0.1)
        others = digits(y)[1 + (view + 1) % 3]
        gap = [spread[others[same] == value].mean(0) for value in (0, 1)]
        assert np.abs(gap[0] - gap[1]).max() < 10


def test_the_same_tables_make_every_split_and_the_first_examples_are_always_the_same():
    x, y = three_views("train", 30_000, 1)
    asked, kinds = three_views("test", 30_000, 1)
    assert not np.array_equal(y, kinds)
    label = y[0]
    means = [a[b == label][:, 0].mean(0) for a, b in ((x, y), (asked, kinds))]
    assert np.abs(means[0] - means[1]).max() < 20
    few, labels = three_views("train", 100, 1)
    np.testing.assert_array_equal(few, x[:100])
    np.testing.assert_array_equal(labels, y[:100])


def test_the_bytes_are_pinned():
    x, y = three_views("test", 50, 2020)
    assert (x.shape, x.dtype, y.dtype) == ((50, 3, 32), np.uint8, np.uint8)
    found = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()[:16]
    assert found == "df57144e42b69a3e"
