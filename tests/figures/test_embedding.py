"""Codes are drawn where they are; what is not drawn is counted."""

import math

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures.embedding import components, principal, scatter, tsne
from ae.figures.layout.drawing import style
from ae.figures.layout.points import APART, apart, limits, outside


def test_arrays_are_the_codes_and_labels(linear, repainted):
    x, y = torch.rand(50, 4), torch.arange(50) % 10
    weights = torch.rand(2, 2, 4)
    runs = [linear("a", weights, x, y), linear("b", -weights, x, y)]
    drawing = scatter(runs, examples=30, seed_index=1)
    codes = (x[:30] @ weights[1].T).numpy()
    np.testing.assert_allclose(drawing.arrays["codes"], [codes, -codes], rtol=1e-12)
    assert drawing.arrays["labels"].tolist() == [y[:30].tolist()] * 2
    assert repainted(drawing).vector == "figure.svg"


def test_many_points_are_not_worth_a_vector_image(linear):
    x, y = torch.rand(2001, 4), torch.zeros(2001, dtype=torch.int64)
    run = linear("a", torch.rand(1, 2, 4), x, y)
    assert scatter([run], examples=2000, seed_index=0).vector
    assert not scatter([run], examples=9999, seed_index=0).vector


def test_limits_are_percentiles_with_a_margin_and_outliers_are_counted():
    line = np.linspace(0, 1, 1001)
    codes = np.stack([line, 10 * line], -1)
    np.testing.assert_allclose(limits(codes)[:, 0], [0.005 - 0.0792, 0.995 + 0.0792])
    np.testing.assert_allclose(limits(codes)[:, 1], [0.05 - 0.792, 9.95 + 0.792])
    assert outside(codes) == 0
    codes[[3, 500, 700]] = [[50, 5], [0.5, -900], [-70, 800]]
    assert outside(codes) == 3


def test_codes_that_collapsed_are_drawn(linear, repainted):
    x, y = torch.rand(20, 4), torch.arange(20) % 10
    drawing = scatter([linear("a", torch.zeros(1, 2, 4), x, y)], examples=20, seed_index=0)
    assert limits(drawing.arrays["codes"][0]).tolist() == [[-1, -1], [1, 1]]
    repainted(drawing)


def test_a_diverged_seed_is_drawn_as_such(linear, repainted):
    x, y = torch.rand(20, 4), torch.arange(20) % 10
    bad = torch.full((1, 2, 4), math.nan)
    runs = [linear("a", torch.rand(1, 2, 4), x, y), linear("b", bad, x, y)]
    repainted(scatter(runs, examples=20, seed_index=0))


def test_labels_that_coincide_are_moved_apart_and_others_stay():
    places = np.array([[0.5, 0.5], [0.5, 0.5], [0.51, 0.5], [0.9, 0.1]])
    moved = apart(places)
    distance = np.linalg.norm(moved[:, None] - moved[None], axis=-1) + np.eye(4)
    assert distance.min() > 0.98 * APART
    np.testing.assert_allclose(moved[3], places[3], atol=1e-5)
    assert np.abs(moved - places).max() < APART


def test_codes_of_another_size_are_refused(linear):
    x, y = torch.rand(5, 4), torch.arange(5)
    with pytest.raises(UserError, match=r"run 'a' has codes of shape \(3,\); expected 2 numbers"):
        scatter([linear("a", torch.rand(1, 3, 4), x, y)], examples=5, seed_index=0)


def test_more_labels_than_colours_are_refused(linear):
    x, y = torch.rand(11, 4), torch.arange(11)
    with pytest.raises(UserError, match="found 11 labels; it tells 10 apart at most"):
        scatter([linear("a", torch.rand(1, 2, 4), x, y)], examples=11, seed_index=0)


def test_components_are_those_of_the_covariance(linear, repainted):
    x, y = torch.rand(50, 6), torch.arange(50) % 10
    run = linear("a", torch.rand(1, 5, 6), x, y)
    codes = run.of("encode", "test")[0].numpy()
    found, share = components(codes, 2)
    covariance = np.cov(codes.T, bias=True)
    values = np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(found.T @ found / 50, np.diag(values[:-3:-1]), atol=1e-12)
    assert share == pytest.approx(100 * values[-2:].sum() / np.trace(covariance))
    turned, _ = components(codes @ np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0], 2)
    np.testing.assert_allclose(np.abs(turned), np.abs(found), atol=1e-9)
    drawing = principal([run], examples=50, seed_index=0)
    np.testing.assert_allclose(drawing.arrays["codes"], [found])
    assert drawing.arrays["runs"].tolist() == [f"run a: {share:.0f} % of the variance"]
    repainted(drawing)


def test_components_of_a_constant_code_are_nothing_and_of_lost_ones_lost():
    found, share = components(np.ones((9, 4)), 2)
    assert (np.abs(found).max(), share) == (0, 0)
    found, share = components(np.full((9, 4), np.nan), 2)
    assert np.isnan(found).all()
    assert math.isnan(share)


def test_tsne_brings_codes_of_any_size_to_the_plane_and_keeps_clusters(linear, repainted):
    y = torch.arange(60) % 3
    x = 20 * torch.eye(4)[y] + 0.1 * torch.randn(60, 4)
    weights = torch.eye(4)[:3].repeat(2, 1, 1)
    runs = [linear("a", weights, x, y), linear("b", weights, x, y)]
    drawing = tsne(runs, examples=60, perplexity=5.0, seed_index=1)
    first, second = drawing.arrays["codes"]
    np.testing.assert_array_equal(first, second)
    assert first.shape == (60, 2)
    distance = np.linalg.norm(first[:, None] - first[None], axis=-1) + 1e9 * np.eye(60)
    assert (y.numpy()[distance.argmin(1)] == y.numpy()).all()
    repainted(drawing)


def test_tsne_of_a_diverged_seed_is_drawn_as_such(linear, repainted):
    x, y = torch.rand(20, 4), torch.arange(20) % 10
    run = linear("b", torch.full((1, 3, 4), math.nan), x, y)
    repainted(tsne([run], examples=20, perplexity=5.0, seed_index=0))


def test_a_perplexity_of_as_many_as_there_are_codes_is_refused(linear):
    run = linear("a", torch.rand(1, 3, 4), torch.rand(20, 4), torch.arange(20) % 10)
    with pytest.raises(UserError, match="perplexity: found 20; expected less than the 20 codes"):
        tsne([run], examples=99, perplexity=20.0, seed_index=0)


def test_the_legend_of_ten_classes_fits_under_one_panel(linear):
    run = linear("a", torch.rand(1, 2, 4), torch.rand(40, 4), torch.arange(40) % 10)
    drawing = scatter([run], examples=40, seed_index=0)
    with style():
        figure = drawing.paint(drawing.arrays)
        figure.canvas.draw()
        (found,) = figure.legends
        box = found.get_window_extent()
    assert len(found.get_texts()) == 10
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
