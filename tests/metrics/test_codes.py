"""Activities that are known by hand."""

import math

import pytest
import torch

from ae.metrics import codes


def test_activity_is_the_mean_over_units_and_images_and_its_logarithm(linear):
    x = torch.tensor([[1.0, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 0]])
    weights = torch.zeros(3, 2, 4)
    weights[0, 0, 0], weights[0, 1, 1] = 1, 2  # codes (1, 0), (0, 6), (0, 0)
    weights[1] = weights[0] / 2
    trained = linear(weights, x)
    assert codes.mean_activity(trained, split="test") == pytest.approx([7 / 6, 7 / 12, 0])
    logs = codes.log_mean_activity(trained, split="test")
    assert logs[0] == pytest.approx(math.log(7 / 6))
    assert logs[0] - logs[1] == pytest.approx(math.log(2))
    assert math.isnan(logs[2])
