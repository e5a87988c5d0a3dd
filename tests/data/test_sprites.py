"""Rendered shapes: against the original's images, against geometry, and as a data set."""

import hashlib
import math
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from ae.data.dataset import Dataset, load
from ae.data.manifest import find_manifest, read_manifest
from ae.data.sprites import CANVAS, dsprites
from ae.errors import UserError
from ae.library import Library

ROOT = Path(__file__).parents[2]
REAL = "dsprites/dsprites_real_frames.npz"
SHA256 = "743b8f342241bd758ebe3401d281c690bf9cb4d84c5ba9fd9e82e86f704fc529"


def sprites(name="dsprites", limit=50, device="cpu"):
    manifest = find_manifest(name, Library.at(ROOT)).model_copy(update={"original": None})
    return load(manifest, "all", limit=limit, library=Library.at(ROOT), device=device)


@pytest.fixture(scope="module")
def real():
    """Images of the original and their factors: 320 that the outlines were fitted to, 43 others."""
    folders = filter(None, os.environ.get("AE_DATA", "").split(os.pathsep))
    path = next((p for f in folders if (p := Path(f, REAL)).is_file()), None)
    if path is None:
        pytest.skip(f"{REAL} is in no folder of AE_DATA")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    found = np.load(path, allow_pickle=False)
    return {
        "fitted": (found["gif_bits"], found["gif_latent_index"]),
        "others": (found["notebook_bits"], found["notebook_latent_index_inferred"]),
    }


@pytest.mark.parametrize(
    ("which", "images", "exact", "wrong", "most"),
    [("fitted", 320, 300, 30, 2), ("others", 43, 33, 22, 6)],
)
def test_most_images_of_the_original_come_out_exactly(real, which, images, exact, wrong, most):
    bits, places = real[which]
    original = np.unpackbits(bits, axis=1)
    made = sprites().render(torch.from_numpy(places)).numpy()
    off = (made != original).sum(1)
    assert (len(off), (off == 0).sum(), off.sum(), off.max()) == (images, exact, wrong, most)


def test_squares_and_ellipses_of_the_fit_are_all_exact(real):
    bits, places = real["fitted"]
    simple = places[:, 0] < 2
    made = sprites().render(torch.from_numpy(places[simple])).numpy()
    assert made.shape == (128, CANVAS**2)
    np.testing.assert_array_equal(made, np.unpackbits(bits[simple], axis=1))


def drawn(shape, scale=1.0, turn=0.0, x=0.5, y=0.5, side=CANVAS):
    values = (torch.tensor([float(v)]) for v in (shape, scale, turn, x, y))
    return dsprites(*values, size=(side, side))[0].numpy()


def test_a_square_is_where_both_coordinates_are_small():
    column = np.arange(1024) + 0.5
    for scale, turn, x, y in ((1.0, 0.0, 0.5, 0.5), (0.7, 0.11, 0.25, 0.61), (0.5, 0.93, 0.7, 0.3)):
        right, down = np.meshgrid(column - 1024 * x, column - 1024 * y)
        cos, sin = math.cos(2 * math.pi * turn), math.sin(2 * math.pi * turn)
        reach = np.maximum(abs(cos * right - sin * down), abs(sin * right + cos * down))
        expected = reach <= scale * 9.5975 * 1024 / CANVAS
        np.testing.assert_array_equal(drawn(0, scale, turn, x, y, 1024), expected)


def test_an_ellipse_has_the_area_of_its_72_corners_and_turns_counter_clockwise():
    area = 36 * 12.775 * 7.22 * math.sin(math.pi / 36)
    for turn in (0.0, 0.05, 0.4):
        image = drawn(1, 1, turn, side=2048)
        assert image.sum() * (CANVAS / 2048) ** 2 == pytest.approx(area, rel=2e-4)
        row, column = np.argwhere(image).T - 1023.5
        angle = np.arctan2(2 * (row * column).mean(), (column**2 - row**2).mean()) / 2
        assert -angle / (2 * math.pi) % 0.5 == pytest.approx(turn, abs=1e-4)


def test_a_heart_is_symmetric_with_its_notch_above_and_its_tip_below():
    image, pixels = drawn(2, side=1025), 1025 / CANVAS
    np.testing.assert_array_equal(image, image[:, ::-1])
    up, down = np.flatnonzero(image[:, 512])[[0, -1]] - 512
    assert (-up, down) == pytest.approx((4.8681 * pixels, 9.6892 * pixels), abs=1)
    assert np.flatnonzero(image[512]).max() - 512 == pytest.approx(8.1172 * pixels, abs=1)


def test_an_image_of_a_third_of_the_side_is_every_third_pixel_of_a_finer_one():
    fine, coarse = drawn(2, 0.8, 0.3, side=96), drawn(2, 0.8, 0.3, side=32)
    np.testing.assert_array_equal(coarse, fine[1::3, 1::3])


def test_a_batch_is_what_its_factors_render():
    data = sprites(limit=300)
    index = torch.tensor([[3, 0], [299, 7]])
    places = torch.stack([*data.factors.values()], -1)[index]
    assert list(data.factors) == ["shape", "scale", "orientation", "x", "y"]
    assert torch.equal(data.batch(index).x, data.render(places))
    assert torch.equal(data.batch(index).y, places[..., 0])
    shape, scale, orientation, x, y = places[1, 0].tolist()
    one = drawn(shape, 0.5 + scale / 10, orientation / 39, 0.25 + x / 62, 0.25 + y / 62)
    np.testing.assert_array_equal(data.batch(index).x[1, 0].reshape(64, 64).numpy(), one)
    assert data.batch(index).x.dtype == torch.float32


def test_images_that_are_kept_are_those_that_are_made_again(monkeypatch):
    kept, again = sprites("dsprites-small", 64), sprites("dsprites-small", 64)
    monkeypatch.setattr("ae.data.dataset.KEPT", 64 * 1024 - 1)
    index = torch.arange(64)
    made = again.batch(index).x
    assert not again.keeps
    monkeypatch.undo()
    assert kept.keeps
    assert torch.equal(kept.batch(index).x, made)
    assert (again.row, kept.features) == (5 + 1024, 1024)


def test_a_whole_split_is_every_combination_once_in_an_order_of_its_own():
    data = sprites("dsprites-small", "all")
    assert (len(data.x), data.available) == (3 * 4 * 4 * 8 * 8, 3072)
    assert len(torch.unique(data.x, dim=0)) == 3072
    assert [int(p.max()) + 1 for p in data.factors.values()] == [3, 4, 4, 8, 8]
    assert torch.bincount(data.y[:1000]).min() > 280
    first = sprites("dsprites-small", 10)
    assert torch.equal(first.x, data.x[:10])
    assert first.available == 3072


def test_the_full_set_takes_megabytes_and_no_image_is_made_ahead():
    data = sprites(limit="all")
    assert (data.x.shape, data.x.dtype, data.keeps) == ((737280, 5), torch.uint8, False)
    assert data.row == 5
    assert torch.bincount(data.x[:, 2].long()).tolist() == [18432] * 40


def test_classes_can_be_left_out():
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    hearts = load(manifest, "all", limit="all", library=Library.at(ROOT), device="cpu", only=(2,))
    assert (len(hearts.x), hearts.y.unique().tolist()) == (1024, [2])


def test_the_digest_tells_the_factors_and_the_outlines(monkeypatch):
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    wide = (*manifest.factor[:4], manifest.factor[4].model_copy(update={"last": 0.74}))

    def digest(**changes):
        changed = manifest.model_copy(update=changes)
        return load(changed, "all", limit=10, library=Library.at(ROOT), device="cpu").sha256

    digests = {digest(), digest(factor=wide), digest(seed=1), digest(shape=(64, 64))}
    monkeypatch.setattr("ae.data.rendered.PROBE", 5)
    assert len(digests | {digest()}) == 5


def test_what_a_worker_is_sent_renders_the_same_images():
    data = sprites(limit=8)
    there = Dataset(**{f.name: getattr(data, f.name) for f in fields(data)})
    assert torch.equal(there.batch(torch.arange(8)).x, data.batch(torch.arange(8)).x)


PINNED = {
    "dsprites": "a42644851c5fd6e5cfd9008e144c21463948e36263aa419d564e4baf2395dc10",
    "dsprites-small": "bcf1b40c3f8ead03b9762b07fa2eac298b736deda2c3214c4f61e93a311c5a50",
    "dsprites-tiny": "c09535104277c68e24cb22dad43ffa7bee84454f9d6745e0e4e317a6e4097caa",
}


@pytest.mark.parametrize("name", PINNED)
def test_the_bytes_of_a_rendered_set_do_not_change(name):
    data = sprites(name)
    pixels = data.batch(torch.arange(50)).x.bool().numpy().tobytes()
    assert hashlib.sha256(data.x.numpy().tobytes() + pixels).hexdigest() == PINNED[name]


FACTOR = '[[factor]]\nname = "{}"\nfirst = 0.0\nlast = 1.0\ncount = {}\n\n'


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("classes = 3", "classes = 2", "classes: found 2; expected 3, the values of the first"),
        ('name = "scale"', 'name = "shape"', "two [[factor]] tables have the name 'shape'"),
        ("count = 3072", "count = 3073", "split 'all': count: found 3073; the factors have 3072"),
        ("count = 3\n", "count = 257\n", "found 257; expected a whole number from 1 to 256"),
        ("seed = 2017", 'derives = "mnist"\nseed = 1', "[[factor]] belongs to a set without"),
        ("count = 3072", 'images = "x"', "is that of a filed set; this set is rendered: expected"),
    ],
)
def test_a_manifest_of_factors_that_cannot_be_is_refused(tmp_path, right, wrong, expected):
    text = (ROOT / "datasets/dsprites-small.toml").read_text()
    assert right in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    assert expected in str(caught.value)


def test_a_function_that_takes_other_factors_is_refused():
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    swapped = manifest.model_copy(
        update={"factor": (*manifest.factor[:3], *manifest.factor[:2:-1])}
    )
    with pytest.raises(UserError) as caught:
        load(swapped, "all", limit=1, library=Library.at(ROOT), device="cpu")
    assert str(caught.value) == (
        "data set 'dsprites-small': decode: sprites.dsprites is of the form (shape, scale, "
        "orientation, x, y); expected the factors (shape, scale, orientation, y, x)"
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_images_made_on_the_gpu_are_those_made_on_the_cpu():
    here, there = sprites(limit=2000), sprites(limit=2000, device="cuda")
    index = torch.arange(2000)
    assert torch.equal(there.batch(index.cuda()).x.cpu(), here.batch(index).x)
