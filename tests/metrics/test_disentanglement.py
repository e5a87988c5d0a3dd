"""The scores on rendered images, by encoders whose scores are known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import UserError
from ae.library import Library
from ae.metrics import disentanglement as d
from ae.metrics import mutual_information
from ae.models.base import Autoencoder
from ae.training.stack import Stack
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]
NAMES = ["shape", "scale", "orientation", "x", "y"]
BETA = {
    "pairs": 16,
    "train": 400,
    "test": 200,
    "inverse_penalty": 10.0,
    "max_iter": 2000,
    "standard": True,
}
VOTE = {"batch": 16, "train": 400, "test": 200, "prune": 0.05}
DCI = {"estimator": "random_forest", "trees": 5, "train": 600, "test": 200}
SAP = {"kind": "regression", "train": 3000, "test": 0}


class Moments(Autoencoder):
    """Codes of what a seed's matrix makes of an image's centre and size."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(2, 2))
        side = math.isqrt(features)
        row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        both = torch.stack([column.flatten(), row.flatten()], -1)
        self.register_buffer("places", both.to(torch.get_default_dtype()) / side)
        self.draws = {}

    def encode(self, x):
        centre = x @ self.places / x.sum(-1, keepdim=True)
        return centre @ self.mix.T * 10

    def posterior(self, x):
        mean = self.encode(x)
        return mean, torch.full_like(mean, -8.0)

    def objective(self, batch, noise):
        raise NotImplementedError


def small(limit="all"):
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    return load(manifest, "all", limit=limit, library=Library.at(ROOT), device="cpu")


@pytest.fixture(scope="module")
def whole():
    return small()


@pytest.fixture
def run(exact_arithmetic, whole):
    """Seed 0 encodes the centre, seed 1 the same turned by an eighth, seed 2 nothing."""
    stack = Stack([lambda: Moments(1024)] * 3, range(3))
    mix = torch.tensor([[[1.0, 0], [0, 1]], [[1, 1], [1, -1]], [[0, 0], [0, 0]]])
    stack.load(stack.tensors() | {"mix": mix.double()})
    return Trained(name="a", label="A", stack=stack, train=whole, test=whole)


def test_the_truth_scores_the_most_and_pixels_do_not(run):
    truth = {"factors": NAMES, "split": "test", "codes": "factors"}
    assert d.beta_vae(run, **truth, **BETA) == [100] * 3
    assert d.factor_vae(run, **truth, **VOTE) == [100] * 3
    assert d.mig(run, **truth, bins=20) == pytest.approx([1] * 3)
    assert d.modularity(run, **truth, bins=20) == pytest.approx([1] * 3)
    assert min(d.sap(run, **truth, **SAP)) > 0.98
    for part in ("disentanglement", "completeness", "informativeness"):
        assert d.dci(run, **truth, **DCI, part=part) == pytest.approx([1] * 3, abs=1e-6)
    one = replace(run, stack=run.stack.select([0]), _memory={})
    assert d.mig(one, factors=["x"], split="test", codes="pixels", bins=2)[0] < 0.1


def test_centres_are_places_turned_centres_are_not_and_nothing_is_nothing(run):
    where = {"factors": ["x", "y"], "split": "test"}
    place, turned, none = d.mig(run, **where, bins=20)
    assert place > 0.8
    assert turned < 0.05
    assert none == 0
    place, turned, none = d.beta_vae(run, **where, **BETA)
    assert (place, none) == (100, pytest.approx(50, abs=12))
    assert turned < 65
    place, turned, none = d.factor_vae(run, **where, **VOTE)
    assert (place, none) == (100, 0)
    assert turned < 70
    place, turned, none = d.modularity(run, **where, bins=20)
    assert (place > 0.95, turned < 0.1, none) == (True, True, 0)


def test_what_is_told_first_is_what_centres_tell(run):
    asked = {"split": "test", "bins": 20}
    place, turned, none = d.told_first(run, first=["x", "y"], others=["scale", "shape"], **asked)
    assert place > 90
    assert turned > 90
    assert math.isnan(none)
    # Centres tell as much of x as of y.
    one = d.told_first(run, first=["x"], others=["y"], **asked)
    other = d.told_first(run, first=["y"], others=["x"], **asked)
    assert one[0] == pytest.approx(50, abs=3)
    assert one[0] + other[0] == pytest.approx(100)


def test_a_seed_scores_the_same_alone_and_a_diverged_one_nothing(run):
    chosen = {"factors": ["x", "y"], "split": "test"}
    three = d.beta_vae(run, **chosen, **BETA)
    alone = replace(run, stack=run.stack.select([1]), _memory={})
    assert d.beta_vae(alone, **chosen, **BETA) == three[1:2]
    broken = replace(run, _memory={})
    broken.stack.parameters["mix"].data[0] = math.nan
    assert math.isnan(d.mig(broken, **chosen, bins=20)[0])
    assert d.beta_vae(broken, **chosen, **BETA)[1:] == three[1:]


def test_entropies_of_samples_are_those_of_quadrature(exact_arithmetic):
    mean, logvar = torch.randn(7, 2) * 3, torch.randn(7, 2)
    found = mutual_information.entropy(mean, logvar, 40_000, torch.Generator().manual_seed(0))
    z = torch.linspace(-25, 25, 100_001)
    for j in range(2):
        normal = torch.distributions.Normal(mean[:, j], (logvar[:, j] / 2).exp())
        density = normal.log_prob(z[:, None]).exp().mean(1)
        expected = -torch.trapezoid(torch.special.xlogy(density, density), z)
        assert found[j].item() == pytest.approx(expected.item(), abs=0.02)


def test_the_gap_of_sharp_posteriors_is_that_of_their_means(run):
    sampled = mutual_information.sampled_gap(run, factors=["x", "y"], split="test", samples=300)
    assert sampled[0] > 0.6
    assert sampled[1] < 0.1
    assert sampled[2] == pytest.approx(0, abs=0.05)


def test_samples_that_tell_the_factor_and_nothing_else_have_a_gap_of_one(exact_arithmetic):
    data = small(120)

    class Told(Moments):
        def posterior(self, x):
            label = data.y[: len(x)].to(x.dtype)
            mean = torch.stack([10 * label, torch.zeros_like(label)], -1)
            return mean, torch.full_like(mean, -2.0)

    stack = Stack([lambda: Told(1024)], [0])
    run = Trained(name="a", label="A", stack=stack, train=data, test=data)
    found = mutual_information.sampled_gap(run, factors=["shape"], split="test", samples=4000)
    assert found == pytest.approx([1], abs=0.05)


def test_factors_that_are_not_there_are_named(run, linear):
    with pytest.raises(UserError, match="run 'a': found 'colour'; the data set has shape, scale"):
        d.mig(run, factors=["colour"], split="test", bins=20)
    squares = replace(run, test=load_squares())
    with pytest.raises(UserError, match="run 'a': all examples have the same 'shape'"):
        d.mig(squares, factors=["shape"], split="test", bins=20)


def load_squares():
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    return load(manifest, "all", limit=20, library=Library.at(ROOT), device="cpu", only=(0,))


def test_standard_codes_score_the_same_in_any_unit(run):
    chosen = {"factors": ["x", "y"], "split": "test"}
    there = d.beta_vae(run, **chosen, **BETA)
    small_ones = replace(run, _memory={})
    small_ones.stack.parameters["mix"].data.mul_(1e-6)
    assert d.beta_vae(small_ones, **chosen, **BETA) == there
    assert d.beta_vae(small_ones, **chosen, **BETA | {"standard": False})[0] < 70


def test_a_fit_that_does_not_converge_is_refused(run):
    with pytest.raises(UserError, match=r"not converged after max_iter = 1 iterations; raise it"):
        d.beta_vae(run, factors=["x", "y"], split="test", **BETA | {"max_iter": 1})
