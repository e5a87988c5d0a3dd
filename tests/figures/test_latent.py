"""Codes of three numbers: the picture is a parallel projection, the data are the codes."""

import json
import math

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures.embedding import limits
from ae.figures.latent import BESIDE, POINTS, VIEW, axis_place, project, turnable
from ae.figures.layout.points import STEPS, cubed


def test_a_projection_keeps_lengths_and_handedness():
    axes = project(np.eye(3), 0.7, -0.3)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_from_the_front_and_from_above():
    point = np.array([0.1, 0.2, 0.3])
    np.testing.assert_allclose(project(point, 0, 0), [0.1, 0.3, -0.2])
    np.testing.assert_allclose(project(point, 0, math.pi / 2), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(project(point, math.pi / 2, 0), [-0.2, 0.3, -0.1], atol=1e-16)


def test_names_of_axes_stand_beside_the_lower_outline_of_the_cube():
    aside = math.sqrt(2) + BESIDE  # seen along a face's diagonal, the third axis is at the side
    np.testing.assert_allclose(np.abs(axis_place(2, math.pi / 4, 0)), [aside, 0], atol=1e-15)
    for axis in range(3):
        at = axis_place(axis, *VIEW)
        assert at[1] < 0
        assert np.linalg.norm(at) > 1


def test_arrays_are_the_codes_and_the_data_are_their_places(linear, repainted, tmp_path):
    x, y = torch.rand(60, 16), torch.arange(60) % 4 + 3
    weights = torch.randn(2, 3, 16)
    drawing = turnable([linear("a", weights, x, y)], examples=50, seed_index=1, principal=False)
    codes = (x[:50] @ weights[1].T).numpy()
    np.testing.assert_allclose(drawing.arrays["codes"], [codes], rtol=1e-12)
    saved = repainted(drawing)
    assert saved.interaction.kind == "points-3d"
    data = json.loads((tmp_path / "first" / saved.interaction.data).read_text())
    assert data["view"] == list(VIEW)
    assert [c["label"] for c in data["classes"]] == ["3", "4", "5", "6"]
    (panel,) = data["panels"]
    low, high = limits(codes)
    points = np.array(panel["points"])
    inside = ((codes >= low) & (codes <= high)).all(-1)
    back = low + (points[:, :3] / STEPS + 1) / 2 * (high - low)
    np.testing.assert_allclose(back, codes[inside], atol=(high - low).max() / STEPS / 3.9)
    assert points[:, 3].tolist() == (y[:50].numpy() - 3)[inside].tolist()
    name = next(n for n in panel["names"] if n[3] == 2)
    middle = np.median(cubed(codes)[y[:50].numpy() == 5], axis=0)
    np.testing.assert_allclose(np.array(name[:3]) / STEPS, middle, atol=1 / STEPS)


def test_points_beyond_the_limits_are_counted_and_left_out(linear):
    x = torch.cat([torch.rand(400, 3), torch.tensor([[90.0, 0.5, 0.5], [0.5, -70.0, 0.5]])])
    run = linear("a", torch.eye(3)[None], x, torch.zeros(402, dtype=torch.int64))
    drawing = turnable([run], examples=402, seed_index=0, principal=False)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    assert len(panel["points"]) == 400
    assert panel["note"].endswith("2 of 402 points lie outside")
    assert np.abs(panel["points"]).max() <= STEPS


def test_codes_that_collapsed_and_seeds_that_diverged_are_drawn(linear, repainted):
    x, y = torch.rand(20, 4), torch.arange(20) % 10
    runs = [
        linear("dead", torch.zeros(1, 3, 4), x, y),
        linear("lost", torch.full((1, 3, 4), math.nan), x, y),
    ]
    drawing = turnable(runs, examples=20, seed_index=0, principal=False)
    dead, lost = drawing.interactive.data(drawing.arrays)["panels"]
    assert {tuple(p[:3]) for p in dead["points"]} == {(0, 0, 0)}
    assert lost == {
        "title": "run lost",
        "note": "diverged",
        "points": [],
        "names": [],
        "left_out": [],
    }
    repainted(drawing)


def test_a_figure_of_1500_points_is_small(linear):
    x, y = torch.randn(POINTS, 3), torch.arange(POINTS) % 10
    drawing = turnable(
        [linear("a", torch.eye(3)[None], x, y)], examples=POINTS, seed_index=0, principal=False
    )
    data = drawing.interactive.data(drawing.arrays)
    assert len(json.dumps(data, separators=(",", ":"))) < 50_000


def test_more_points_than_a_page_carries_are_refused(linear):
    run = linear("a", torch.zeros(1, 3, 4), torch.zeros(9, 4), torch.zeros(9, dtype=torch.int64))
    with pytest.raises(UserError, match=r"found 751 for 2 runs; expected 1 to 750, so that"):
        turnable([run, run], examples=751, seed_index=0, principal=False)


def test_codes_of_another_size_are_refused(linear):
    run = linear("a", torch.zeros(1, 2, 4), torch.zeros(9, 4), torch.zeros(9, dtype=torch.int64))
    with pytest.raises(UserError, match=r"^latent.turnable: run 'a' has codes of shape \(2,\)"):
        turnable([run], examples=9, seed_index=0, principal=False)


def test_codes_of_any_size_are_shown_by_their_principal_components(linear, repainted):
    x, y = torch.randn(200, 16), torch.arange(200) % 10
    drawing = turnable(
        [linear("a", torch.randn(1, 9, 16), x, y)], examples=150, seed_index=0, principal=True
    )
    assert drawing.arrays["codes"].shape == (1, 150, 3)
    data = drawing.interactive.data(drawing.arrays)
    assert data["axes"] == ["component 1", "component 2", "component 3"]
    assert data["panels"][0]["note"].startswith("component 1: ")
    repainted(drawing)
