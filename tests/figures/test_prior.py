"""Codes upon samples of the prior."""

import math

import numpy as np
import pytest
import torch
from known import Images
from points import Points

from ae.errors import UserError
from ae.figures.prior import codes
from ae.training.stack import Stack
from ae.training.trained_run import Trained


@pytest.fixture
def run(exact_arithmetic):
    def make(*members, size=2):
        x = torch.rand(40, size, generator=torch.Generator().manual_seed(0))
        data = Images(x, torch.arange(40) % 3, (1, size))
        stack = Stack([lambda m=m: Points(size, *m) for m in members], range(len(members)))
        return Trained(name="a", label="run a", stack=stack, train=data, test=data)

    return make


def test_arrays_are_codes_of_one_seed_and_samples_of_its_prior(run, repainted):
    runs = [run((1.0, 0.0, 0.5), (2.0, 1.0, 3.0)), run((1.0, 0.0, 1.0), (math.nan, 0.0, 1.0))]
    drawing = codes(runs, examples=30, seed_index=1)
    expected = 2 * runs[0].test.x[:30] + 1
    np.testing.assert_allclose(drawing.arrays["codes_0"], expected.numpy(), rtol=1e-6)
    assert drawing.arrays["prior_0"].std() == pytest.approx(3, rel=0.3)
    assert drawing.arrays["labels_0"].tolist() == [i % 3 for i in range(30)]
    repainted(drawing)


def test_codes_of_another_size_are_refused(run):
    with pytest.raises(UserError, match=r"has codes of shape \(3,\); expected 2 numbers"):
        codes([run((1.0, 0.0, 1.0), size=3)], examples=30, seed_index=0)
