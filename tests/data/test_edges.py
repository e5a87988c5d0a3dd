"""Edges against scipy's Sobel filters."""

import numpy as np
from scipy import ndimage

from ae.data.edges import with_edges


def test_edges_are_the_length_of_sobels_gradient():
    x = np.random.default_rng(1).integers(0, 256, (20, 9, 9), np.uint8)
    pairs = with_edges(x, "train", 0)
    assert (pairs.shape, pairs.dtype) == ((20, 2, 9, 9), np.uint8)
    np.testing.assert_array_equal(pairs[:, 0], x)
    for image, edges in zip(x.astype(float), pairs[:, 1], strict=True):
        slopes = [ndimage.sobel(image, axis, mode="constant") for axis in (0, 1)]
        np.testing.assert_array_equal(edges, np.floor(np.hypot(*slopes) / 4).clip(0, 255))


def test_a_step_has_one_edge_and_an_even_image_none_inside():
    x = np.zeros((1, 8, 8), np.uint8)
    x[..., 4:] = 200
    edges = with_edges(x, "train", 0)[0, 1]
    assert (edges[1:-1, 3:5] == 200).all()
    assert not edges[1:-1, :3].any()
    assert not edges[1:-1, 5:7].any()
