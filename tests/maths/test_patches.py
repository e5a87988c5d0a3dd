"""Patches, positions and masks: where every number goes, and how often every patch is masked."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from ae.maths.patches import (
    BLOCK,
    Grid,
    block,
    grid_of,
    hidden,
    lattice,
    one_of_four,
    scattered,
    sines,
    standardised,
    taken,
    visible,
)

MANY = 4000
pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def uniform(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_patch_has_the_pixels_of_its_place():
    grid = grid_of(3 * 12**2, 3, 4)
    assert grid == Grid(3, 12, 4)
    assert (grid.across, grid.places, grid.numbers) == (3, 9, 48)
    x = torch.arange(2 * 3 * 144.0).reshape(2, 3, 12, 12)
    patches = grid.patches(x.flatten(1))
    for place in range(9):
        row, column = 4 * (place // 3), 4 * (place % 3)
        own = x[:, :, row : row + 4, column : column + 4].permute(0, 2, 3, 1)
        assert torch.equal(patches[:, place], own.flatten(1))
    assert torch.equal(grid.image(patches), x.flatten(1))


@pytest.mark.parametrize(("features", "patch"), [(3 * 143, 4), (3 * 144, 5)])
def test_images_that_patches_do_not_fill_are_refused(features, patch):
    with pytest.raises(ValueError, match="square planes"):
        grid_of(features, 3, patch)


def test_positions_are_the_formula_of_sines_and_cosines():
    found = sines(5, 12)
    for place in range(25):
        for axis, p in enumerate((place % 5, place // 5)):
            for i in range(3):
                angle = p / 10000 ** (2 * i / 6)
                assert float(found[place, 6 * axis + i]) == pytest.approx(math.sin(angle))
                assert float(found[place, 6 * axis + 3 + i]) == pytest.approx(math.cos(angle))
    assert len(torch.unique(found, dim=0)) == 25
    with pytest.raises(ValueError, match="multiple of 4"):
        sines(5, 10)


def test_normalised_patches_have_mean_0_and_unbiased_variance_1():
    patches = 3 + 0.2 * uniform(4, 6, 48)
    found = standardised(patches)
    expected = (patches - patches.mean(-1, keepdim=True)) / (
        patches.var(-1, keepdim=True) + 1e-6
    ).sqrt()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.var(-1), torch.ones(4, 6), rtol=1e-3, atol=0)
    assert standardised(torch.ones(1, 1, 48)).abs().max() == 0


def test_rows_are_taken_where_they_are_asked_for():
    x = uniform(2, 5, 3)
    found = taken(x, torch.tensor([[4, 0], [1, 1]]))
    assert torch.equal(found, torch.stack([x[0, [4, 0]], x[1, [1, 1]]]))


def orders(kind, across):
    places = across**2
    if kind == "random":
        return scattered(uniform(MANY, places))
    if kind == "block":
        return block(uniform(MANY, places + BLOCK), across)
    return one_of_four(uniform(MANY, places // 4), across)


@pytest.mark.parametrize("kind", ["random", "block", "uniform"])
def test_an_order_has_every_place_once_and_so_masks_exactly_as_many(kind):
    order = orders(kind, 6)
    assert torch.equal(order.sort(-1).values, torch.arange(36).expand(MANY, -1))
    for seen in (1, 9, 30):
        lost = hidden(order, seen)
        assert torch.equal(lost.sum(-1), torch.full((MANY,), 36 - seen))
        assert not lost.gather(1, order[:, :seen]).any()


def test_every_place_and_every_pair_is_masked_equally_often():
    """Chi-square of places, and of pairs: one order of scattered numbers is as likely as another."""
    seen = ~hidden(orders("random", 3), 2)
    pairs = [(i, j) for i in range(9) for j in range(i)]
    counts = [int((seen[:, i] & seen[:, j]).sum()) for i, j in pairs]
    assert sum(counts) == MANY
    assert chisquare(counts).pvalue > 1e-3
    # Which place comes first is a draw an image, so that its counts are multinomial, too.
    first = np.bincount(orders("random", 3)[:, 0], minlength=9)
    assert chisquare(first).pvalue > 1e-3


def test_uniform_sampling_keeps_one_of_every_square_each_as_often():
    order = orders("uniform", 6)
    kept = order[:, :9]
    row, column = kept // 6, kept % 6
    assert torch.equal(3 * (row // 2) + column // 2, torch.arange(9).expand(MANY, -1))
    for square in range(9):
        corner = 2 * (row[:, square] % 2) + column[:, square] % 2
        assert chisquare(np.bincount(corner, minlength=4)).pvalue > 1e-4


def test_a_grid_keeps_the_upper_left_place_of_every_square():
    kept = lattice(6)[:9]
    assert kept.tolist() == [0, 2, 4, 12, 14, 16, 24, 26, 28]
    assert sorted(lattice(6).tolist()) == list(range(36))
    with pytest.raises(ValueError, match="even"):
        lattice(5)


def test_a_block_is_one_rectangle_but_for_ties_of_its_last_ring():
    """Every masked place but those at the farthest distance fills a rectangle, cut by the edge."""
    across, seen = 8, 40
    order = orders("block", across)
    for lost in hidden(order, seen)[:200].reshape(-1, across, across).numpy():
        rows, columns = np.flatnonzero(lost.any(1)), np.flatnonzero(lost.any(0))
        assert len(rows) == rows[-1] - rows[0] + 1
        assert len(columns) == columns[-1] - columns[0] + 1
        box = lost[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        gaps = ~box
        # What is missing lies on the outer ring of the box.
        assert not gaps[1:-1, 1:-1].any()


def test_blocks_are_wherever_they_may_be():
    """No corner of the image is masked more often than another."""
    lost = hidden(orders("block", 4), 12).reshape(-1, 4, 4).double().mean(0)
    corners = torch.stack([lost[i, j] for i in (0, -1) for j in (0, -1)])
    assert float(corners.max() - corners.min()) < 6 * math.sqrt(0.25 / MANY)


def test_a_share_leaves_a_whole_number():
    assert visible(64, 0.75) == 16
    assert visible(64, 0.6) == 25
    for masked in (0.0, 0.99, 1.0):
        with pytest.raises(ValueError, match="visible"):
            visible(64, masked)
