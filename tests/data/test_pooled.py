"""Digits at 8 x 8 are means of squares of the originals."""

from pathlib import Path

import numpy as np
import torch

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.pooled import to_8
from ae.library import Library

ROOT = Path(__file__).parents[2]


def test_a_pixel_is_the_mean_of_nine_rounded_half_up():
    x = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    found = to_8(x, "train", 0)
    inner = x[:, 2:26, 2:26].astype(float)
    for row in range(8):
        for column in range(8):
            square = inner[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            expected = np.floor(square.mean((1, 2)) + 0.5 + 1e-9)
            np.testing.assert_array_equal(found[:, row, column], expected)


def test_the_data_set_is_drawn_of_the_pooled_digits():
    library = Library.at(ROOT)
    small, digits = (
        load(find_manifest(name, library), "test", limit=300, library=library, device="cpu")
        for name in ("mnist-8-dynamic", "mnist")
    )
    expected = to_8(digits.x.view(-1, 28, 28).numpy(), "test", 0)
    np.testing.assert_array_equal(small.x.view(-1, 8, 8).numpy(), expected)
    assert small.shape == (8, 8)
    drawn = small.batch(torch.arange(300)).x.view(-1, 8, 8).numpy()
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert (drawn[expected == 0] == 0).all()
    assert abs(drawn.mean() - expected.mean() / 255) < 0.01
