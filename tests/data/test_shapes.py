"""Generated shapes: geometry against exact answers, draws against their laws, pinned bytes."""

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import Delaunay

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.shapes import SIDE, convex, is_convex, rectangles
from ae.library import Library

ROOT = Path(__file__).parents[2]


def box(image: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is white."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


def test_a_rectangle_is_an_outline_and_its_label_says_which_side_is_longer():
    x, y = rectangles("train", 300, 1)
    for image, label in zip(x, y, strict=True):
        top, left, height, width = box(image)
        expected = np.zeros((SIDE, SIDE), np.uint8)
        expected[top : top + height, left : left + width] = 255
        expected[top + 1 : top + height - 1, left + 1 : left + width - 1] = 0
        np.testing.assert_array_equal(image, expected)
        assert abs(height - width) >= 3
        assert label == (height > width)


def test_sides_are_uniform_over_the_allowed_pairs_and_corners_where_they_fit():
    x, _ = rectangles("test", 40_000, 1)
    boxes = np.array([box(image) for image in x[:8000]])
    pairs = [(h, w) for h in range(1, 29) for w in range(1, 29) if abs(h - w) >= 3]
    assert len(pairs) == 784 - 28 - 2 * 27 - 2 * 26
    sides = [h for h, _ in pairs]
    counts = np.bincount(boxes[:, 2], minlength=29)[1:]
    expected = np.bincount(sides, minlength=29)[1:] * len(boxes) / len(pairs)
    assert stats.chisquare(counts, expected).pvalue > 0.001
    places = boxes[boxes[:, 2] == 18, 0]
    assert stats.chisquare(np.bincount(places, minlength=11)).pvalue > 0.001


def test_convexity_of_known_shapes():
    disc = np.hypot(*(np.indices((SIDE, SIDE)) - 13.5)) < 9.2
    ring = disc & (np.hypot(*(np.indices((SIDE, SIDE)) - 13.5)) > 4)
    two = np.zeros((SIDE, SIDE), bool)
    two[[3, 9], [4, 20]] = True
    line = np.zeros_like(two)
    line[[3, 5, 7], [4, 8, 12]] = True  # (2, 4) apart: the centre between two is left out
    steep = np.zeros_like(two)
    steep[[3, 4, 5], [4, 6, 8]] = True
    dent = disc.copy()
    dent[12:15, 0:8] = False
    found = [is_convex(shape) for shape in (disc, ring, two, line, steep, dent, ~two)]
    assert found == [True, False, False, False, True, False, False]


def test_convexity_is_what_a_triangulation_says():
    x, y = convex("train", 60, 3)
    for image, label in zip(x > 0, y, strict=True):
        hull = Delaunay(np.argwhere(image))
        within = hull.find_simplex(np.argwhere(np.ones_like(image)), tol=1e-9) >= 0
        assert (within.sum() == image.sum()) == label == is_convex(image)


def test_shapes_are_large_enough_and_labels_a_fair_coin():
    x, y = convex("train", 300, 4)
    white = (x == 255).sum((1, 2))
    assert ((x == 0) | (x == 255)).all()
    assert white[y == 1].min() >= 19
    assert white[y == 0].min() >= 10
    assert stats.binomtest(int(y.sum()), 300).pvalue > 0.01


@pytest.mark.parametrize("function", [rectangles, convex])
def test_the_first_n_are_the_same_and_splits_and_seeds_draw_apart(function):
    whole = function("train", 30, 1)
    for n in (0, 1, 7):
        for part, all_ in zip(function("train", n, 1), whole, strict=True):
            np.testing.assert_array_equal(part, all_[:n])
    made = [
        function(split, 30, seed)[0] for split, seed in (("train", 1), ("test", 1), ("train", 2))
    ]
    assert all((a != b).any((1, 2)).all() for a, b in combinations(made, 2))


PINNED = {
    "rectangles": "6a9947164496dc049aa5a4abd644f582876b82789de66a74ea1b73d3491c1171",
    "convex": "ea7d3f2155179193ad41a79f09cee23ad98cd18a221977112b15781d1b72b9a2",
}


@pytest.mark.parametrize("name", PINNED)
def test_a_generated_set_has_its_sizes_and_its_bytes_do_not_change(name, monkeypatch):
    monkeypatch.delenv("AE_DATA", raising=False)
    manifest = find_manifest(name, Library.at(ROOT))
    data = load(manifest, "train", limit=50, library=Library.at(ROOT), device="cpu")
    assert data.x.shape == (50, 784)
    assert data.available == {"rectangles": 1000, "convex": 6000}[name]
    assert "regenerated" in manifest.note.lower()
    both = data.x.numpy().tobytes() + data.y.numpy().tobytes()
    assert hashlib.sha256(both).hexdigest() == PINNED[name]
