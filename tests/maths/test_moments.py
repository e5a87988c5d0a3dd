"""Discrepancy and overlap of codes against numpy and scipy."""

import numpy as np
import pytest
import torch
from scipy import stats

from ae.maths.moments import moment_discrepancy, overlap

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def codes(examples, seed):
    return torch.rand(examples, 6, generator=torch.Generator().manual_seed(seed)) ** seed


@pytest.mark.parametrize("moments", [1, 2, 5])
def test_the_discrepancy_is_that_of_means_and_central_moments(moments):
    a, b = codes(50, 1), codes(80, 2)
    x, y = a.numpy(), b.numpy()
    expected = np.linalg.norm(x.mean(0) - y.mean(0))
    for k in range(2, moments + 1):
        expected += np.linalg.norm(stats.moment(x, k, axis=0) - stats.moment(y, k, axis=0))
    assert moment_discrepancy(a, b, moments).item() == pytest.approx(expected, abs=1e-9)


def test_the_discrepancy_of_bernoulli_numbers_is_known():
    """Half ones against a quarter of ones: means 1/4 apart, variances 1/4 and 3/16, skews 0 and 3/32."""
    half, quarter = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.0], [0.0], [1.0]])
    assert moment_discrepancy(half, quarter, 3).item() == pytest.approx(1 / 4 + 1 / 16 + 3 / 32)


def test_equal_codes_have_no_discrepancy_and_a_finite_slope():
    a = codes(9, 1).requires_grad_()
    found = moment_discrepancy(a, a.detach(), 5)
    (slope,) = torch.autograd.grad(found, a)
    assert found.item() == pytest.approx(0, abs=1e-5)
    assert slope.isfinite().all()


def test_the_overlap_is_the_mean_square_of_products_of_unit_rows():
    a, b = codes(40, 1), codes(40, 3)
    x, y = (m.numpy() - m.numpy().mean(0) for m in (a, b))
    x, y = (m / (np.linalg.norm(m, axis=1, keepdims=True) + 1e-6) for m in (x, y))
    assert overlap(a, b).item() == pytest.approx(np.mean((x.T @ y) ** 2))
    apart = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    other = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    assert overlap(apart, other).item() == pytest.approx(0, abs=1e-12)
    assert overlap(apart, apart).item() == pytest.approx(4**2 / 4, rel=1e-5)


def test_lengths_count_as_constants():
    """The slope is that of the products with lengths as they are: moving along a row does something."""
    a, b = codes(7, 1).requires_grad_(), codes(7, 2)
    centred = a - a.mean(0)
    length = centred.detach().norm(dim=1, keepdim=True) + 1e-6
    other = b - b.mean(0)
    other = other / (other.norm(dim=1, keepdim=True) + 1e-6)
    expected = (((centred / length).T @ other) ** 2).mean()
    (own,) = torch.autograd.grad(overlap(a, b), a)
    (by_hand,) = torch.autograd.grad(expected, a)
    torch.testing.assert_close(own, by_hand)
