"""Photographs come with the attribute that is asked for, at both sizes."""

import io

import numpy as np
import pytest
from PIL import Image

from ae.data import celeba, celeba_attributes
from ae.errors import OutsideError

NAMES = np.array(["Bald", "Eyeglasses", "5_o_Clock_Shadow"], "<U19")
ATTRIBUTES = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 1]], bool)


def jpeg(colour):
    """A halved photograph of one colour."""
    content = io.BytesIO()
    Image.new("RGB", (89, 109), colour).save(content, "JPEG", quality=100, subsampling=0)
    return content.getvalue()


def stored(path, photographs, **arrays):
    ends = np.cumsum([0, *map(len, photographs)])
    content = np.frombuffer(b"".join(photographs), np.uint8)
    np.savez_compressed(path, jpeg=content, offsets=ends, **arrays)
    return {"a": path}


@pytest.fixture
def files(tmp_path):
    photographs = [jpeg((10 * i, 90, 250 - i)) for i in range(len(ATTRIBUTES))]
    return stored(tmp_path / "a.npz", photographs, attr=ATTRIBUTES, attr_names=NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_the_attributes_column(files, name):
    x, y = celeba_attributes.excerpt(files, "a/jpeg", f"a/{name}")
    assert np.array_equal(x, celeba.excerpt(files, "a/jpeg", None)[0])
    assert y.dtype == np.uint8
    assert y.tolist() == ATTRIBUTES[:, NAMES.tolist().index(name)].tolist()


def test_without_an_attribute_labels_are_0(files):
    assert celeba_attributes.excerpt(files, "a/jpeg", None)[1].tolist() == [0] * len(ATTRIBUTES)


def test_half_the_side_is_the_mean_of_four(files):
    x, y = celeba_attributes.excerpt_32(files, "a/jpeg", "a/Bald")
    whole, same = celeba_attributes.excerpt(files, "a/jpeg", "a/Bald")
    assert (x.shape, y.tolist()) == ((4, 3, 32, 32), same.tolist())
    means = np.floor(
        np.stack([whole[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).mean(0) + 0.5
    )
    np.testing.assert_array_equal(x, means)


def test_an_unknown_attribute_and_a_table_that_does_not_fit_are_refused(files, tmp_path):
    with pytest.raises(OutsideError, match=r"no attribute 'Hat'; it has Bald, Eyeglasses, 5_o"):
        celeba_attributes.excerpt(files, "a/jpeg", "a/Hat")
    short = stored(tmp_path / "b.npz", [jpeg((1, 2, 3))], attr=ATTRIBUTES, attr_names=NAMES)
    with pytest.raises(OutsideError, match=r"attr has shape \(4, 3\); expected \(1, 3\)"):
        celeba_attributes.excerpt(short, "a/jpeg", "a/Bald")
