"""Codes against a prior, where both are known."""

import math

import numpy as np
import pytest
import torch
from points import Points
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance

from ae.metrics.matching import both, holes, sliced_wasserstein, told_apart
from ae.training.stack import Stack


def make(run, x, *members):
    stack = Stack([lambda m=m: Points(x.shape[1], *m) for m in members], range(len(members)))
    return run(stack, x, shape=(1, x.shape[1]))


def normal(count=2000, size=2, seed=7):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def test_equal_distributions_are_told_to_be(run):
    trained = make(run, normal(), (1.0, 0.0, 1.0), (5.0, 0.0, 5.0))
    for value in sliced_wasserstein(trained, codes=2000, directions=50):
        assert value < 0.08
    for value in holes(trained, codes=2000):
        assert value == pytest.approx(1, abs=1)
    for value in told_apart(trained, codes=2000):
        assert value == pytest.approx(50, abs=3)


def test_a_shift_and_a_scale_have_their_known_distance(run):
    """Along a way w a shift b has distance |b . w|, so b / sqrt(2) on the mean square in a plane."""
    x = normal()
    shifted, wide = sliced_wasserstein(
        make(run, x, (1.0, 3.0, 1.0), (2.0, 0.0, 1.0)), codes=2000, directions=400
    )
    assert shifted == pytest.approx(math.sqrt(9 + 9) / math.sqrt(2), rel=0.05)
    assert wide == pytest.approx(1, rel=0.1)  # of N(0, 2^2) from N(0, 1): 2 - 1


def test_distances_are_in_deviations_of_the_prior(run):
    x = normal()
    one, five = sliced_wasserstein(
        make(run, x, (1.0, 1.0, 1.0), (5.0, 5.0, 5.0)), codes=2000, directions=400
    )
    assert one == pytest.approx(five, rel=0.1)


def test_in_one_dimension_it_is_the_distance_of_sorted_numbers(run):
    x = normal(size=1)
    trained = make(run, x, (1.0, 0.5, 1.0))
    z, prior = (part[0, :, 0] for part in both(trained, 2000))
    exact = float((z.sort().values - prior.sort().values).square().mean().sqrt())
    (found,) = sliced_wasserstein(trained, codes=2000, directions=3)
    assert found == pytest.approx(exact)
    assert wasserstein_distance(z.numpy(), prior.numpy()) <= found + 1e-12


def test_holes_are_counted_as_a_tree_counts_them(run):
    x = normal()
    x = x[x.norm(dim=1) > 1.0]  # a hole in the middle, of 39 % of the prior
    trained = make(run, x, (1.0, 0.0, 1.0))
    z, prior = (part[0].numpy() for part in both(trained, len(x)))
    among = cKDTree(prior).query(prior, k=2)[0][:, 1]
    far = cKDTree(z).query(prior)[0] > np.quantile(among, 0.99)
    (found,) = holes(trained, codes=len(x))
    assert found == pytest.approx(100 * far.mean())
    assert 15 < found < 40
    (apart,) = told_apart(trained, codes=len(x))
    own = [cKDTree(p).query(p, k=2)[0][:, 1] for p in (z, prior)]
    other = [cKDTree(prior).query(z)[0], cKDTree(z).query(prior)[0]]
    right = np.concatenate([a < b for a, b in zip(own, other, strict=True)])
    assert apart == pytest.approx(100 * right.mean())
    assert apart > 60


def test_a_diverged_seed_has_no_value(run):
    trained = make(run, normal(200), (math.nan, 0.0, 1.0), (1.0, 0.0, 1.0))
    for values in (
        sliced_wasserstein(trained, codes=200, directions=5),
        holes(trained, codes=200),
        told_apart(trained, codes=200),
    ):
        assert math.isnan(values[0])
        assert math.isfinite(values[1])
