"""The IDX reader: what it reads, and what it says of files that are not whole."""

import gzip
import re
import struct
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.data import idx as idx_module
from ae.data.idx import digits, read_idx
from ae.errors import OutsideError

PIXELS = bytes(range(6))
packed = partial(gzip.compress, mtime=0)  # without the time, which would be in a test's name


def idx(shape, payload, magic=None):
    kind = 0x800 + len(shape) if magic is None else magic
    return struct.pack(f">{1 + len(shape)}I", kind, *shape) + payload


WHOLE = idx((2, 1, 3), PIXELS)


@pytest.fixture
def written(tmp_path):
    def write(content, name="images.gz"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_pixels_come_in_the_order_of_the_file(written):
    x = read_idx(written(packed(WHOLE)), 3)
    assert x.dtype == np.uint8
    assert x.tolist() == [[[0, 1, 2]], [[3, 4, 5]]]


def test_a_file_is_inflated_once_as_long_as_it_is_the_same(written, monkeypatch):
    opened = []
    real = gzip.open
    monkeypatch.setattr(gzip, "open", lambda path: opened.append(path) or real(path))
    path = written(packed(WHOLE))
    first = read_idx(path, 3)
    assert read_idx(path, 3) is first
    assert len(opened) == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 9
    assert read_idx(written(packed(idx((2, 1, 3), PIXELS[::-1]))), 3).tolist()[0] == [[5, 4, 3]]
    with pytest.raises(OutsideError):
        read_idx(written(b""), 3)
    assert len(opened) == 3


def test_a_large_file_is_not_kept(written, monkeypatch):
    path = written(packed(WHOLE))
    monkeypatch.setattr(idx_module, "KEPT", path.stat().st_size - 1)
    first = read_idx(path, 3)
    again = read_idx(path, 3)
    assert again is not first
    assert again.tolist() == first.tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(WHOLE)[:-9], "not a whole gzip file (Compressed file ended before"),
        (packed(WHOLE) + b"garbage", "not a whole gzip file (Not a gzipped file (b'ga'))"),
        (
            packed(WHOLE)[:-8] + bytes(4) + packed(WHOLE)[-4:],
            "not a whole gzip file (CRC check failed",
        ),
        (WHOLE, "not a whole gzip file (Not a gzipped file (b'\\x00\\x00'))"),
        (b"", "ends within its header of 16 bytes"),
        (packed(WHOLE[:9]), "ends within its header of 16 bytes"),
        (
            packed(idx((2, 1, 3), PIXELS, 2049)),
            "expected the magic number 2051 of an IDX file of bytes in 3 dimensions; found 2049",
        ),
        (
            packed(WHOLE[:-1]),
            "expected 6 bytes after the header, by its sizes [2, 1, 3]; found only 5",
        ),
        (
            packed(WHOLE + b"\0"),
            "expected 6 bytes after the header, by its sizes [2, 1, 3]; found more",
        ),
        (
            packed(idx((2**32 - 1, 2**32 - 1, 9), PIXELS)),
            f"its header declares {9 * (2**32 - 1) ** 2} bytes; expected at most ",
        ),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected(written, content, message):
    path = written(content)
    with pytest.raises(OutsideError, match=re.escape(f"{path}: {message}")) as caught:
        read_idx(path, 3)
    assert str(caught.value).endswith("; remove the file and run `ae fetch`")
    assert len(str(caught.value).splitlines()) == 1


def test_a_header_is_believed_up_to_what_deflate_can_hold(written):
    bomb = packed(idx((1, 1, 2000), bytes(2000)))
    assert read_idx(written(bomb), 3).shape == (1, 1, 2000)
    small = packed(idx((1, 1000, 1000), b""))
    with pytest.raises(OutsideError, match=f"expected at most {1032 * len(small)} of a file"):
        read_idx(written(small), 3)


def test_no_more_is_inflated_than_the_header_declares(written, monkeypatch):
    asked = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda f, n=-1: asked.append(n) or read(f, n))
    with pytest.raises(OutsideError, match="found more"):
        read_idx(written(packed(WHOLE + bytes(10_000_000))), 3)
    assert asked == [16, 7]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OutsideError, match=r"none\.gz: cannot be read: No such file"):
        read_idx(tmp_path / "none.gz", 3)


def test_images_and_labels_must_be_as_many(written):
    files = {
        "x": written(packed(WHOLE)),
        "y": written(packed(idx((3,), bytes(3))), "labels.gz"),
    }
    with pytest.raises(OutsideError, match=r"labels\.gz: 3 labels for 2 images; remove"):
        digits(files, "x", "y")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.binary(max_size=60).map(lambda b: packed(b)),
        st.binary(max_size=60).map(lambda b: packed(struct.pack(">I", 2051) + b)),
        st.tuples(st.integers(0, 70), st.integers(0, 255)).map(lambda c: _changed(*c)),
        st.tuples(*[st.sampled_from([0, 1, 2, 2**16, 2**31, 2**32 - 1])] * 3).map(
            lambda shape: packed(idx(shape, PIXELS))
        ),
    )
)
def test_any_bytes_are_an_array_or_one_line(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images.gz")
        path.write_bytes(content)
        said = f"{path}: "
        try:
            assert read_idx(path, 3).ndim == 3
        except OutsideError as error:
            said = str(error)
        assert said.startswith(f"{path}: ")
        assert said.isprintable(), said


def _changed(at, value):
    content = bytearray(packed(WHOLE))
    content[at % len(content)] = value
    return bytes(content)


def test_a_set_of_no_examples_is_refused(written):
    with pytest.raises(OutsideError, match=r"declares the sizes \[0, 28, 28\], no example; remove"):
        read_idx(written(packed(idx((0, 28, 28), b""))), 3)
