"""Active units: what is kept of the runs, and what the panels say."""

import numpy as np
import torch

from ae.figures import units

ARGUMENTS = {"split": "test", "examples": 100, "threshold": 0.01, "code": "encode"}
X = torch.tensor(
    [[1.0, 0, 0, 0], [-1, 0, 0, 0], [0, 2, 0, 0], [0, -2, 0, 0]], dtype=torch.float64
)  # variances 1/2 and 2


def test_the_variances_of_the_means_are_kept_largest_first(linear, repainted):
    weights = torch.tensor(
        [
            [[0.1, 0, 0, 0], [0, 0, 0, 5.0], [0, 1.0, 0, 0]],
            [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0.05, 0, 0]],
        ]
    )
    drawing = units.activity([linear("a", weights, X)], **ARGUMENTS)
    expected = [[2.0, 0.005, 0.0], [0.5, 0.005, 0.0]]
    np.testing.assert_allclose(drawing.arrays["variance_0"], expected, rtol=1e-6)
    repainted(drawing)


def test_the_panel_counts_the_units_above_the_threshold():
    variance = np.array([[2.0, 0.5, 0.005], [2.0, 0.005, 0.0]])
    assert units.counted(variance, 0.01) == "1.5 of 3 active (1 to 2)"
    assert units.counted(variance[:1], 0.01) == "2 of 3 active"
    assert units.counted(variance[:0], 0.01) == "diverged"


def test_a_seed_that_diverged_is_not_drawn(linear, repainted):
    weights = torch.ones(2, 1, 4)
    weights[1] = torch.nan
    drawing = units.activity([linear("a", weights, X), linear("b", weights[1:], X)], **ARGUMENTS)
    titles = [axes.get_title() for axes in drawing.paint(drawing.arrays).axes]
    assert titles[:2] == ["run a\n1 of 1 active", "run b\ndiverged"]
    repainted(drawing)


def test_bars_are_coloured_by_the_threshold(linear):
    weights = torch.tensor([[[0.1, 0, 0, 0], [0, 1.0, 0, 0]]])
    drawing = units.activity([linear("a", weights, X)], **ARGUMENTS)
    bars = drawing.paint(drawing.arrays).axes[0].patches
    assert [round(bar.get_height(), 6) for bar in bars] == [2.0, 0.005]
    assert len({bar.get_facecolor() for bar in bars}) == 2
