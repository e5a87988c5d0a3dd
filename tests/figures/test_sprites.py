"""The sheet that a browser cuts small pictures from has the right one in each place."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from known import Images
from PIL import Image

from ae.figures.embedding import scatter
from ae.figures.layout import points
from ae.figures.sprites import BYTES, COLUMNS, PICTURES, sheet, tiles


def allowed(run, publish=True, sha256=""):
    """The run with a test set that may be published."""
    data = Images(run.test.x, run.test.y, run.test.shape)
    data.__dict__["manifest"] = data.manifest.model_copy(update={"publish": publish})
    data.__dict__["sha256"] = sha256
    return replace(run, test=data)


def cut(found, number):
    """A picture of the sheet, as the page's script cuts it."""
    whole = np.array(Image.open(io.BytesIO(base64.b64decode(found["sheet"]))).convert("L"))
    high, wide = found["height"], found["width"]
    top, left = number // found["columns"] * high, number % found["columns"] * wide
    return whole[top : top + high, left : left + wide] / 255


def test_a_picture_is_the_image_to_half_a_level_of_sixteen(linear):
    x = torch.rand(100, 16)
    run = allowed(linear("a", torch.rand(1, 2, 16), x, torch.arange(100) % 10))
    found = sheet(tiles([run], 90))
    assert (found["count"], found["width"], found["height"]) == (90, 4, 4)
    for number in (0, COLUMNS - 1, COLUMNS, 89):
        image = x[number].reshape(4, 4).numpy()
        np.testing.assert_allclose(cut(found, number), image, atol=0.5 / 15 + 0.5 / 255 + 1e-9)


def test_large_images_are_means_of_squares(linear):
    x = torch.rand(3, 64 * 64)
    run = allowed(linear("a", torch.rand(1, 2, 64 * 64), x, torch.arange(3)))
    (_, middle, _) = tiles([run], 3)["tiles"]
    assert middle.shape == (21, 21)
    image = x[1].reshape(64, 64)
    assert middle[20, 2] == round(255 * float(image[60:63, 6:9].mean()))


def test_a_sheet_is_small_however_much_the_images_hold(linear):
    x = torch.rand(1500, 28 * 28)
    run = allowed(linear("a", torch.zeros(1, 2, 28 * 28), x, torch.zeros(1500)))
    kept = tiles([run], 1500)
    assert len(kept["tiles"]) == PICTURES
    found = sheet(kept)
    assert len(base64.b64decode(found["sheet"])) <= BYTES
    assert found["count"] >= PICTURES // 2
    np.testing.assert_allclose(cut(found, 400), x[400].reshape(28, 28), atol=0.17)


@pytest.mark.parametrize("other", ["withheld", "different"])
def test_images_that_may_not_be_given_away_or_differ_are_left_out(linear, other):
    x, y = torch.rand(30, 4), torch.arange(30) % 10
    run = linear("a", torch.rand(1, 2, 4), x, y)
    if other == "withheld":
        runs = [allowed(run, publish=False), allowed(run, publish=False)]
    else:
        runs = [allowed(run, sha256="a"), allowed(run, sha256="b")]
    assert tiles(runs, 30) == {}
    drawing = scatter(runs, examples=30, seed_index=0)
    assert "tiles" not in drawing.arrays
    assert drawing.interactive.data(drawing.arrays)["sprites"] is None


def test_points_in_the_plane_are_given_to_a_browser(linear, repainted):
    x = torch.cat([torch.tensor([[90.0, 0.5]]), torch.rand(400, 2)])
    y = torch.arange(401) % 3
    run = allowed(linear("a", torch.eye(2)[None], x, y))
    drawing = scatter([run], examples=401, seed_index=0)
    assert repainted(drawing).interaction.kind == "points-2d"
    data = drawing.interactive.data(drawing.arrays)
    (panel,) = data["panels"]
    assert panel["left_out"][0] == 0
    inside = np.setdiff1d(np.arange(401), panel["left_out"])
    low, high = points.limits(x.numpy())
    found = np.array(panel["points"])
    back = low + (found[:, :2] / points.STEPS + 1) / 2 * (high - low)
    np.testing.assert_allclose(back, x.numpy()[inside], atol=1 / points.STEPS)
    assert found[:, 2].tolist() == y.numpy()[inside].tolist()
    assert panel["note"].startswith("code 1: -0.")
    assert panel["note"].endswith(f"{len(panel['left_out'])} of 401 points lie outside")


def test_of_very_many_points_a_page_has_the_first(linear, monkeypatch):
    monkeypatch.setattr(points, "MOST", 40)
    run = linear("a", torch.rand(1, 2, 4), torch.rand(50, 4), torch.arange(50) % 10)
    drawing = scatter([run, run], examples=50, seed_index=0)
    for panel in drawing.interactive.data(drawing.arrays)["panels"]:
        assert len(panel["points"]) + len(panel["left_out"]) == 20
        assert "The first 20 of the points. " in panel["note"]
