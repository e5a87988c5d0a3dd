"""Structure of filters against filters whose structure is known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ae.metrics import filters

SIDE = 28


def _checkerboard() -> Tensor:
    return (-1.0) ** torch.arange(SIDE).add(torch.arange(SIDE)[:, None])


def _gradient() -> Tensor:
    return torch.arange(float(SIDE)).expand(SIDE, SIDE)


def _run(linear, *units: Tensor):
    """One seed with these filters."""
    weights = torch.stack(units).flatten(1)[None]
    return linear(weights, torch.zeros(1, SIDE * SIDE))


@pytest.mark.parametrize("scale", [1.0, -3.0])
def test_a_checkerboard_is_minus_one_and_stripes_are_nothing(linear, exact_arithmetic, scale):
    assert filters.autocorrelation(_run(linear, scale * _checkerboard())) == [pytest.approx(-1.0)]
    stripes = ((-1.0) ** torch.arange(SIDE)).expand(SIDE, SIDE)
    # -1 along rows and +1 along columns, equally often; the two pools' means differ a little.
    assert filters.autocorrelation(_run(linear, scale * stripes)) == [pytest.approx(0, abs=1e-3)]


def test_a_gradient_is_the_correlation_of_its_pairs(linear, exact_arithmetic):
    # Horizontal pairs (c, c + 1), c < 27, and vertical pairs (c, c), one time less than 28 each.
    horizontal = [(c, c + 1) for c in range(SIDE - 1)] * SIDE
    vertical = [(c, c) for c in range(SIDE)] * (SIDE - 1)
    first, second = np.array(horizontal + vertical).T
    expected = np.corrcoef(first, second)[0, 1]
    assert expected == pytest.approx(0.998, abs=0.001)
    constant_plus_gradient = 5.0 + _gradient()
    for unit in (_gradient(), constant_plus_gradient, _gradient().T):
        found = filters.autocorrelation(_run(linear, unit))
        assert found == [pytest.approx(expected, rel=1e-12)]


def test_white_noise_is_about_nothing(linear, exact_arithmetic):
    noise = torch.randn(400, SIDE, SIDE)
    each = filters.lag_one(noise)
    # 1512 pairs, of which each pixel is in several: the spread is still about 1/sqrt(1512).
    assert filters.autocorrelation(_run(linear, *noise))[0] == pytest.approx(0, abs=0.005)
    assert float(each.std()) == pytest.approx(1 / math.sqrt(2 * SIDE * (SIDE - 1)), rel=0.15)


def test_neighbours_that_share_half_their_noise_correlate_by_a_half(linear, exact_arithmetic):
    noise = torch.randn(300, SIDE, SIDE + 1)
    smooth = noise[..., :-1] + noise[..., 1:]  # 1/2 along rows, 0 along columns
    assert float(filters.lag_one(smooth).mean()) == pytest.approx(0.25, abs=0.01)


def test_a_filter_without_contrast_has_no_structure(linear, exact_arithmetic):
    corner = torch.zeros(SIDE, SIDE)
    corner[-1, -1] = 1
    found = filters.lag_one(torch.stack([torch.full((SIDE, SIDE), 0.1), corner]))
    assert found.tolist() == [0, 0]


def test_median_and_share_over_units(linear, exact_arithmetic):
    trained = _run(linear, _checkerboard(), _gradient(), _gradient(), torch.zeros(SIDE, SIDE))
    gradient = float(filters.lag_one(_gradient()))
    assert filters.autocorrelation(trained) == [pytest.approx(gradient / 2)]
    assert filters.structured_share(trained, threshold=0.5) == [50.0]
    assert filters.structured_share(trained, threshold=-0.5) == [75.0]
    assert filters.structured_share(trained, threshold=0.0) == [50.0]  # 0 is not above 0


def test_participation_counts_pixels(linear, exact_arithmetic):
    one = torch.zeros(SIDE, SIDE)
    one[3, 5] = -0.1
    half = torch.zeros(SIDE, SIDE)
    half[: SIDE // 2] = 7
    every = torch.full((SIDE, SIDE), 0.3)
    every[::2] *= -1
    for unit, pixels in ((one, 1), (half, 392), (every, 784), (torch.zeros(SIDE, SIDE), 0)):
        assert filters.participation_ratio(_run(linear, unit)) == [pytest.approx(pixels)]
    assert filters.participation_ratio(_run(linear, one, half, every)) == [pytest.approx(392)]


def test_participation_of_gaussian_weights_is_a_third_of_the_pixels(linear, exact_arithmetic):
    found = filters.participation_ratio(_run(linear, *torch.randn(300, SIDE, SIDE)))
    assert found == [pytest.approx(784 / 3, rel=0.02)]  # E(w^2)^2 / E(w^4) = 1/3


def test_a_diverged_seed_is_nan_and_the_others_are_not(linear):
    weights = torch.ones(3, 2, 4)
    weights[:, :, 0] = 2
    weights[1, 0, 0] = math.nan
    trained = linear(weights, torch.zeros(1, 4))
    for values in (
        filters.autocorrelation(trained),
        filters.structured_share(trained, threshold=0.5),
        filters.participation_ratio(trained),
    ):
        assert [math.isnan(v) for v in values] == [False, True, False]


def test_a_channel_axis_of_one_is_no_matter():
    assert filters.picture((1, 28, 20)) == filters.picture((28, 20)) == (28, 20)
