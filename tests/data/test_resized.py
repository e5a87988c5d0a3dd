"""Enlarged images are Pillow's, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.resized import to_32
from ae.library import Library

ROOT = Path(__file__).parents[2]


def pillows(x):
    return np.stack([np.array(Image.fromarray(i).resize((32, 32), Image.BILINEAR)) for i in x])


@pytest.mark.parametrize("side", [1, 7, 28, 31, 32])
def test_noise_is_enlarged_as_pillow_does(side):
    x = np.random.default_rng(side).integers(0, 256, (50, side, side), np.uint8)
    np.testing.assert_array_equal(to_32(x, "train", 0), pillows(x))


def test_the_data_set_is_the_digits_enlarged():
    small, large = (
        load(
            find_manifest(name, Library.at(ROOT)),
            "test",
            limit=300,
            library=Library.at(ROOT),
            device="cpu",
        )
        for name in ("mnist", "mnist-32")
    )
    expected = pillows(small.x.view(-1, 28, 28).numpy())
    np.testing.assert_array_equal(large.x.view(-1, 32, 32).numpy(), expected)
    assert large.shape == (32, 32)
