"""Points of methods in the plane of two measures: whose they are, and what joins them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures import tradeoff

POINTS = {
    "b-1": ([10.0, 12.0], [40.0, 60.0]),
    "b-4": ([20.0, 22.0], [80.0, 90.0]),
    "c-5": ([11.0, math.nan], [50.0, math.nan]),
}
ARGUMENTS = {
    "metric": "score",
    "at": "error",
    "lines": [["b-1", "b-4"], ["c-5", "c-9"]],
    "names": ["beta-VAE", "capacity"],
    "settings": [["1", "4"], ["5 nats", "9 nats"]],
    "labels": ["error (nats)", "score (%)"],
}


@pytest.fixture
def runs(linear):
    measured = {
        run: {"error": dict(enumerate(errors)), "score": dict(enumerate(scores))}
        for run, (errors, scores) in POINTS.items()
    }
    weights, x = torch.zeros(2, 1, 4), torch.zeros(1, 4)
    return [replace(linear(name, weights, x), measured=measured) for name in POINTS]


def test_points_are_those_that_were_measured(runs, repainted):
    drawing = tradeoff.scatter(runs, **ARGUMENTS)
    points = drawing.arrays["0/points"]
    np.testing.assert_array_equal(points, [POINTS["b-1"], POINTS["b-4"]])
    np.testing.assert_array_equal(drawing.arrays["1/points"], [POINTS["c-5"]])
    assert drawing.arrays["1/settings"].tolist() == ["5 nats"]  # the tier leaves c-9 out
    repainted(drawing)


def test_means_of_the_seeds_that_are_finite_are_joined_and_named(runs):
    (axes,) = tradeoff._paint(tradeoff.scatter(runs, **ARGUMENTS).arrays).axes
    joined = [line for line in axes.lines if line.get_marker() in "os"]
    assert [line.get_xydata().tolist() for line in joined] == [
        [[11.0, 50.0], [21.0, 85.0]],
        [[11.0, 50.0]],
    ]
    dots = [line for line in axes.lines if line.get_marker() == "."]
    assert sorted(map(tuple, dots[0].get_xydata().tolist())) == [
        (10.0, 40.0),
        (12.0, 60.0),
        (20.0, 80.0),
        (22.0, 90.0),
    ]
    assert dots[0].get_color() == joined[0].get_color() != joined[1].get_color()
    assert [text.get_text() for text in axes.texts] == ["1", "4", "5 nats"]


def test_a_setting_whose_seeds_all_diverged_is_named(runs):
    drawing = tradeoff.scatter(runs, **ARGUMENTS)
    drawing.arrays["0/points"][1] = np.nan
    (axes,) = tradeoff._paint(drawing.arrays).axes
    assert "beta-VAE: diverged at 4" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": ["a"]}, "names: found 1; expected 2, one a method"),
        ({"settings": [["1"], ["5", "9"]]}, "settings: found 1 for 'beta-VAE'; expected 2, one a"),
        ({"labels": ["a"]}, "labels: found 1; expected 2"),
        ({"at": "eror"}, "'eror' of run 'b-1' is not known when it is needed"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(runs, change, said):
    with pytest.raises(UserError, match=said):
        tradeoff.scatter(runs, **ARGUMENTS | change)
