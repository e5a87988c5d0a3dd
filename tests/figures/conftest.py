"""Runs to draw, whose weights and data are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known import Images, linear_stack, picture
from torch import Tensor

from ae.figures.layout.drawing import Drawing, Saved, save
from ae.training.trained_run import Trained


@pytest.fixture
def linear(exact_arithmetic: None) -> Callable[..., Trained]:
    """A run of `Linear` whose seeds have the given weights (seed, unit, feature)."""

    def make(name: str, weights: Tensor, x: Tensor, y: Tensor | None = None) -> Trained:
        data = Images(x, y, picture(weights.shape[2]))
        stack = linear_stack(weights)
        return Trained(name=name, label=f"run {name}", stack=stack, train=data, test=data)

    return make


@pytest.fixture
def repainted(tmp_path: Path) -> Callable[[Drawing], Saved]:
    """Saves a drawing, paints it again from its .npz alone, and holds the files to be equal."""

    def check(drawing: Drawing) -> Saved:
        saved = save(drawing, tmp_path / "first", "figure")
        with np.load(tmp_path / "first" / saved.arrays, allow_pickle=False) as file:
            kept = dict(file)
        again = save(replace(drawing, arrays=kept), tmp_path / "second", "figure")
        assert again == saved
        data = saved.interaction.data if saved.interaction else None
        for name in filter(None, (saved.image, saved.vector, saved.arrays, data)):
            assert (tmp_path / "first" / name).read_bytes() == (
                tmp_path / "second" / name
            ).read_bytes(), name
        return saved

    return check
