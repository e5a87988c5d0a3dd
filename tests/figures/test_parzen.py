"""The curve of widths is the one that the choice looks at."""

import math

import numpy as np
import pytest
import torch
from points import Points

from ae.figures.parzen import widths
from ae.metrics.parzen import curve, width
from ae.training.stack import Stack
from ae.training.trained_run import Trained


@pytest.fixture
def run(exact_arithmetic):
    from known import Images

    def make(*members):
        x = torch.rand(60, 6, generator=torch.Generator().manual_seed(0))
        data = Images(x, None, (2, 3))
        stack = Stack([lambda m=m: Points(6, *m) for m in members], range(len(members)))
        return Trained(name="a", label="run a", stack=stack, train=data, test=data)

    return make


GIVEN = {"samples": 50, "test": 40, "valid": 20, "narrowest": 0.1, "widest": 1.0, "tried": 10}


def test_arrays_are_the_curves(run, repainted):
    runs = [run((1.0, 0.0, 0.5), (1.0, 0.0, 1.0)), run((1.0, 0.0, math.nan))]
    drawing = widths(runs, floor=-30.0, **GIVEN)
    np.testing.assert_array_equal(drawing.arrays["values_0"], curve(runs[0], **GIVEN).numpy())
    few = widths(runs, floor=-30.0, **{**GIVEN, "valid": 1000})  # of 60 images
    some = curve(runs[0], **{**GIVEN, "test": 30, "valid": 30})
    np.testing.assert_array_equal(few.arrays["values_0"], some.numpy())
    best = drawing.arrays["widths"][drawing.arrays["values_0"].argmax(1)]
    assert best.tolist() == pytest.approx(width(runs[0], **GIVEN))
    repainted(drawing)
