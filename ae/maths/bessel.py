"""Modified Bessel functions of the first kind, of any order, that torch can differentiate.

Debye's expansion for large orders (Abramowitz and Stegun, 9.7.7) at an order that is large enough,
and from there down by the ratios of neighbours, whose continued fraction is stable that way
(9.6.26). In double precision log(I) is right to 1e-7 and the ratio to 1e-9, at any argument above 0.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

LARGE = 16  # orders from which the expansion is used
# Coefficients of t, t^3, ... of the polynomials u_1, u_2, u_3 and u_4, 9.3.9.
U = (
    ((1, 3 / 24), (3, -5 / 24)),
    ((2, 81 / 1152), (4, -462 / 1152), (6, 385 / 1152)),
    (
        (3, 30375 / 414720),
        (5, -369603 / 414720),
        (7, 765765 / 414720),
        (9, -425425 / 414720),
    ),
    (
        (4, 4465125 / 39813120),
        (6, -94121676 / 39813120),
        (8, 349922430 / 39813120),
        (10, -446185740 / 39813120),
        (12, 185910725 / 39813120),
    ),
)


class Bessel(NamedTuple):
    """I_v at an argument x.

    Attributes:
        log_ive: log(I_v(x) exp(-x)).
        ratio: I_{v + 1}(x) / I_v(x), in (0, 1).
    """

    log_ive: Float[Tensor, "*batch"]
    ratio: Float[Tensor, "*batch"]


def bessel(order: float, x: Float[Tensor, "*batch"]) -> Bessel:
    """I_order at x above 0, for orders of at least 0, with the first derivatives by x.

    The derivatives are in closed form, so the recurrence is not differentiated: values are
    f(c) + f'(c) (x - c) where the constant c is x.
    """
    at = x.detach()
    log_ive, ratio = _values(order, at)
    slope = ratio + order / at - 1
    bend = 1 - ratio**2 - (2 * order + 1) / at * ratio
    return Bessel(log_ive + slope * (x - at), ratio + bend * (x - at))


def _values(order: float, x: Tensor) -> tuple[Tensor, Tensor]:
    """log(I_v exp(-x)) and I_{v + 1} / I_v at v = order, down from a large order.

    Each ratio I_{v + 1} / I_v is 1 / (2 (v + 1) / x + the ratio above it).
    """
    steps = max(1, math.ceil(LARGE - order))
    value = _debye(order + steps, x)
    ratio = (_debye(order + steps + 1, x) - value).exp()
    for v in reversed(range(steps)):
        ratio = 1 / (2 * (order + v + 1) / x + ratio)
        value = value - ratio.log()
    return value, ratio


def _debye(order: float, x: Tensor) -> Tensor:
    """log(I_order(x) exp(-x)) by the expansion in 1 / order."""
    root = (order**2 + x**2).sqrt()
    t = order / root
    # eta - x, with eta = root + order log(x / (order + root)), without the difference of large numbers
    exponent = order**2 / (root + x) + order * (x / (order + root)).log()
    series = torch.ones_like(x)
    for k, terms in enumerate(U, 1):
        series = series + sum(c * t**power for power, c in terms) / order**k
    return exponent - 0.5 * math.log(2 * math.pi * order) + 0.5 * t.log() + series.log()
