"""The images shown are the ones meant, and the numbers beside them are theirs."""

import math

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures.reconstructions import one_of_each, restored, rows


def test_one_of_each_label_in_turn():
    y = torch.tensor([2, 0, 0, 1, 2, 1, 0])
    assert one_of_each(y).tolist() == [1, 3, 0, 2, 5, 4, 6]


def test_arrays_are_the_images_their_reconstructions_and_their_errors(linear, repainted):
    x, y = torch.rand(6, 16), torch.tensor([2, 0, 0, 1, 2, 1])
    keep = torch.eye(16)[:4].expand(2, 4, 16).clone()  # the first row of the image
    keep[1] = torch.eye(16)[4:8]  # the second seed keeps the second row
    lose = torch.zeros(2, 4, 16)
    runs = [linear("keep", keep, x, y), linear("lose", lose, x, y)]
    drawing = rows(runs, images=4, seed_index=1)
    shown = x[[1, 3, 0, 2]].numpy().reshape(4, 4, 4)
    np.testing.assert_array_equal(drawing.arrays["original"], shown)
    made = np.zeros_like(shown)
    made[:, 1] = shown[:, 1]
    np.testing.assert_allclose(drawing.arrays["reconstruction"][0], made, atol=1e-7)
    assert not drawing.arrays["reconstruction"][1].any()
    expected = [((shown - made) ** 2).sum((1, 2)).mean(), (shown**2).sum((1, 2)).mean()]
    np.testing.assert_allclose(drawing.arrays["squared_error"], expected, rtol=1e-12)
    assert drawing.arrays["runs"].tolist() == ["run keep", "run lose"]
    assert repainted(drawing).vector is None


def test_a_diverged_seed_is_drawn_as_such(linear, repainted):
    x, y = torch.rand(6, 16), torch.arange(6)
    good, bad = torch.rand(1, 4, 16), torch.full((1, 4, 16), math.nan)
    drawing = rows([linear("good", good, x, y), linear("bad", bad, x, y)], images=6, seed_index=0)
    assert np.isnan(drawing.arrays["squared_error"]).tolist() == [False, True]
    repainted(drawing)


def test_runs_on_other_images_are_refused(linear):
    weights, x, y = torch.zeros(1, 1, 16), torch.rand(3, 16), torch.arange(3)
    other = x.clone()
    other[2, 5] += 0.25
    runs = [linear("a", weights, x, y), linear("b", weights, other, y)]
    with pytest.raises(UserError, match=r"^reconstructions.rows: run 'b' has other test images "):
        rows(runs, images=3, seed_index=0)


def test_noisy_images_are_shown_with_what_is_made_of_them(linear, repainted):
    x, y = torch.rand(6, 16), torch.tensor([2, 0, 0, 1, 2, 1])
    keep, lose = torch.eye(16).expand(2, 16, 16).clone(), torch.zeros(2, 16, 16)
    runs = [linear("keep", keep, x, y), linear("lose", lose, x, y)]
    drawing = restored(runs, images=3, seed_index=1, noise=0.5)
    clean = x[[1, 3, 0]].numpy().reshape(3, 4, 4)
    noisy, kept, lost = drawing.arrays["reconstruction"]
    np.testing.assert_array_equal(drawing.arrays["original"], clean)
    np.testing.assert_array_equal(kept, noisy)
    assert 0.1 < np.abs(noisy - clean).mean() < 0.5
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    assert not lost.any()
    errors = [((row - clean) ** 2).sum((1, 2)).mean() for row in (noisy, kept, lost)]
    np.testing.assert_allclose(drawing.arrays["squared_error"], errors, rtol=1e-5)
    assert drawing.arrays["runs"].tolist() == ["with noise 0.5", "run keep", "run lose"]
    repainted(drawing)
