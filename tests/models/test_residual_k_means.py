"""Residual k-means against scikit-learn, and what must hold of its distortion."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from ae.models.base import Batch
from ae.models.residual_k_means import ResidualKMeans

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(entries=6, depth=2, steps=4, side=8, colours=2):
    return ResidualKMeans(
        colours * side**2, colours=colours, patch=4, entries=entries, depth=depth, steps=steps
    )


def images(examples=30, side=8, colours=2):
    return torch.rand(examples, colours * side**2)


def test_a_depth_is_sklearns_k_means_of_what_the_ones_before_leave():
    model, x = made(), images()
    patches = model.patches(x).flatten(0, 1)
    first = torch.arange(6) * len(patches) / 6
    starts = (first + model.order * len(patches) / 6).long()
    model.fit(x)
    left = patches.numpy()
    for depth in range(2):
        oracle = KMeans(6, init=left[starts[depth]], n_init=1, max_iter=4, tol=0).fit(left)
        found = model.codebooks[depth].numpy()
        np.testing.assert_allclose(found, oracle.cluster_centers_, rtol=1e-9)
        left = left - found[oracle.predict(left)]


def test_patches_are_the_squares_of_the_image_row_by_row():
    model = made()
    x = torch.arange(128.0).reshape(1, 2, 8, 8)
    found = model.patches(x.flatten(1))
    torch.testing.assert_close(found[0, 1], x[0, :, :4, 4:].flatten())
    torch.testing.assert_close(found[0, 2], x[0, :, 4:, :4].flatten())


def test_as_many_centres_as_patches_lose_nothing():
    model, x = made(entries=8, depth=1, steps=0), images(2)
    model.fit(x)
    torch.testing.assert_close(model.reconstruct(x), x)


def test_every_step_and_every_depth_lowers_the_distortion():
    x, before = images(), np.inf
    for steps in range(1, 5):
        torch.manual_seed(3)
        model = made(steps=steps)
        model.fit(x)
        squares = model.residuals(x).mean(0)
        assert squares[1] < before
        assert (squares.diff() < 0).all()
        before = squares[1]


def test_what_is_left_is_the_error_of_the_image():
    model, x = made(), images()
    model.fit(x)
    error = ((model.reconstruct(x) - x) ** 2).mean(-1)
    torch.testing.assert_close(model.residuals(x)[:, -1], error)
    torch.testing.assert_close(model.objective(Batch(x), {}).loss, error)
    first = model.decode(model.codes(x)[..., :1])
    torch.testing.assert_close(model.residuals(x)[:, 1], ((first - x) ** 2).mean(-1))


def test_a_patch_that_does_not_divide_the_image_is_refused():
    with pytest.raises(ValueError, match="expected 2 square planes whose side is a multiple of 3"):
        ResidualKMeans(128, colours=2, patch=3, entries=2, depth=1, steps=1)
