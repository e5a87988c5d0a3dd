"""Measures of what is learned of variances, where the answer is known."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.metrics import variance
from ae.models.base import Autoencoder
from ae.training.stack import Stack
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]
S = 0.2


class Gate(Autoencoder):
    """A gain for every pixel, whatever the example."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))
        self.draws = {}

    def gain(self, x):
        return self.weight.expand(x.shape)

    def deviation(self, x):
        return self.weight.expand(x.shape)

    def reconstruct(self, x):
        return x * self.weight

    def objective(self, batch, noise):
        raise NotImplementedError


def split(name, examples):
    manifest = find_manifest("variance-mnist", Library.at(ROOT))
    return load(manifest, name, limit=examples, library=Library.at(ROOT), device="cpu")


@pytest.fixture
def digits(exact_arithmetic):
    """varianceMNIST's test set with a stack of gates (seed, pixel)."""

    def make(weights, examples=2000, train=None):
        test = split("test", examples)
        stack = Stack([lambda: Gate(784)] * len(weights), range(len(weights)))
        stack.load({"weight": weights})
        return Trained(name="a", label="A", stack=stack, train=train or test, test=test)

    return make


@pytest.fixture
def all_digits(digits):
    return digits(torch.zeros(2, 784), "all", split("train", "all"))


def test_what_to_expect_of_the_test_set_is_what_was_calculated_before(all_digits):
    for sigma, knows, expected in (
        (0.1, "image", 0.00171),
        (0.2, "image", 0.00615),
        (0.3, "image", 0.01245),
        (0.5, "image", 0.02775),
        (0.2, "pixel", 0.01662),
        (0.2, "nothing", 0.02961),
    ):
        found = variance.expected_error(all_digits, sigma=sigma, knows=knows)
        assert [round(v, 5) for v in found] == [expected] * 2, (sigma, knows)
    for knows, expected in (("image", -1920.7), ("pixel", -1192.5)):
        found = variance.expected_nll(all_digits, min_logvar=-6.0, knows=knows)
        assert [round(v, 1) for v in found] == [expected] * 2, knows


def test_the_oracle_measured_on_draws_has_the_error_that_theory_gives_it(digits):
    trained = digits(torch.zeros(2, 784), 2000)
    (expected, _) = variance.expected_error(trained, sigma=S, knows="image")
    for found in variance.denoising_error(trained, sigma=S, examples=2000, by="oracle"):
        assert found == pytest.approx(expected, rel=0.012)


def test_a_models_error_is_that_of_its_gain(digits):
    """E (g (x + sigma n) - x)^2 = (1 - g)^2 s^2 + g^2 sigma^2; g = 0, 1/2, 1."""
    gains = torch.tensor([0.0, 0.5, 1.0]).reshape(3, 1).expand(3, 784)
    trained = digits(gains, 2000)
    energy = float(trained.test.clean(torch.arange(2000)).square().mean())
    found = variance.denoising_error(trained, sigma=S, examples=2000, by="model")
    expected = [energy, energy / 4 + 0.01, 0.04]
    assert found == pytest.approx(expected, rel=0.012)
    assert variance.energy(trained, examples=2000) == pytest.approx([energy] * 3, rel=0.01)


def test_correlations_are_numpys(digits):
    weights = torch.rand(2, 784)
    weights[1] = 0.3
    trained = digits(weights, 60)
    s = trained.test.clean(torch.arange(50)).numpy()
    learned = np.broadcast_to(weights[0].numpy(), s.shape).ravel()
    best = (s**2 / (s**2 + S**2)).ravel()
    gain = variance.gain_correlation(trained, sigma=S, examples=50)
    assert gain == pytest.approx([np.corrcoef(learned, best)[0, 1], 0.0])
    deviation = variance.deviation_correlation(trained, examples=50)
    assert deviation == pytest.approx([np.corrcoef(learned, s.ravel())[0, 1], 0.0])
    assert abs(gain[0] - deviation[0]) > 1e-4


def test_pieces_of_the_test_set_meet_their_own_images(digits, monkeypatch):
    monkeypatch.setattr("ae.training.trained_run.CHUNK", 7)
    monkeypatch.setattr("ae.metrics.variance.CHUNK", 7)
    trained = digits(torch.rand(1, 784), 20)
    (whole,) = variance.deviation_correlation(trained, examples=20)
    s = trained.test.clean(torch.arange(20)).numpy().ravel()
    learned = trained.stack.tensors()["weight"][0].expand(20, 784).numpy().ravel()
    assert whole == pytest.approx(np.corrcoef(learned, s)[0, 1])


def test_a_diverged_seed_has_no_number(digits):
    weights = torch.rand(2, 784)
    weights[0] = math.nan
    for found in (
        variance.gain_correlation(digits(weights, 20), sigma=S, examples=20),
        variance.denoising_error(digits(weights, 20), sigma=S, examples=20, by="model"),
    ):
        assert [math.isnan(v) for v in found] == [True, False]
