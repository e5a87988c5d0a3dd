"""The samples drawn are those that are measured."""

import math

import numpy as np
import torch

from ae.figures.samples import grid
from ae.metrics.samples import decoded


def images():
    return torch.rand(30, 16, generator=torch.Generator().manual_seed(0))


def test_arrays_are_the_samples_of_one_seed(linear, repainted):
    runs = [linear(name, torch.rand(2, 3, 16), images()) for name in "ab"]
    drawing = grid(runs, rows=2, columns=4, seed_index=1, fitted=["b"], codes=30)
    for shown, run in zip(drawing.arrays["samples"], runs, strict=True):
        made = decoded(run, fitted=["b"], codes=30, samples=8)[1].reshape(8, 4, 4)
        np.testing.assert_allclose(shown, made.detach(), rtol=1e-6)
    assert drawing.arrays["runs"].tolist() == ["run a", "run b"]
    repainted(drawing)


def test_runs_with_codes_of_one_size_get_the_same_draws(linear):
    weights = torch.rand(1, 3, 16)
    drawing = grid(
        [linear("a", weights, images()), linear("b", weights, images())],
        rows=1,
        columns=5,
        seed_index=0,
        fitted=[],
        codes=30,
    )
    first, second = drawing.arrays["samples"]
    np.testing.assert_array_equal(first, second)


def test_a_diverged_seed_is_drawn_as_such(linear, repainted):
    runs = [
        linear("a", torch.rand(1, 2, 16), images()),
        linear("b", torch.full((1, 2, 16), math.nan), images()),
    ]
    repainted(grid(runs, rows=2, columns=2, seed_index=0, fitted=[], codes=30))
