"""The distance of two Gaussians, against scipy's root of a matrix and closed forms."""

import numpy as np
import pytest
import scipy.linalg
import torch

from ae.maths.frechet import gaussian, squared_distance


def law(rng, size):
    root = rng.normal(size=(size, size))
    return rng.normal(size=size), root @ root.T


def distance(first, second):
    return squared_distance(*(tuple(map(torch.from_numpy, law)) for law in (first, second)))


def test_against_the_root_of_a_matrix():
    rng = np.random.default_rng(0)
    (m1, s1), (m2, s2) = law(rng, 6), law(rng, 6)
    root = scipy.linalg.sqrtm(s1 @ s2).real
    expected = ((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * root)
    assert distance((m1, s1), (m2, s2)) == pytest.approx(expected, rel=1e-9)
    assert distance((m2, s2), (m1, s1)) == pytest.approx(expected, rel=1e-9)


def test_of_independent_numbers_it_is_that_of_means_and_of_deviations():
    m1, m2, d1, d2 = (np.array(v) for v in ([0.0, 1.0], [3.0, 1.0], [1.0, 2.0], [4.0, 0.0]))
    found = distance((m1, np.diag(d1**2)), (m2, np.diag(d2**2)))  # one of them singular
    assert found == pytest.approx(9 + (d1[0] - d2[0]) ** 2 + (d1[1] - d2[1]) ** 2)


def test_a_law_has_no_distance_from_itself():
    m, s = law(np.random.default_rng(1), 5)
    assert distance((m, s), (m, s)) == pytest.approx(0, abs=1e-9)


def test_moments_are_numpys():
    x = np.random.default_rng(0).normal(size=(20, 3))
    mean, covariance = gaussian(torch.from_numpy(x))
    np.testing.assert_allclose(mean, x.mean(0))
    np.testing.assert_allclose(covariance, np.cov(x.T))
