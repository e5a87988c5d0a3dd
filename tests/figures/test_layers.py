"""Divergences layer by layer: what is kept of the runs, what the panels say, what is coloured."""

import numpy as np
import torch
from known import Images
from torch import nn

from ae.figures import layers
from ae.models.base import Autoencoder, Draw
from ae.training.stack import Stack
from ae.training.trained_run import Trained

X = torch.ones(4, 3)


class Said(Autoencoder):
    """Divergences that are its parameters."""

    def __init__(self, features):
        super().__init__()
        self.z1, self.z2 = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(2))
        self.draws = {"z1": Draw("normal", (3,)), "z2": Draw("normal", (2,))}

    def divergences(self, x, noise):
        return {name: 0 * noise[name] + getattr(self, name) for name in self.draws}

    def objective(self, batch, noise):
        raise NotImplementedError


def said(name, first, second):
    stack = Stack([lambda: Said(3)] * len(first), range(len(first)))
    stack.load({"z1": torch.tensor(first), "z2": torch.tensor(second)})
    data = Images(X, None, (1, 3))
    return Trained(name=name, label=f"run {name}", stack=stack, train=data, test=data)


ARGUMENTS = {"split": "test", "examples": 4, "samples": 2, "threshold": 0.01}


def test_units_are_kept_layer_by_layer_largest_first(repainted, exact_arithmetic):
    run = said("a", [[0.0, 2.0, 0.5], [1.0, 0.0, 3.0]], [[0.001, 0.3], [0.02, 0.5]])
    drawing = layers.divergences([run], **ARGUMENTS)
    np.testing.assert_allclose(drawing.arrays["0/z1"], [[2.0, 0.5, 0.0], [3.0, 1.0, 0.0]])
    np.testing.assert_allclose(drawing.arrays["0/z2"], [[0.3, 0.001], [0.5, 0.02]])
    (axes,) = drawing.paint(drawing.arrays).axes
    assert axes.get_title() == "run a\nactive: 2 + 1.5"
    repainted(drawing)


def test_bars_are_coloured_by_the_threshold_and_a_gap_parts_the_layers(exact_arithmetic):
    drawing = layers.divergences([said("a", [[2.0, 0.5, 0.0]], [[0.3, 0.001]])], **ARGUMENTS)
    bars = drawing.paint(drawing.arrays).axes[0].patches
    assert [round(bar.get_height(), 6) for bar in bars] == [2.0, 0.5, layers.LEAST, 0.3, 0.001]
    faces = [bar.get_facecolor() for bar in bars]
    assert faces[0] == faces[1] == faces[3] != faces[2] == faces[4]
    places = [round(bar.get_x() + 0.4, 6) for bar in bars]
    assert places == [0, 1, 2, 3 + layers.GAP, 4 + layers.GAP]


def test_a_seed_that_diverged_is_not_drawn(repainted, exact_arithmetic):
    nan = float("nan")
    runs = [
        said("a", [[1.0, 1.0, 1.0], [nan, nan, nan]], [[1.0, 0.0], [nan, nan]]),
        said("b", [[nan, nan, nan]], [[nan, nan]]),
    ]
    drawing = layers.divergences(runs, **ARGUMENTS)
    titles = [axes.get_title() for axes in drawing.paint(drawing.arrays).axes]
    assert titles == ["run a\nactive: 3 + 1", "run b\nactive: - + -"]
    repainted(drawing)
