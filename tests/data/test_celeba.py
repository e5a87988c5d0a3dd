"""Photographs are cut to their middle and made small; what is none is refused."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ae.data import celeba
from ae.errors import OutsideError


def jpeg(width=178, height=218, colour=(0, 0, 0), middle=None):
    """A photograph of one colour, with a square of another in its middle."""
    picture = Image.new("RGB", (width, height), colour)
    if middle is not None:
        side, other = middle
        left, top = (width - side) // 2, (height - side) // 2
        picture.paste(other, (left, top, left + side, top + side))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=100, subsampling=0)
    return content.getvalue()


def zipped(path, photographs):
    with zipfile.ZipFile(path, "w") as archive:
        for number, content in photographs.items():
            archive.writestr(f"img_align_celeba/{number:06d}.jpg", content)
    return {"a": path}


def stored(path, photographs, **changed):
    arrays = {
        "jpeg": np.frombuffer(b"".join(photographs), np.uint8),
        "offsets": np.cumsum([0, *map(len, photographs)]),
        **changed,
    }
    np.savez_compressed(path, **arrays)
    return {"a": path}


def test_an_archive_gives_its_photographs_by_number(tmp_path):
    colours = {7: (200, 10, 30), 8: (0, 90, 250), 9: (1, 2, 3)}
    files = zipped(tmp_path / "a.zip", {n: jpeg(colour=c) for n, c in colours.items()})
    x, y = celeba.archive(files, "a/7-8", None)
    assert (x.shape, x.dtype, y.tolist()) == ((2, 3, 64, 64), np.uint8, [0, 0])
    for face, colour in zip(x, (colours[7], colours[8]), strict=True):
        assert np.abs(face.astype(int) - np.array(colour)[:, None, None]).max() <= 2


@pytest.mark.parametrize(("size", "side"), [((178, 218), 148), ((89, 109), 74)])
def test_the_middle_square_is_what_is_left(tmp_path, size, side):
    grey, white = (60, 60, 60), (255, 255, 255)
    for inner, seen in ((side, 64), (side // 2, 32)):
        photograph = jpeg(*size, colour=grey, middle=(inner, white))
        x, _ = celeba.excerpt(stored(tmp_path / "a.npz", [photograph]), "a/jpeg", None)
        light = (x[0] > 158).all(0)
        assert light.sum() == pytest.approx(seen**2, rel=0.07)
        assert light[32, 32]
        assert light[0, 0] == (inner == side)


def test_left_is_left_and_up_is_up(tmp_path):
    photograph = Image.new("RGB", (178, 218))
    photograph.paste((255, 0, 0), (15, 35, 89, 109))  # the upper left quarter of the middle
    content = io.BytesIO()
    photograph.save(content, "JPEG", quality=100, subsampling=0)
    x, _ = celeba.excerpt(stored(tmp_path / "a.npz", [content.getvalue()]), "a/jpeg", None)
    assert x[0, 0, 5, 5] > 240
    assert max(x[0, 0, 5, 60], x[0, 0, 60, 5], x[0, 1, 5, 5]) < 15


def test_more_photographs_than_are_read_at_once_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(celeba, "AT_ONCE", 2)
    levels = [30, 90, 150, 210, 250]
    photographs = [jpeg(89, 109, (v, v, v)) for v in levels]
    x, _ = celeba.excerpt(stored(tmp_path / "a.npz", photographs), "a/jpeg", None)
    assert x.mean((1, 2, 3)) == pytest.approx(levels, abs=1)


def test_a_photograph_that_is_missing_or_none_is_named(tmp_path):
    files = zipped(tmp_path / "a.zip", {1: jpeg(), 2: b"not a picture", 3: jpeg(100, 100)})
    with pytest.raises(OutsideError, match=r"a\.zip: .*000004\.jpg"):
        celeba.archive(files, "a/3-4", None)
    with pytest.raises(OutsideError, match="photograph 2 is no whole JPEG picture"):
        celeba.archive(files, "a/1-2", None)
    with pytest.raises(OutsideError, match="photograph 3 has 100 x 100 pixels; expected 178 x 218"):
        celeba.archive(files, "a/3-3", None)


def test_a_large_entry_and_what_is_no_archive_are_refused(tmp_path):
    files = zipped(tmp_path / "a.zip", {1: bytes(celeba.LARGEST + 1)})
    with pytest.raises(OutsideError, match=r"000001\.jpg: 1048577 bytes; expected up to 1048576"):
        celeba.archive(files, "a/1-1", None)
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(OutsideError, match=r"b\.zip: not a whole archive"):
        celeba.archive({"a": tmp_path / "b.zip"}, "a/1-1", None)


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([0, 4], r"offsets: found \[0\] to \[4\]; expected 0 to"),
        ([1, 700], r"offsets: found \[1\] to"),
        ([0, 300, 200, 0], "expected 0 to|some that do not rise"),
    ],
)
def test_offsets_that_do_not_fit_are_refused(tmp_path, offsets, expected):
    offsets[-1] = len(jpeg()) if offsets[-1] == 0 else offsets[-1]
    files = stored(tmp_path / "a.npz", [jpeg()], offsets=np.array(offsets))
    with pytest.raises(OutsideError, match=expected):
        celeba.excerpt(files, "a/jpeg", None)


def test_offsets_of_another_kind_are_refused(tmp_path):
    files = stored(tmp_path / "a.npz", [jpeg()], offsets=np.array([0, 9], np.uint8))
    with pytest.raises(
        OutsideError, match=r"array 'offsets' is of type '\|u1'.*expected type '<i8'"
    ):
        celeba.excerpt(files, "a/jpeg", None)
