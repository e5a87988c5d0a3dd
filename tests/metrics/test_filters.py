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


def test_the_spread_of_known_filters():
    one, pair, every = (torch.zeros(SIDE, SIDE, dtype=torch.float64) for _ in range(3))
    one[3, 5] = -0.1
    pair[2, 4], pair[2, 10] = 7, -7  # 6 pixels apart: each 3 from the centre
    every[:] = 0.3
    unequal = torch.zeros(SIDE, SIDE, dtype=torch.float64)
    unequal[0, 0], unequal[8, 6] = 1, math.sqrt(3)  # 10 apart, power 1 to 3
    found = filters.spread(torch.stack([one, pair, every, unequal, torch.zeros(SIDE, SIDE)]))
    square = math.sqrt(2 * (SIDE**2 - 1) / 12)
    expected = [0, 3, square, 10 * math.sqrt(0.25 * 0.75), 0]
    assert found.tolist() == pytest.approx(expected)


def test_spread_does_not_depend_on_place_size_or_orientation(exact_arithmetic):
    stroke = torch.zeros(SIDE, SIDE)
    stroke[4:6, 3:15] = torch.rand(2, 12)
    each = [stroke, stroke.T, -9 * stroke, stroke.roll((11, 8), (0, 1))]
    found = filters.spread(torch.stack(each))
    assert found.tolist() == pytest.approx([found[0].item()] * 4)
    assert 2 < found[0] < 5


def test_a_wide_and_short_picture_has_its_own_axes():
    bar = torch.ones(1, 3, 9, dtype=torch.float64)
    assert filters.spread(bar).item() == pytest.approx(math.sqrt((9**2 - 1 + 3**2 - 1) / 12))


def test_the_radius_is_that_of_filters_that_were_learned(linear, exact_arithmetic):
    small, large = torch.zeros(2, SIDE, SIDE)
    small[10:14, 10:14] = 1
    large[4:24, 4:24] = 1
    noise = torch.randn(5, SIDE, SIDE)
    square = [math.sqrt(2 * (side**2 - 1) / 12) for side in (4, 20)]
    trained = _run(linear, small, large, *noise)
    assert filters.radius(trained, threshold=0.5) == [pytest.approx(sum(square) / 2)]
    assert filters.radius(trained, threshold=0.8) == [pytest.approx(square[1])]
    assert math.isnan(filters.radius(_run(linear, *noise), threshold=0.5)[0])


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_a_grating_has_one_orientation_and_a_round_blob_none(linear, exact_arithmetic, degrees):
    along = torch.arange(SIDE) - (SIDE - 1) / 2
    down, across = along[:, None], along[None]
    turn = math.radians(degrees)
    wave = torch.cos(1.2 * (math.cos(turn) * across + math.sin(turn) * down))
    blob = torch.exp(-(down**2 + across**2) / 8)
    assert filters.orientation(_run(linear, wave * blob))[0] > 0.8
    assert filters.orientation(_run(linear, blob)) == [pytest.approx(0, abs=1e-12)]
    assert filters.orientation(_run(linear, 3 + torch.zeros(SIDE, SIDE))) == [0]


def test_orientation_is_the_sum_over_frequencies_written_out(exact_arithmetic):
    one = torch.randn(5, 4)
    spectrum = np.fft.fft2(one.numpy() - one.numpy().mean(), (11, 9))
    total, turned = 0.0, 0j
    for i, down in enumerate(np.fft.fftfreq(11)):
        for j, across in enumerate(np.fft.fftfreq(9)):
            power = abs(spectrum[i, j]) ** 2
            total += power
            turned += power * np.exp(2j * math.atan2(down, across))
    assert float(filters.oriented(one)) == pytest.approx(abs(turned) / total, rel=1e-10)


def test_two_crossed_gratings_cancel_and_noise_has_little_orientation(linear, exact_arithmetic):
    wave = torch.cos(2 * math.pi * (torch.arange(SIDE) - (SIDE - 1) / 2) / 7)
    crossed = wave[:, None] + wave[None]
    assert filters.orientation(_run(linear, crossed)) == [pytest.approx(0, abs=1e-9)]
    noise = filters.orientation(_run(linear, *torch.randn(300, SIDE, SIDE)))[0]
    assert noise == pytest.approx(math.sqrt(math.pi / 2) / SIDE, rel=0.25)
