"""The curve of bounds is what the metric gives, less an evidence that is known."""

import math

import numpy as np
import torch

from ae.data.dataset import Dataset
from ae.figures.bounds import approach
from ae.metrics import evidence
from ae.models.base import Batch
from ae.models.linear_gaussian import LinearVAE
from ae.seeds import Stack
from ae.trained import Trained


class Images(Dataset):
    """What the figure uses of a data set."""

    def __init__(self, x):
        self.__dict__.update(x=x, shape=(2, 3))

    def batch(self, index):
        return Batch(self.x[index])


def made(name, rotated):
    x = torch.randn(50, 6, generator=torch.Generator().manual_seed(3)) * torch.arange(1, 7)
    build = lambda: LinearVAE(6, latent=2, init=0.1, rotated=rotated, full=False)
    stack = Stack([build] * 2, [1, 2])
    with torch.no_grad():
        stack.share("fit", x)
    return Trained(name=name, label=f"run {name}", stack=stack, train=Images(x), test=Images(x))


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
