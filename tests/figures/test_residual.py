"""Figures of residual codes against the model's own sums."""

import math

import numpy as np
import pytest
import torch
from known import Images

from ae.errors import UserError
from ae.figures import residual
from ae.metrics.reconstruction import nmse
from ae.models.residual_k_means import ResidualKMeans
from ae.training.stack import Stack
from ae.training.trained_run import Trained

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SIDE = 8


def run(name="a", depth=3):
    x = torch.rand(30, SIDE**2, generator=torch.Generator().manual_seed(0))
    data = Images(x, torch.arange(30) % 3, (SIDE, SIDE))

    def build():
        return ResidualKMeans(SIDE**2, colours=1, patch=4, entries=4, depth=depth, steps=2)

    stack = Stack([build] * 2, [0, 1])
    stack.share("fit", x)
    return Trained(name, f"run {name}", stack, train=data, test=data)


def test_rows_are_sums_of_ever_more_entries(repainted):
    trained = run()
    drawing = residual.depths([trained], images=3, seed_index=1)
    shown, error = drawing.arrays["reconstruction"], drawing.arrays["squared_error"]
    assert shown.shape == (3, 3, SIDE, SIDE)
    assert drawing.arrays["runs"].tolist()[0] == "run a, first 1 of 3"
    x = trained.test.x[:3]
    made = trained.stack.share("reconstruct", x)[1]
    np.testing.assert_allclose(shown[-1].reshape(3, -1), made, rtol=1e-6)
    left = trained.stack.share("residuals", x)[1].mean(0)
    np.testing.assert_allclose(error, left[1:] * SIDE**2, rtol=1e-9)
    repainted(drawing)


def test_what_is_left_is_relative_to_the_vectors(repainted):
    trained = run()
    drawing = residual.norms([trained], split="test")
    left = trained.of("residuals", "test").mean(1)
    np.testing.assert_allclose(drawing.arrays["0/left"], left / left[:, :1])
    assert (np.diff(drawing.arrays["0/left"]) < 0).all()
    repainted(drawing)


def test_errors_stand_at_their_bits(repainted):
    runs = [run("a", 1), run("b", 2)]
    drawing = residual.rate_distortion(
        runs, split="test", lines=[["a", "b", "absent"]], names=["k-means"], bits=[[2, 4, 6]]
    )
    assert drawing.arrays["0/bits"].tolist() == [2, 4]
    expected = [*nmse(runs[0], split="test"), *nmse(runs[1], split="test")]
    np.testing.assert_allclose(drawing.arrays["0/values"], expected)
    drawing.arrays["0/values"][0] = math.nan  # a seed that diverged
    repainted(drawing)


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="expected one name a line, and as many bits as its runs"):
        residual.rate_distortion([run()], split="test", lines=[["a"]], names=["x"], bits=[[1, 2]])
