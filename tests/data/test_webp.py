"""Pictures of tiles: every pixel at its place, and what is refused."""

from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ae.data import webp
from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import MissingData, OutsideError
from ae.library import Library

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
    manifest = find_manifest("cifar10", Library.at(ROOT))
    try:
        data = load(manifest, "test", limit=10000, library=Library.at(ROOT), device="cpu")
    except MissingData as missing:
        pytest.skip(str(missing))
    first = data.x[0].view(3, 32, 32)
    assert first[:, 0, 0].tolist() == [158, 112, 49]
    assert (data.y.bincount() == 1000).all()


def test_the_first_40000_of_the_joint_order_have_the_variance_that_the_authors_print():
    manifest = find_manifest("cifar10-tfds", Library.at(ROOT))
    try:
        x = load(manifest, "train", limit=40000, library=Library.at(ROOT), device="cpu").x.numpy()
    except MissingData as missing:
        pytest.skip(str(missing))
    assert np.var(x / 255.0) == pytest.approx(0.06327039811675479, abs=1e-6)
    # The first 40,000 in CIFAR-10's own order have 0.0633683.


def test_two_splits_are_read_in_turn_sixteen_at_a_time_each_by_its_hashes():
    found = webp.interleaved(40, 20)
    by_hash = {
        name: sorted(range(count), key=lambda i: int(md5(f"{name}{i}".encode()).hexdigest(), 16))
        for name, count in (("train", 40), ("test", 20))
    }
    train, test = by_hash["train"], [40 + i for i in by_hash["test"]]
    assert found.tolist() == train[:16] + test[:16] + train[16:32] + test[16:] + train[32:]


def test_images_and_labels_of_two_splits_stay_together(files):
    pixels = {name: picture(files[name], 2, 2, seed) for seed, name in enumerate("ab")}
    np.savez(files["labels"], y=np.arange(4, dtype=np.uint8), z=np.arange(4, 8, dtype=np.uint8))
    x, y = webp.shuffled(files, "a/1+b/1", "labels/y+labels/z")
    assert sorted(y.tolist()) == list(range(8))
    for image, label in zip(x, y, strict=True):
        row, column = 32 * (label % 4 // 2), 32 * (label % 2)
        tile = pixels["ab"[label // 4]][row : row + 32, column : column + 32]
        assert np.array_equal(image, tile.transpose(2, 0, 1))
    assert webp.shuffled(files, "a/1+b/1", None)[1].tolist() == [0] * 8
