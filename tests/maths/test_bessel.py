"""Bessel functions against scipy's, and their derivatives against differences."""

import numpy as np
import pytest
import torch
from scipy import special

from ae.maths.bessel import bessel

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
ORDERS = [0.0, 0.5, 1.0, 2.0, 4.5, 9.5, 19.5, 60.0]


@pytest.mark.parametrize("order", ORDERS)
def test_values_and_ratios_are_scipys(order):
    x = np.logspace(-3, 4, 300)
    exact = np.log(special.ive(order, x))
    there = np.isfinite(exact)  # scipy's are 0 at small x and large orders
    assert there.sum() > 150
    found = bessel(order, torch.tensor(x))
    np.testing.assert_allclose(found.log_ive.numpy()[there], exact[there], atol=1e-7)
    ratio = special.ive(order + 1, x) / special.ive(order, x)
    there &= ratio > 0
    np.testing.assert_allclose(found.ratio.numpy()[there], ratio[there], rtol=1e-9)


def test_half_orders_are_elementary():
    """I_{1/2}(x) = sqrt(2 / (pi x)) sinh x, and I_{3/2} / I_{1/2} = coth x - 1 / x."""
    x = torch.logspace(-1, 2, 50)
    found = bessel(0.5, x)
    plain = 0.5 * (2 / (torch.pi * x)).log() + ((1 - (-2 * x).exp()) / 2).log()
    torch.testing.assert_close(found.log_ive, plain, rtol=0, atol=1e-7)
    torch.testing.assert_close(found.ratio, 1 / x.tanh() - 1 / x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
def test_derivatives_are_those_of_the_values(order):
    x = torch.logspace(-1, 3, 40, requires_grad=True)
    for name in ("log_ive", "ratio"):
        (slope,) = torch.autograd.grad(getattr(bessel(order, x), name).sum(), x)
        step = 1e-4 * x.detach()
        ahead, behind = (getattr(bessel(order, x.detach() + s), name) for s in (step, -step))
        torch.testing.assert_close(slope, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)
