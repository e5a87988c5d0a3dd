"""Figures of codebooks show what the metrics count and the model decodes."""

import math

import numpy as np
import pytest
import torch
from coded import ENTRIES, PLACES, SIDE, built, plain
from known import Images

from ae.errors import UserError
from ae.figures import codebook
from ae.metrics.codebook import shares
from ae.metrics.codebook_samples import images
from ae.records.entries import Curve
from ae.training.stack import Stack
from ae.training.trained_run import Trained

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def run(name="a", curves=()):
    x = torch.rand(20, SIDE**2, generator=torch.Generator().manual_seed(0))
    data = Images(x, torch.arange(20) % 4, (SIDE, SIDE))
    stack = Stack([built] * 2, [0, 1])
    return Trained(name, f"run {name}", stack, train=data, test=data, curves=curves)


def curve(part, values):
    steps = [10 * (i + 1) for i in range(len(values[0]))]
    return Curve(stage="a", part=part, steps=steps, examples=steps, values=values)


GIVEN = {
    "parts": ["nmse", "perplexity"],
    "labels": ["error", "perplexity"],
    "steps": [10, 30],
    "published": [[0.4, 0.1], [10.0, 30.0]],
    "source": "a log",
}


def test_a_log_stands_beside_the_curves(repainted):
    both = (
        curve("nmse", [[0.5, 0.3, 0.2], [0.4, 0.2, 0.1]]),
        curve("perplexity", [[9.0, 19.0, 29.0], [8.0, 18.0, math.nan]]),
    )
    drawing = codebook.against_log([run(curves=both)], **GIVEN)
    np.testing.assert_array_equal(drawing.arrays["0/0/values"], both[0].values)
    assert drawing.arrays["1/0/steps"].tolist() == [10, 20, 30]
    assert drawing.arrays["published"].tolist() == GIVEN["published"]
    repainted(drawing)


def test_lists_that_do_not_fit_and_missing_curves_are_refused():
    for key, value, said in (
        ("labels", ["error"], "labels: found 1; expected 2, one a part"),
        ("published", [[1.0], [1.0, 2.0]], "published: found 1 values; expected 2"),
    ):
        with pytest.raises(UserError, match=said):
            codebook.against_log([run()], **{**GIVEN, key: value})
    with pytest.raises(UserError, match="run 'a': no curve of 'nmse' was recorded"):
        codebook.against_log([run()], **GIVEN)


def test_code_maps_have_the_colour_of_their_entries(repainted):
    trained = run()
    drawing = codebook.code_maps([trained], images=4, seed_index=1)
    tiles, model = drawing.arrays["0/tiles"], plain(trained, 1)
    assert tiles.shape == (3, 4, SIDE, SIDE, 3)
    x = trained.test.x[:4]  # one of each class, in order
    np.testing.assert_allclose(tiles[0, ..., 1].reshape(4, -1), x, rtol=1e-6)
    made = model.reconstruct(x).detach()
    np.testing.assert_allclose(tiles[2, ..., 2].reshape(4, -1), made, rtol=1e-5, atol=1e-6)
    colours = codebook.coloured(model.codebook.detach().numpy())
    codes = model.codes(x)
    for place in range(PLACES):
        row, column = 4 * (place // 2), 4 * (place % 2)
        block = tiles[1, :, row : row + 4, column : column + 4]
        expected = colours[codes[:, place]]
        np.testing.assert_allclose(block, np.broadcast_to(expected[:, None, None], block.shape))
    repainted(drawing)


def test_entries_that_are_equal_have_one_colour_and_others_differ():
    table = np.array([[0.0, 0, 0, 1], [0, 0, 0, 1], [5, 0, 0, 1], [0, 7, 0, 1]])
    found = codebook.coloured(table)
    assert np.array_equal(found[0], found[1])
    assert len({tuple(row) for row in found}) == 3
    assert found.min() >= 0
    assert found.max() <= 1


def test_usage_is_that_of_the_metric_sorted(repainted):
    trained = run()
    drawing = codebook.usage([trained], split="test")
    found, own = drawing.arrays["0/shares"], shares(trained, "test").numpy()
    np.testing.assert_allclose(found.sum(1), 100)
    np.testing.assert_allclose(found, 100 * -np.sort(-own, 1))
    assert found.shape == (2, ENTRIES)
    repainted(drawing)


def test_samples_are_those_that_are_measured(repainted):
    trained = run()
    drawing = codebook.samples(
        [trained], priors=["uniform", "learned"], rows=2, columns=3, seed_index=1
    )
    for shown, prior in zip(drawing.arrays["samples"], ("uniform", "learned"), strict=True):
        made = images(trained, prior, 6)[1].reshape(6, SIDE, SIDE)
        np.testing.assert_allclose(shown, made, rtol=1e-5, atol=1e-6)
    assert drawing.arrays["names"].tolist() == ["run a, uniform prior", "run a, learned prior"]
    repainted(drawing)


def test_an_unknown_prior_is_refused():
    with pytest.raises(UserError, match="priors: found 'best'; expected some of uniform, indep"):
        codebook.samples([run()], priors=["best"], rows=1, columns=1, seed_index=0)
