"""What is drawn of hidden images is what the runs make of the examples."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import UserError
from ae.figures.variance import BINS, gains, maps
from ae.library import Library
from ae.models.base import Autoencoder
from ae.training.stack import Stack
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]


class Gate(Autoencoder):
    """A gain for every pixel, whatever the example."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(784))
        self.draws = {}

    def gain(self, x):
        return self.weight.expand(x.shape)

    def deviation(self, x):
        return 2 * self.weight.expand(x.shape)

    def reconstruct(self, x):
        return x * self.weight

    def objective(self, batch, noise):
        raise NotImplementedError


@pytest.fixture
def run(exact_arithmetic):
    test = load(
        find_manifest("variance-mnist", Library.at(ROOT)),
        "test",
        limit=200,
        library=Library.at(ROOT),
        device="cpu",
    )

    def make(weights):
        stack = Stack([Gate] * len(weights), range(len(weights)))
        stack.load({"weight": weights})
        return Trained(name="a", label="A", stack=stack, train=test, test=test)

    return make


def test_maps_are_images_examples_and_what_is_made_of_them(run, repainted):
    weights = torch.rand(2, 784)
    runs = [run(weights)] * 3
    methods = ["reconstruct", "gain", "deviation"]
    drawing = maps(runs, methods=methods, images=5, sigma=0.2, seed_index=1)
    s, x, noisy, best, made, gain, deviation = drawing.arrays["maps"].reshape(7, 5, 784)
    assert runs[0].test.y[:200].tolist().index(3) >= 0
    index = [runs[0].test.y.tolist().index(label) for label in range(5)]
    clean = runs[0].test.clean(torch.tensor(index)).numpy()
    np.testing.assert_allclose(s, clean, rtol=1e-6)
    np.testing.assert_allclose(x, runs[0].test.batch(torch.tensor(index)).x.numpy(), rtol=1e-6)
    np.testing.assert_allclose(best, clean**2 / (clean**2 + 0.04), rtol=1e-5)
    assert (noisy - x).std() == pytest.approx(0.2, rel=0.05)
    np.testing.assert_allclose(made, x * weights[1].numpy(), rtol=1e-5)
    np.testing.assert_allclose(gain, np.tile(weights[1].numpy(), (5, 1)), rtol=1e-6)
    np.testing.assert_allclose(deviation, 2 * gain, rtol=1e-6)
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in ((made, x), (gain, best))]
    np.testing.assert_allclose(drawing.arrays["correlation"][4:6], expected, rtol=1e-5)
    repainted(drawing)


@pytest.mark.parametrize("methods", [["gain"], ["gain", "gains"]])
def test_methods_that_do_not_match_the_runs_are_refused(run, methods):
    runs = [run(torch.rand(1, 784))] * 2
    with pytest.raises(UserError, match=r"variance.maps: methods: found .*; expected 2, one a run"):
        maps(runs, methods=methods, images=5, sigma=0.2, seed_index=0)


def test_a_panel_counts_pixels_and_averages_the_learned_gains(run, repainted):
    first, second = run(torch.full((1, 784), 0.55)), run(torch.full((1, 784), 0.999))
    drawing = gains([first, second], images=100, sigma=0.2, seed_index=0)
    counts, mean = drawing.arrays["counts"], drawing.arrays["mean"]
    clean = first.test.clean(torch.arange(100)).numpy()
    best = clean**2 / (clean**2 + 0.04)
    expected, _ = np.histogram(best, bins=BINS, range=(0, 1))
    np.testing.assert_array_equal(counts[0].sum(1), expected)
    assert np.flatnonzero(counts[0].sum(0)).tolist() == [int(0.55 * BINS)]
    assert np.flatnonzero(counts[1].sum(0)).tolist() == [BINS - 1]
    filled = expected > 0
    np.testing.assert_allclose(mean[0][filled], 0.55)
    assert np.isnan(mean[0][~filled]).all()
    repainted(drawing)


def test_a_diverged_seed_is_drawn_as_such(run, repainted):
    runs = [run(torch.full((1, 784), math.nan))]
    repainted(maps(runs, methods=["gain"], images=3, sigma=0.2, seed_index=0))
    repainted(gains(runs, images=20, sigma=0.2, seed_index=0))
