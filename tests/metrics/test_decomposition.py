"""The divergence taken apart, of posteriors whose parts are known."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from ae.metrics import decomposition as d
from ae.models.base import Autoencoder
from ae.training.stack import Stack

LATENT = 2


class Given(Autoencoder):
    """The first numbers of an image are the mean of its posterior, the others its log variance."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.draws = {}

    def encode(self, x):
        return x[:, :LATENT] * self.scale

    def posterior(self, x):
        return self.encode(x), x[:, LATENT:]

    def objective(self, batch, noise):
        raise NotImplementedError


@pytest.fixture
def given(run):
    def make(mean, logvar, scales=(1.0,)):
        stack = Stack([Given] * len(scales), range(len(scales)))
        stack.load({"scale": torch.tensor(scales)[:, None]})
        return run(stack, torch.cat([mean, logvar], -1), shape=(2 * LATENT,))

    return make


def every(run, **chosen):
    return {part: d.term(run, part=part, split="test", **chosen) for part in d.PARTS}


def test_of_a_gaussian_the_parts_are_those_of_the_formulas(given):
    # Posteriors of spread 0.2 about means that make the codes N(0, cover).
    count, spread = 3000, 0.2
    cover = torch.tensor([[1.5, 1.0], [1.0, 1.2]])
    mean = MultivariateNormal(torch.zeros(2), cover - spread**2 * torch.eye(2)).sample((count,))
    run = given(mean, torch.full_like(mean, 2 * math.log(spread)))
    found = every(run, examples=count)
    determinant, variances = cover.det().item(), cover.diagonal()
    information = 0.5 * math.log(determinant / spread**4)
    correlation = 0.5 * math.log(variances.prod().item() / determinant)
    dimensions = 0.5 * (variances - 1 - variances.log()).sum().item()
    assert found["mutual_information"] == pytest.approx([information], abs=0.1)  # 3.1
    assert found["total_correlation"] == pytest.approx([correlation], abs=0.05)  # 0.41
    assert found["dimension_kl"] == pytest.approx([dimensions], abs=0.05)  # 0.06
    assert abs(d.excess(run, split="test", examples=count)[0]) < 4


def test_posteriors_apart_tell_which_image_it_was(given):
    mean = torch.tensor([[-9.0, -9], [-9, 9], [9, -9], [9, 9]])
    found = every(given(mean, torch.zeros(4, 2)), examples=4)
    assert found["mutual_information"] == pytest.approx([math.log(4)])
    assert found["total_correlation"] == pytest.approx([0], abs=1e-9)
    two = every(given(mean[[0, 3]], torch.zeros(2, 2)), examples=2)
    assert two["mutual_information"] == pytest.approx([math.log(2)])
    assert two["total_correlation"] == pytest.approx([math.log(2)])


def test_posteriors_that_are_the_prior_have_nothing_in_them(given):
    found = every(given(torch.zeros(50, 2), torch.zeros(50, 2)), examples=50)
    assert [*found.values()] == [pytest.approx([0], abs=1e-12)] * 3


def test_the_excess_counts_standard_errors(given, monkeypatch):
    # Posteriors N(m, 1): a code z = m + e has m e more than the divergence m^2 / 2, a term of spread 2.
    mean = torch.tensor([[2.0, 0], [-2, 0]]).repeat(200, 1)
    run = given(mean, torch.zeros_like(mean), tuple([1.0] * 30))
    found = torch.tensor(d.excess(run, split="test", examples=400))
    assert found.std().item() == pytest.approx(1, abs=0.35)
    off = d.kl_to_standard_normal
    monkeypatch.setattr(d, "kl_to_standard_normal", lambda *given: off(*given) - 2)
    apart = given(mean, torch.zeros_like(mean))
    assert d.excess(apart, split="test", examples=400)[0] == pytest.approx(
        2 / (2 / math.sqrt(400)), abs=4
    )


def test_the_sum_is_that_of_the_codes_and_pieces_are_no_matter(given, monkeypatch):
    mean, logvar = torch.randn(40, 2), torch.randn(40, 2)
    whole = every(given(mean, logvar), examples=40)
    monkeypatch.setattr(d, "TERMS", 40 * LATENT * 3)
    pieces = every(given(mean, logvar), examples=40)
    assert pieces == {part: pytest.approx(values, abs=1e-12) for part, values in whole.items()}


def test_a_seed_is_measured_the_same_alone_and_a_diverged_one_is_nan(given):
    mean, logvar = torch.randn(40, 2), torch.randn(40, 2)
    three = every(given(mean, logvar, (1.0, math.nan, 2.0)), examples=40)
    alone = every(given(mean, logvar), examples=40)
    for part, values in three.items():
        assert values[:1] == pytest.approx(alone[part], abs=1e-12)
        assert math.isnan(values[1])
        assert math.isfinite(values[2])
