"""Arrays of .npz files: their bytes, in their order; and what is refused."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.data import npz
from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import OutsideError, UserError
from ae.library import Library

ROOT = Path(__file__).parents[2]
ARRAYS = {
    "x": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "y": np.array([4, 1], np.uint8),
    "wide": np.arange(4, dtype=np.uint16),
    "turned": np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4)),
    "packed": np.array([[0b10000000, 0b01000001], [0b11111111, 0]], np.uint8),
}


@pytest.fixture
def files(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    return {"a": tmp_path / "a.npz"}


def test_images_and_labels_are_the_bytes_of_the_file(files):
    x, y = npz.images(files, "a/x", "a/y")
    assert (x.dtype, y.tolist()) == (np.uint8, [4, 1])
    assert x.tolist() == ARRAYS["x"].tolist()


def test_without_labels_every_label_is_0(files):
    assert npz.images(files, "a/x", None)[1].tolist() == [0, 0]


def test_packed_bits_become_square_pictures_of_0_and_255(files):
    x, y = npz.bits(files, "a/packed", "a/y")
    assert (x.shape, y.tolist()) == ((2, 4, 4), [4, 1])
    assert x[0].tolist() == [[255, 0, 0, 0], [0, 0, 0, 0], [0, 255, 0, 0], [0, 0, 0, 255]]
    assert x[1].tolist() == [[255] * 4, [255] * 4, [0] * 4, [0] * 4]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("a/z", "no array 'z'; it holds x, y, wide, turned, packed"),
        ("a/wide", "array 'wide' is of type '<u2' and shape (4,), 8 bytes; expected unsigned"),
    ],
)
def test_other_arrays_are_refused_by_name(files, reference, message):
    with pytest.raises(OutsideError) as caught:
        npz.images(files, reference, None)
    assert str(caught.value).startswith(f"{files['a']}: ")
    assert message in str(caught.value)


def test_the_order_in_which_a_file_keeps_an_array_is_no_matter(files):
    found = npz.read_npz(files["a"], "turned")
    np.testing.assert_array_equal(found, ARRAYS["turned"])
    assert found.flags.c_contiguous


def test_labels_must_be_as_many_as_images(files):
    with pytest.raises(OutsideError, match=r"array 'x' has shape \(2, 2, 3\); expected \(2,\)"):
        npz.images(files, "a/packed", "a/x")


def written(path, header, data=b"", size=None):
    """An archive with one member `x` of that header."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, header)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content.getvalue() + data)
    return {"a": path}


def test_a_header_is_not_believed(tmp_path):
    header = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)}
    files = written(tmp_path / "a.npz", header, b"four")
    with pytest.raises(OutsideError, match=r"shape \(1099511627776,\), 4 bytes;"):
        npz.images(files, "a/x", None)


def test_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.savez(tmp_path / "a.npz", x=np.array([Trap()], object))
    with pytest.raises(OutsideError, match=r"array 'x' is of type '\|O' and shape"):
        npz.images({"a": tmp_path / "a.npz"}, "a/x", None)
    assert not (tmp_path / "sprung").exists()


def test_no_more_is_inflated_than_the_cap(files, monkeypatch):
    monkeypatch.setattr(npz, "CAP", 100)
    with pytest.raises(OutsideError, match="array 'x' declares 140 bytes; expected at most 100"):
        npz.images(files, "a/x", None)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OutsideError, match="cannot be read: No such file"):
        npz.read_npz(tmp_path / "none.npz", "x")


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 1200))
def test_any_bytes_are_an_array_or_one_line(tmp_path_factory, garbage, at):
    stream = io.BytesIO()
    np.savez_compressed(stream, x=ARRAYS["x"])
    whole = stream.getvalue()
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(whole[:at] + garbage + whole[at + len(garbage) :])
    said = ""
    try:
        assert npz.read_npz(path, "x").dtype == np.uint8
    except OutsideError as error:
        said = str(error)
    assert said.isprintable()


def test_a_split_takes_its_rows_and_no_more(tiny, embed, root):
    manifest = tiny()
    embed()
    for rows, expected in (((1, 1), [[102, 255]]), ((0, 2), [[0, 51], [102, 255]])):
        split = manifest.splits["train"].model_copy(update={"first": rows[0], "count": rows[1]})
        some = manifest.model_copy(update={"splits": {"train": split}})
        data = load(some, "train", limit="all", library=Library.at(root), device="cpu")
        assert (data.x.tolist(), data.available) == (expected, len(expected))
    split = manifest.splits["train"].model_copy(update={"first": 1, "count": 2})
    beyond = manifest.model_copy(update={"splits": {"train": split}})
    with pytest.raises(UserError, match="takes examples up to 3; its files have 2"):
        load(beyond, "train", limit="all", library=Library.at(root), device="cpu")


def test_frey_faces_that_are_missing_are_told_how_to_be_made(root):
    manifest = find_manifest("frey-faces", Library.at(ROOT))
    with pytest.raises(OutsideError) as caught:
        load(manifest, "train", limit="all", library=Library.at(root), device="cpu")
    said = str(caught.value)
    assert "it has no mirror; make it with numpy and scipy from https://cs.nyu.edu/" in said
    assert said.isprintable()
