"""The numbers that are drawn are those of the metric."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures.anomaly import areas, errors, interval
from ae.metrics.anomaly import auroc


@pytest.fixture
def run(linear):
    """Class 0 lies along the first pixel; only the first and third seeds give it back."""
    x, y = torch.rand(80, 4) / 5, torch.arange(80) % 4
    x[torch.arange(80), y] = 1

    def make(name, *, broken=False):
        weights = torch.zeros(3, 1, 4)
        weights[0, 0, 0], weights[2, 0, 0] = 1, 0.3
        if broken:
            weights[1] = math.nan
        trained = linear(name, weights, x, y)
        normal = type(trained.train)(x[y == 0], y[y == 0], (2, 2))
        return replace(trained, train=normal)

    return make


def test_an_interval_is_students():
    mean, half = interval(np.array([1.0, 2.0, 3.0, math.nan]))
    assert mean == 2.0
    assert half == pytest.approx(2.919986 / math.sqrt(3), rel=1e-6)  # a table of t, 2 degrees
    assert math.isnan(interval(np.array([1.0]))[1])


def test_areas_are_the_metrics(run, repainted):
    good, bad = run("a"), run("b", broken=True)
    drawing = areas([good, bad], names=["0", "b"], axis="class that is normal")
    np.testing.assert_array_equal(drawing.arrays["auroc_0"], auroc(good))
    assert drawing.arrays["auroc_0"][0] == 1.0
    assert np.isnan(drawing.arrays["auroc_1"]).tolist() == [False, True, False]
    assert repainted(drawing).vector is not None
    with pytest.raises(UserError, match=r"^anomaly.areas: names: found 1; expected 2, the runs$"):
        areas([good, bad], names=["0"], axis="")


def test_errors_are_those_of_one_seed_with_their_kinds(run, repainted):
    good = run("a")
    drawing = errors([good, run("b", broken=True)], seed_index=2)
    x, y = good.test.x, good.test.y
    made = torch.zeros_like(x)
    made[:, 0] = 0.09 * x[:, 0]
    expected = ((x - made) ** 2).mean(-1).numpy()
    np.testing.assert_allclose(drawing.arrays["score_0"], expected, rtol=1e-12)
    assert drawing.arrays["anomalous_0"].tolist() == (y != 0).tolist()
    assert drawing.arrays["auroc_0"] == auroc(good)[2]
    repainted(drawing)
    repainted(errors([run("b", broken=True)], seed_index=1))
