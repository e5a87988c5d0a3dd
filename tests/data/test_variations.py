"""The variations of MNIST: oracles for the arithmetic, statistics for the draws, pinned bytes."""

import hashlib
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, stats

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.variations import _turn, every_second_rotated, on_noise, plain, rotated, stream
from ae.library import Library

ROOT = Path(__file__).parents[2]
NAMES = ("mnist-basic", "mnist-rot", "mnist-bg-rand")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)


@pytest.mark.parametrize("quarters", range(-4, 9))
def test_quarter_turns_are_those_of_numpy(images, quarters):
    angles = np.full(len(images), quarters * math.pi / 2)
    np.testing.assert_array_equal(_turn(images, angles), np.rot90(images, -quarters, (1, 2)))


def test_a_turn_is_bilinear_as_scipy_has_it(images):
    """Pixels whose source lies inside the image; scipy takes zero for all others, half in or not."""
    angles = np.random.default_rng(1).uniform(0, 2 * math.pi, len(images))
    turned = _turn(images, angles)
    offset = np.arange(28) - 13.5
    inner = np.hypot(offset[:, None], offset[None]) < 13.5
    for x, angle, ours in zip(images, angles, turned, strict=True):
        theirs = ndimage.rotate(x.astype(float), -math.degrees(angle), order=1, reshape=False)
        # 12 bits of the fraction a side: at most 2 * 255 / 4096, and 1/2 by rounding.
        assert np.abs(ours - theirs)[inner].max() < 0.5 + 2 * 255 / 4096 + 1e-3


def test_outside_the_image_is_black():
    white = np.full((1, 28, 28), 255, np.uint8)
    turned = _turn(white, np.array([math.pi / 4]))[0]
    assert turned[:4, :4].max() == 0
    assert turned[10:18, 10:18].min() == 255


def test_angles_are_uniform_and_those_of_thestream():
    angles = 2 * math.pi * stream(2007, "test", "angle").random(50_000)
    assert stats.kstest(angles, "uniform", (0, 2 * math.pi)).pvalue > 0.01
    mark = np.zeros((200, 28, 28), np.uint8)
    mark[:, 13:15, 24] = 255
    row, column = (np.arange(28) - 13.5)[:, None], (np.arange(28) - 13.5)[None]
    turned = rotated(mark, "test", 2007).astype(float)
    found = np.arctan2((turned * row).sum((1, 2)), (turned * column).sum((1, 2)))
    away = np.angle(np.exp(1j * (found - angles[:200])))
    assert np.abs(away).max() < 0.02


def test_the_background_is_uniform():
    """Over many seeds: of one seed any p-value may be had, as 0.001 for 500 images of 2007."""
    black = np.zeros((100, 28, 28), np.uint8)
    backgrounds = (on_noise(black, "train", seed) for seed in range(100))
    counts = [np.bincount(b.ravel(), minlength=256) for b in backgrounds]
    assert stats.kstest(stats.chisquare(counts, axis=1).pvalue, "uniform").pvalue > 0.01
    assert stats.chisquare(np.sum(counts, 0)).pvalue > 0.01


def test_the_brighter_of_digit_and_background_is_seen(images):
    background = on_noise(np.zeros_like(images), "train", 2007)
    expected = np.where(images > background, images, background)
    np.testing.assert_array_equal(on_noise(images, "train", 2007), expected)


@pytest.mark.parametrize("function", [plain, rotated, every_second_rotated, on_noise])
@pytest.mark.parametrize("n", [0, 1, 3, 39])
def test_the_first_n_are_the_same_however_many_are_made(images, function, n):
    whole = function(images, "train", 2007)
    np.testing.assert_array_equal(function(images[:n], "train", 2007), whole[:n])


def test_rotation_does_not_depend_on_the_thousands_in_which_it_is_done():
    x = np.random.default_rng(0).integers(0, 256, (1003, 8, 8), np.uint8)
    angles = 2 * math.pi * stream(1, "train", "angle").random(1003)
    np.testing.assert_array_equal(rotated(x, "train", 1), _turn(x, angles))


@pytest.mark.parametrize("function", [rotated, on_noise])
def test_splits_and_seeds_draw_apart(images, function):
    made = [function(images, s, n) for s, n in (("train", 1), ("test", 1), ("train", 2))]
    assert all((a != b).mean() > 0.5 for a, b in combinations(made, 2))


@pytest.mark.parametrize("name", NAMES)
def test_splits_are_disjoint_and_of_the_published_sizes(name):
    manifest = find_manifest(name, Library.at(ROOT))
    used = {
        split: {(p.split, i) for p in s.pieces for i in range(p.first, p.first + p.count)}
        for split, s in manifest.splits.items()
    }
    assert {k: len(v) for k, v in used.items()} == {"train": 10000, "valid": 2000, "test": 50000}
    assert len(set.union(*used.values())) == 62000


def test_plain_and_rotated_digits_take_turns_and_share_no_digit_between_splits():
    manifest = find_manifest("mnist-plus-rot", Library.at(ROOT))
    used = [
        {i for p in s.pieces for i in range(p.first, p.first + p.count)}
        for s in manifest.splits.values()
    ]
    assert sum(map(len, used)) == len(set.union(*used)) == 50_003
    sizes = [sum(p.count for p in s.pieces) for s in manifest.splits.values()]
    assert sizes == [70_000, 10_000, 20_000]
    for s in manifest.splits.values():
        first, second = s.pieces
        assert (first.first, first.count % 2) == (second.first, 1)  # what was plain comes turned
    x = (
        load(manifest, "train", limit=35_011, library=Library.at(ROOT), device="cpu")
        .x.view(-1, 28, 28)
        .numpy()
    )
    mnist = find_manifest("mnist", Library.at(ROOT))
    digits = (
        load(mnist, "train", limit=10, library=Library.at(ROOT), device="cpu")
        .x.view(-1, 28, 28)
        .numpy()
    )
    plain_first = [(x[i] == digits[i]).all() for i in range(10)]
    plain_again = [(x[35_001 + i] == digits[i]).all() for i in range(10)]
    assert plain_first == [True, False] * 5
    assert plain_again == [False, True] * 5
    # The k-th turned image of the split has the k-th angle of its stream.
    np.testing.assert_array_equal(rotated(digits[1::2], "train", manifest.seed), x[1:10:2])


PINNED = {
    "mnist-basic": "c8d7b3ac57a59fa463cbbcdc21a53485e2990f12ca46d0fef62dd86cadfd67a3",
    "mnist-rot": "19c204373aa855d43031cd4b508741bc523e8596be89adb0fb944698bda13593",
    "mnist-bg-rand": "dab437650de0a2fdb9e8d6f0bdb490d9f07ba618d8ff310a3f4ebd72eb07e47d",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_of_a_variation_do_not_change(name, monkeypatch):
    monkeypatch.delenv("AE_DATA", raising=False)
    manifest = find_manifest(name, Library.at(ROOT))
    x = load(manifest, "train", limit=100, library=Library.at(ROOT), device="cpu").x.numpy()
    assert x.shape == (100, 784)
    assert hashlib.sha256(x.tobytes()).hexdigest() == PINNED[name]
