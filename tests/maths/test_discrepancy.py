"""The discrepancy of two samples is what a double loop over their pairs gives."""

import math

import torch

from ae.maths.discrepancy import SCALES, discrepancy, inverse_multiquadratic


def kernel(a, b):
    size = len(a)
    square = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return sum(2 * size * s / (2 * size * s + square) for s in SCALES)


def test_by_a_double_loop():
    torch.manual_seed(0)
    z, prior = torch.randn(7, 3).double() + 1, torch.randn(7, 3).double()
    a, b = z.tolist(), prior.tolist()
    n = len(a)
    within = sum(kernel(p[i], p[j]) for p in (a, b) for i in range(n) for j in range(n) if i != j)
    between = sum(kernel(p, q) for p in a for q in b)
    expected = within / (n * (n - 1)) - 2 * between / n**2
    assert math.isclose(float(discrepancy(z, prior)), expected, rel_tol=1e-12)


def test_a_kernel_is_largest_of_equal_codes():
    torch.manual_seed(0)
    z = torch.randn(5, 2)
    k = inverse_multiquadratic(z, z)
    assert torch.equal(k.diagonal(), torch.full((5,), float(len(SCALES))))
    assert (k <= len(SCALES)).all()


def test_equal_laws_have_none_in_expectation_and_others_have_some():
    torch.manual_seed(0)
    same = torch.stack([discrepancy(torch.randn(50, 2), torch.randn(50, 2)) for _ in range(200)])
    assert abs(same.mean()) < 4 * same.std() / 200**0.5
    apart = torch.stack(
        [discrepancy(torch.randn(50, 2) + 1, torch.randn(50, 2)) for _ in range(20)]
    )
    assert apart.min() > same.max()
