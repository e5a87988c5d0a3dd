"""Trained runs whose weights and data are known."""

from collections.abc import Callable

import pytest
from known import Images, linear_stack, picture
from torch import Tensor

from ae.training.stack import Stack
from ae.training.trained_run import Trained

Make = Callable[..., Trained]


@pytest.fixture
def run(exact_arithmetic: None) -> Make:
    """A run of a stack on images and labels; the training images serve as test images, too."""

    def make(
        stack: Stack, x: Tensor, y: Tensor | None = None, *, shape: tuple[int, ...], **test: Tensor
    ) -> Trained:
        return Trained(
            name="a",
            label="A",
            stack=stack,
            train=Images(x, y, shape),
            test=Images(test.get("test_x", x), test.get("test_y", y), shape),
        )

    return make


@pytest.fixture
def linear(run: Make) -> Make:
    """A run of `Linear` whose seeds have the given weights (seed, unit, feature)."""

    def make(weights: Tensor, x: Tensor, y: Tensor | None = None, **more: Tensor) -> Trained:
        return run(linear_stack(weights), x, y, shape=picture(weights.shape[2]), **more)

    return make
