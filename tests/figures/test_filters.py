"""The filters drawn are the weights, unit by unit, and the curve is the metric."""

import math

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures import filters
from ae.metrics.filters import structured_share

X = torch.zeros(1, 784)


def test_grid_holds_the_same_units_of_one_seed(linear, repainted):
    first, second = torch.randn(2, 10, 784), torch.randn(2, 8, 784)
    runs = [linear("a", first, X), linear("b", second, X)]
    drawing = filters.grid(runs, rows=2, columns=3, seed_index=1)
    for run, weights in enumerate((first, second)):
        found = drawing.arrays["filters"][run]
        np.testing.assert_allclose(found.reshape(6, 784), weights[1, :6], rtol=1e-6)
    repainted(drawing)


def test_grid_of_more_units_than_there_are_shows_those_that_all_runs_have(linear, repainted):
    runs = [linear("a", torch.randn(1, 10, 784), X), linear("b", torch.randn(1, 7, 784), X)]
    drawing = filters.grid(runs, rows=4, columns=4, seed_index=0)
    assert drawing.arrays["filters"].shape == (2, 7, 28, 28)
    repainted(drawing)


def test_same_unit_has_a_row_a_unit_and_a_column_a_run(linear, repainted):
    first, second = torch.randn(1, 10, 784), torch.randn(1, 10, 784)
    drawing = filters.same_unit(
        [linear("a", first, X), linear("b", second, X)], units=[7, 2], seed_index=0
    )
    found = drawing.arrays["filters"].reshape(2, 2, 784)
    for row, unit in enumerate([7, 2]):
        for column, weights in enumerate((first, second)):
            np.testing.assert_allclose(found[row, column], weights[0, unit], rtol=1e-6)
    repainted(drawing)


@pytest.mark.parametrize("unit", [10, -1])
def test_a_unit_that_a_run_lacks_is_named(linear, unit):
    message = f"units: found {unit}; run 'a' has 10 units: expected 0 to 9"
    with pytest.raises(UserError, match=message):
        filters.same_unit([linear("a", torch.randn(1, 10, 784), X)], units=[0, unit], seed_index=0)


def test_grey_is_symmetric_about_zero_filter_by_filter():
    weights = np.array([[[0.0, -4.0], [2.0, 1.0]], [[0.1, 0.0], [0.0, -0.05]], [[0, 0], [0, 0]]])
    expected = [[[0.5, 0.0], [0.75, 0.625]], [[1.0, 0.5], [0.5, 0.25]], [[0.5, 0.5], [0.5, 0.5]]]
    np.testing.assert_allclose(filters.grey(weights), expected)


def test_the_curve_at_the_threshold_is_the_metric(linear, repainted):
    noise = torch.randn(3, 40, 28, 28)
    smooth = (noise + noise.roll(1, -1) + noise.roll(1, -2)).flatten(2)
    run = linear("a", smooth, X)
    threshold = float(np.median(filters.structure([run], threshold=0).arrays["autocorrelation_0"]))
    drawing = filters.structure([run], threshold=threshold)
    share = filters.share_above(drawing.arrays["autocorrelation_0"], np.array([threshold]))
    assert share[:, 0].tolist() == structured_share(run, threshold=threshold)
    assert share.mean() == pytest.approx(50, abs=1)
    assert repainted(drawing).vector == "figure.svg"


def test_diverged_seeds_are_drawn_as_such(linear, repainted):
    weights = torch.randn(2, 10, 784)
    weights[0, 3, 5] = math.nan
    bad = linear("bad", weights, X)
    lost = linear("lost", torch.full((2, 10, 784), math.nan), X)
    runs = [linear("good", torch.randn(2, 10, 784), X), bad, lost]
    repainted(filters.grid(runs, rows=2, columns=5, seed_index=0))
    repainted(filters.same_unit(runs, units=[3, 4], seed_index=0))
    drawing = filters.structure(runs, threshold=0.5)
    repainted(drawing)
    kept = filters.share_above(drawing.arrays["autocorrelation_1"], np.array([-2.0]))
    assert kept.tolist() == [[100.0]]  # of the seed that did not diverge
    repainted(filters.structure([lost], threshold=0.5))
