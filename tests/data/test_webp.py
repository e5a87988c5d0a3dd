"""Pictures of tiles: every pixel at its place, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ae.data import webp
from ae.data.dataset import load
from ae.errors import MissingData, OutsideError
from ae.manifest import find_manifest

ROOT = Path(__file__).parents[2]


def picture(path, columns, rows, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (32 * rows, 32 * columns, 3), np.uint8)
    Image.fromarray(pixels).save(path, lossless=True)
    return pixels


@pytest.fixture
def files(tmp_path):
    names = {name: tmp_path / f"{name}.webp" for name in ("a", "b", "c")}
    np.savez(tmp_path / "labels.npz", y=np.arange(8, dtype=np.uint8))
    return {**names, "labels": tmp_path / "labels.npz"}


def test_tiles_come_row_by_row_and_file_by_file_with_planes_first(files):
    pixels = [picture(files[name], 2, 2, seed) for seed, name in enumerate("abc")]
    x, y = webp.tiles(files, "b/2", "labels/y")
    assert (x.shape, x.dtype, y.tolist()) == ((8, 3, 32, 32), np.uint8, list(range(8)))
    for k, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        for file in (1, 2):
            tile = pixels[file][32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
            assert np.array_equal(x[4 * (file - 1) + k], tile.transpose(2, 0, 1))


def test_without_labels_every_label_is_0(files):
    picture(files["a"], 1, 3, 0)
    assert webp.tiles(files, "a/1", None)[1].tolist() == [0, 0, 0]


def test_another_number_of_labels_is_refused(files):
    picture(files["a"], 1, 3, 0)
    with pytest.raises(OutsideError, match=r"array 'y' has shape \(8,\); expected \(3,\)"):
        webp.tiles(files, "a/1", "labels/y")


def test_a_picture_of_another_size_is_refused(files):
    Image.fromarray(np.zeros((33, 64, 3), np.uint8)).save(files["a"], lossless=True)
    with pytest.raises(OutsideError, match="a picture of 64 x 33 pixels; expected multiples of 32"):
        webp.tiles(files, "a/1", None)


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00\x00\x00WEBPVP8L", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_in_one_line(files, content):
    files["a"].write_bytes(content)
    with pytest.raises(OutsideError, match=r"a\.webp: not a whole WebP picture") as error:
        webp.tiles(files, "a/1", None)
    assert "\n" not in str(error.value)


def test_a_truncated_picture_is_refused(files):
    picture(files["a"], 2, 2, 0)
    files["a"].write_bytes(files["a"].read_bytes()[:2000])
    with pytest.raises(OutsideError, match=r"a\.webp"):
        webp.tiles(files, "a/1", None)


def test_cifar_10_has_its_known_first_pixels_and_mean():
    manifest = find_manifest("cifar10", ROOT / "datasets")
    try:
        data = load(manifest, "test", limit=10000, root=ROOT, device="cpu")
    except MissingData as missing:
        pytest.skip(str(missing))
    first = data.x[0].view(3, 32, 32)
    assert first[:, 0, 0].tolist() == [158, 112, 49]
    assert (data.y.bincount() == 1000).all()
