"""Samples of known models, counted by hand."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ae.errors import UserError
from ae.metrics.samples import class_score, coverage, decoded, moments, nearest, radius, told_apart
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.training.stack import Stack


class Gaussian(Autoencoder):
    """q(z given x) = N(a x, b^2 x^2), decoded to z + shift."""

    def __init__(self, a: float, b: float, shift: float) -> None:
        super().__init__()
        for name, value in {"a": a, "b": b, "shift": shift}.items():
            self.register_buffer(name, torch.tensor(value))
        self.draws = {}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.a * x, (self.b * x).square().log()

    def encode(self, x: Tensor) -> Tensor:
        return self.a * x

    def decode(self, z: Tensor) -> Tensor:
        return z + self.shift

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


class Shifted(Gaussian):
    """Its prior is N(shift, 0.01^2), which it decodes to N(2 shift, 0.01^2)."""

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        return {"z": Draw("normal", (2,))} if objective == "prior_code" else {}

    def prior_code(self, noise: Noise) -> Tensor:
        return self.shift + 0.01 * noise["z"]


def test_codes_come_from_the_models_own_prior(run):
    stack = Stack([lambda: Shifted(1.0, 1.0, 50.0), lambda: Shifted(1.0, 1.0, -3.0)], (0, 1))
    trained = run(stack, torch.ones(4, 2), None, shape=(1, 2))
    made = decoded(trained, fitted=[], codes=4, samples=300)
    assert made.shape == (2, 300, 2)
    for own, centre in zip(made, (100.0, -6.0), strict=True):
        assert own.mean().item() == pytest.approx(centre, abs=0.01)
        assert own.std().item() == pytest.approx(0.01, rel=0.2)
    fitted = decoded(trained, fitted=[trained.name], codes=4, samples=300)
    assert fitted[0].mean().item() == pytest.approx(51, abs=0.3)  # codes of ones: N(1, 1)


@pytest.fixture
def gaussian(run):
    def make(x, *members, y=None):
        stack = Stack([lambda m=m: Gaussian(*m) for m in members], range(len(members)))
        return run(stack, x, y, shape=(1, x.shape[1]))

    return make


def test_the_radius_is_the_distance_to_the_kth_other_image():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0], [7.0]])
    assert radius(real, 1).tolist() == [1, 1, 2, 0, 0]
    assert radius(real, 2).tolist() == [3, 2, 3, 4, 4]


def test_the_nearest_are_the_nearest():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    found = nearest(torch.tensor([[2.4], [6.0]]), real, 2)
    assert [sorted(row) for row in found.tolist()] == [[1, 2], [2, 3]]


def test_votes_and_balls_are_counted(gaussian, monkeypatch):
    made = torch.tensor([[[0.9], [2.05], [-1.1], [5.5], [20.0]]])
    monkeypatch.setattr("ae.metrics.samples.decoded", lambda *_, **__: made)
    x, y = torch.tensor([[0.0], [1.0], [3.0], [7.0], [6.0]]), torch.tensor([4, 4, 2, 2, 1])
    run = gaussian(x, (1.0, 1.0, 0.0), y=y)
    given = {"fitted": [], "codes": 9, "samples": 5, "images": 5, "neighbours": 1}
    # balls, of one neighbour: [-1, 1], [0, 2], [1, 5], [6, 8], [5, 7]
    assert coverage(run, **given) == pytest.approx([80])  # not 7
    # labels 4, 2, 4, 1, 2
    assert class_score(run, **given) == pytest.approx(
        [math.exp(0.8 * math.log(5 / 2) + 0.2 * math.log(5))]
    )
    given |= {"neighbours": 2, "images": 4}  # labels 4 4, 4 2, 4 4, 2 2, 2 2
    assert class_score(run, **given) == pytest.approx([math.exp(0.8 * math.log(2))])
    given["images"] = 3  # balls [-3, 3], [-1, 3], [0, 6]
    assert coverage(run, **given) == pytest.approx([100])


def test_classes_that_are_told_apart_are_counted():
    assert told_apart(np.eye(4)) == pytest.approx(4)
    assert told_apart(np.eye(4)[[0, 0, 0, 1, 1, 1]]) == pytest.approx(2)
    assert told_apart(np.eye(4)[[2, 2, 2]]) == pytest.approx(1)
    assert told_apart(np.full((5, 4), 0.25)) == pytest.approx(1)
    halves = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    assert told_apart(halves) == pytest.approx(2)


def test_samples_of_the_data_themselves_cover_what_theory_says(gaussian):
    real = torch.randn(2000, 2)
    run = gaussian(real, (1.0, 1.0, 0.0), (1.0, 1.0, 30.0))
    given = {"fitted": [], "codes": 9, "samples": 2000, "images": 2000, "neighbours": 5}
    inside, lost = coverage(run, **given)
    assert inside == pytest.approx(100 * (1 - 2**-5), abs=1)
    assert lost == 0


def test_moments_are_those_of_codes_drawn_from_the_posterior(gaussian):
    x = torch.tensor([[1.0, 2.0], [3.0, -2.0], [90.0, 90.0]])
    mean, std = moments(gaussian(x, (2.0, 0.5, 0.0), (1.0, 1.0, 0.0)), 2)
    torch.testing.assert_close(mean, torch.tensor([[4.0, 0.0], [2.0, 0.0]]))
    # variance of the means and mean of b^2 x^2
    expected = [[4 + 0.25 * 5, 16 + 0.25 * 4], [1 + 5.0, 4 + 4.0]]
    torch.testing.assert_close(std, torch.tensor(expected).sqrt())


def test_moments_without_a_posterior_are_those_of_the_codes(linear):
    x = torch.tensor([[1.0, 0.0], [3.0, 4.0], [5.0, 2.0], [90.0, 90.0]])
    mean, std = moments(linear(2 * torch.eye(2)[None], x), 3)
    torch.testing.assert_close(mean, torch.tensor([[6.0, 4.0]]))
    torch.testing.assert_close(std, torch.tensor([[32 / 3, 32 / 3]]).sqrt())


def test_codes_come_from_the_prior_or_from_the_fitted_gaussian(gaussian):
    x = torch.tensor([[10.0], [14.0]])
    run = gaussian(x, (1.0, 0.5, 3.0), (1.0, 0.0001, -3.0))
    prior = decoded(run, fitted=["other"], codes=2, samples=40_000)[..., 0]
    fitted = decoded(run, fitted=["a"], codes=2, samples=40_000)[..., 0]
    assert prior.mean(1).tolist() == pytest.approx([3, -3], abs=0.02)
    assert prior.std(1).tolist() == pytest.approx([1, 1], abs=0.02)
    assert fitted.mean(1).tolist() == pytest.approx([15, 9], abs=0.15)
    assert fitted.std(1).tolist() == pytest.approx([math.sqrt(4 + 37), 2], rel=0.02)
    assert not torch.equal(prior[0] - 3, prior[1] + 3)  # a stream a seed


def test_a_seed_draws_the_same_whatever_the_others_are(gaussian):
    x = torch.rand(4, 3)
    two = gaussian(x, (1.0, 1.0, 0.0), (2.0, 1.0, 1.0))
    one = gaussian(x, (1.0, 1.0, 0.0))
    for fitted in ([], ["a"]):
        drawn = [decoded(run, fitted=fitted, codes=4, samples=7)[0] for run in (two, one)]
        assert torch.equal(*drawn)


def test_a_seed_that_diverged_has_no_value(gaussian):
    y = torch.arange(9)
    run = gaussian(torch.rand(9, 2), (1.0, 1.0, math.nan), (1.0, 1.0, 0.0), y=y)
    given = {"fitted": [], "codes": 9, "samples": 5, "images": 9, "neighbours": 2}
    for found in (class_score(run, **given), coverage(run, **given)):
        assert math.isnan(found[0])
        assert math.isfinite(found[1])


@pytest.mark.parametrize("neighbours", [0, 9])
def test_as_many_neighbours_as_images_are_refused(gaussian, neighbours):
    run = gaussian(torch.rand(9, 2), (1.0, 1.0, 0.0))
    with pytest.raises(UserError, match=f"found {neighbours}; expected 1 to 8, one less than"):
        coverage(run, fitted=[], codes=9, samples=5, images=100, neighbours=neighbours)
