"""What is given, the image, the guess and the completions stand in the right rows."""

import numpy as np
import pytest
import torch
from known import Images

from ae.figures.completions import grid
from ae.models.structured_output import CVAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


@pytest.fixture
def completing(exact_arithmetic):
    def make(quadrants):
        torch.manual_seed(quadrants)
        build = lambda: CVAE(16, quadrants=quadrants, hidden=[4], latent=2)
        x, y = torch.rand(6, 16), torch.tensor([2, 0, 0, 1, 2, 1])
        data = Images(x, y, (4, 4))
        name = f"q{quadrants}"
        return Trained(
            name=name, label=name, stack=Stack([build] * 2, [5, 6]), train=data, test=data
        )

    return make


def test_rows_are_what_they_say(completing, repainted):
    runs = [completing(1), completing(3)]
    drawing = grid(runs, images=3, draws=2, seed_index=1)
    for run, tiles in zip(runs, drawing.arrays["pictures"], strict=True):
        rows = tiles.reshape(5, 3, 16)
        x = run.test.x[[1, 3, 0]]
        given = run.stack.buffers["given"][1].numpy() > 0
        np.testing.assert_allclose(rows[0], np.where(given, x, 0.5))
        np.testing.assert_allclose(rows[1], x)
        guess = run.stack.share("reconstruct", x)[1].detach()
        np.testing.assert_allclose(rows[2], guess, rtol=1e-6)
        for row in rows[2:]:
            np.testing.assert_allclose(row[:, given], x[:, given], rtol=1e-6)
        assert np.abs(rows[3] - rows[4])[:, ~given].min() > 0
    assert drawing.arrays["runs"].tolist() == ["q1", "q3"]
    assert repainted(drawing).vector is None


def test_a_diverged_seed_is_said(completing, repainted):
    run = completing(1)
    with torch.no_grad():
        run.stack.parameters["generation.0.weight"][1] = torch.nan
    drawing = grid([run], images=3, draws=1, seed_index=1)
    assert np.isnan(drawing.arrays["pictures"]).any()
    repainted(drawing)
