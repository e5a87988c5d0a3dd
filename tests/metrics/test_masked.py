"""Errors of masked patches, and the guesses that they are held against, on images that are known."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import griddata

from ae.metrics import masked
from ae.models.conv_mae import ConvMAE
from ae.models.masked import MAE
from ae.training import trained_run
from ae.training.stack import Stack

DECODER = {"decoder_width": 8, "decoder_depth": 1, "decoder_heads": 2, "target": "pixels"}
SEEDS = [7, 8]


def mae(sampling="random"):
    return MAE(
        3 * 8**2,
        **DECODER,
        colours=3,
        patch=2,
        width=8,
        depth=1,
        heads=2,
        masked=0.75,
        sampling=sampling,
    )


def conv(masking):
    return ConvMAE(
        3 * 32**2,
        **DECODER,
        colours=3,
        patch=8,
        widths=[4, 4, 8],
        depths=[1, 1, 1],
        heads=2,
        masked=0.75,
        masking=masking,
    )


@pytest.fixture
def trained(run):
    def make(build, side=8, images=6, x=None):
        torch.manual_seed(0)
        x = torch.rand(images, 3 * side**2) if x is None else x
        return run(Stack([build] * 2, SEEDS), x, torch.arange(len(x)), shape=(3, side, side))

    return make


def flat(trained, value):
    """Let every masked number be told as this one."""
    with torch.no_grad():
        trained.stack.parameters["decoder.leave.dense.weight"].zero_()
        trained.stack.parameters["decoder.leave.dense.bias"].fill_(value)
    return trained


def test_the_error_is_of_masked_numbers_by_each_seeds_own_masks(trained):
    told = flat(trained(mae), 0.25)
    found = masked.restored(told, 6)
    assert found.lost.sum(-1).tolist() == [[144] * 6] * 2
    assert not torch.equal(found.lost[0], found.lost[1])
    x = told.test.x.expand(2, -1, -1)
    assert torch.equal(found.made[~found.lost], x[~found.lost])
    expected = [float(((x[s] - 0.25)[found.lost[s]] ** 2).mean()) for s in range(2)]
    assert masked.error(told, examples=6) == pytest.approx(expected, rel=1e-12)
    assert masked.error(told, examples=600) == masked.error(told, examples=6)


def test_a_seed_is_masked_the_same_alone_as_among_others_and_in_every_run(trained, run):
    both = trained(mae)
    torch.manual_seed(0)
    x = torch.rand(6, 192)
    alone = run(Stack([mae], [8]), x, torch.arange(6), shape=(3, 8, 8))
    assert torch.equal(masked.restored(alone, 6).lost[0], masked.restored(both, 6).lost[1])


@pytest.mark.parametrize("baseline", ["patch", "colour", "bilinear"])
def test_what_is_saved_is_the_share_of_the_guesss_error(trained, baseline):
    told = flat(trained(mae), 0.5)
    found = masked.restored(told, 6)
    guess = {"patch": lambda x, m: masked.mean_patch(x, m, 2), "colour": masked.mean_colour}
    make = guess.get(baseline, masked.interpolated)
    for seed, saved in enumerate(masked.saved(told, baseline=baseline, examples=6)):
        errors, own = [], []
        for x, lost in zip(told.test.x, found.lost[seed], strict=True):
            image = x.numpy().reshape(3, 8, 8)
            made = make(image, lost.numpy().reshape(3, 8, 8)[0]).reshape(-1)
            errors.append(((made - x.numpy())[lost.numpy()] ** 2).mean())
            own.append(float(((0.5 - x)[lost] ** 2).mean()))
        assert saved == pytest.approx(100 * (1 - np.mean(own) / np.mean(errors)), rel=1e-9)


def holes(side=8):
    """A mask that leaves the corners and one patch more."""
    lost = np.ones((side, side), bool)
    for row, column in ((0, 0), (0, 6), (6, 0), (6, 6), (2, 4)):
        lost[row : row + 2, column : column + 2] = False
    return lost


def test_interpolation_gives_back_a_slope_and_is_scipys():
    rows, columns = np.mgrid[:8, :8] / 10
    slope = np.stack([rows, columns, 1 - rows + 2 * columns])
    lost = holes()
    np.testing.assert_allclose(masked.interpolated(slope, lost), slope, atol=1e-12)
    image = np.random.default_rng(0).random((3, 8, 8))
    lost[0, :2] = True
    points = (np.argwhere(~lost), image[:, ~lost].T, np.argwhere(lost))
    expected = griddata(*points, method="linear")
    near = griddata(*points, method="nearest")
    expected = np.where(np.isnan(expected), near, expected)
    found = masked.interpolated(image, lost)
    np.testing.assert_allclose(found[:, lost].T, expected)
    assert np.array_equal(found[:, ~lost], image[:, ~lost])


def test_means_are_of_what_is_visible():
    image, lost = np.random.default_rng(0).random((3, 8, 8)), holes()
    found = masked.mean_colour(image, lost)
    np.testing.assert_allclose(found[:, 3, 0], image[:, ~lost].mean(1))
    assert np.array_equal(found[:, ~lost], image[:, ~lost])
    own = [image[:, r : r + 2, c : c + 2] for r, c in ((0, 0), (0, 6), (6, 0), (6, 6), (2, 4))]
    found = masked.mean_patch(image, lost, 2)
    np.testing.assert_allclose(found[:, 4:6, 2:4], np.mean(own, 0))
    assert np.array_equal(found[:, ~lost], image[:, ~lost])


@pytest.mark.parametrize("sampling", ["random", "grid", "block", "uniform"])
def test_masked_patches_are_counted(trained, sampling):
    told = trained(lambda: mae(sampling), images=40)
    assert masked.patches(told, examples=40) == [12.0, 12.0]
    uneven = masked.uneven(told, examples=40)
    if sampling in ("grid", "uniform"):
        assert uneven == [0.0, 0.0]
    else:
        found = masked.restored(told, 40).lost.reshape(2, 40, 3, 4, 2, 4, 2)[:, :, 0, :, 0, :, 0]
        squares = found.reshape(2, 40, 2, 2, 2, 2).sum((3, 5))
        assert uneven == (squares != 3).sum((1, 2, 3)).tolist()
        assert min(uneven) > 0


def test_a_leak_is_seen_where_there_is_one(trained):
    assert masked.leak(trained(mae), examples=6) == [0.0, 0.0]
    assert masked.leak(trained(lambda: conv(True), 32), examples=6) == [0.0, 0.0]
    leaky = trained(lambda: conv(False), 32)
    found = masked.restored(leaky, 6)
    x = leaky.test.x.expand(2, -1, -1)
    _, noise = masked._drawn(leaky, leaky.test.x)
    both = [
        leaky.stack.call("seen", images, noise).detach()
        for images in (x, torch.where(found.lost, 1 - x, x))
    ]
    expected = ((both[0] - both[1]) ** 2).mean((1, 2, 3)).sqrt().tolist()
    assert masked.leak(leaky, examples=6) == pytest.approx(expected, rel=1e-12)
    assert min(expected) > 0


def test_a_seed_that_diverged_has_no_number(trained):
    told = trained(mae)
    with torch.no_grad():
        told.stack.parameters["embedding.dense.weight"][1] = torch.nan
    for values in (
        masked.error(told, examples=6),
        masked.saved(told, baseline="colour", examples=6),
        masked.leak(told, examples=6),
    ):
        assert math.isfinite(values[0])
        assert math.isnan(values[1])


def test_masks_go_on_beyond_the_first_piece_of_a_split(trained, monkeypatch):
    whole = masked.restored(trained(mae), 3).lost
    monkeypatch.setattr(trained_run, "CHUNK", 3)
    found = masked.restored(trained(mae), 6).lost
    assert torch.equal(found[:, :3], whole)
    assert not torch.equal(found[:, 3:], whole)
