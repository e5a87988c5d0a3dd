"""The curve of bounds is what the metric gives, less an evidence that is known."""

import math

import numpy as np
import torch
from known import Images

from ae.figures.bounds import approach
from ae.metrics import evidence
from ae.models.linear_gaussian import LinearVAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


def made(name, rotated):
    x = torch.randn(50, 6, generator=torch.Generator().manual_seed(3)) * torch.arange(1, 7)
    build = lambda: LinearVAE(6, latent=2, init=0.1, rotated=rotated, full=False)
    stack = Stack([build] * 2, [1, 2])
    with torch.no_grad():
        stack.share("fit", x)
    data = Images(x, None, (2, 3))
    return Trained(name=name, label=f"run {name}", stack=stack, train=data, test=data)


def test_bounds_approach_the_evidence(exact_arithmetic, repainted):
    runs = [made("a", rotated=False), made("b", rotated=True)]
    drawing = approach(runs, split="test", examples=30, samples=100, ks=[1, 10, 100])
    np.testing.assert_allclose(drawing.arrays["below_0"], 0, atol=1e-9)
    rotated = drawing.arrays["below_1"]
    assert (np.diff(rotated, axis=0) < 0).all()
    errors = evidence.importance_error(runs[1], split="test", examples=30, samples=100)
    np.testing.assert_allclose(rotated[2], errors)
    assert repainted(drawing).vector == "figure.svg"


def test_a_diverged_seed_is_left_out_of_the_curve(exact_arithmetic, repainted):
    run = made("a", rotated=True)
    run.stack.parameters["mean"].data[0] = math.nan
    drawing = approach([run], split="test", examples=10, samples=10, ks=[1, 10])
    assert np.isnan(drawing.arrays["below_0"]).any(0).tolist() == [True, False]
    repainted(drawing)
