"""Broken sticks against scipy, torch.distributions and numerical integration."""

import math
from itertools import pairwise

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import kstest
from torch.distributions import Beta, Kumaraswamy, kl_divergence

from ae.maths import sticks

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SHAPES = [(0.4, 0.7), (1.0, 5.0), (2.5, 0.3), (3.0, 8.0), (0.2, 20.0)]


def shares(v):
    return sticks.Shares(v.log(), (1 - v).log())


def one(a, b):
    return torch.tensor([[a]]), torch.tensor([[b]])


def expectation(density, function):
    """The integral of function * exp(density) over (0, 1), in the logit of v."""

    def slope(t):
        logit = torch.tensor([[t]])
        broken = sticks.from_logits(logit)
        jacobian = (broken.taken + broken.left).sum()
        return float((density(broken) + jacobian).exp() * function(broken))

    return quad(slope, -300, 60, points=[-20, -5, 0, 5, 20], limit=400)[0]


def test_pieces_are_what_is_broken_off_and_sum_to_one():
    v = torch.tensor([0.5, 0.2, 0.9])
    found = sticks.pieces(shares(v))
    torch.testing.assert_close(found, torch.tensor([0.5, 0.1, 0.36, 0.04]))
    many = sticks.pieces(shares(torch.rand(100, 49)))
    torch.testing.assert_close(many.sum(-1), torch.ones(100))


@pytest.mark.parametrize("concentration", [0.5, 5.0])
def test_the_prior_expects_pieces_that_shrink_by_the_same_ratio(concentration):
    left = torch.rand(200_000, 6).log() / concentration
    mean = sticks.pieces(sticks.Shares(sticks.log1mexp(-left), left)).mean(0)
    expected = sticks.expected_pieces(concentration, 7)
    torch.testing.assert_close(mean, torch.tensor(expected), rtol=0, atol=3e-3)
    assert sum(expected) == pytest.approx(1)
    for larger, smaller in pairwise(expected[:6]):
        assert smaller / larger == pytest.approx(concentration / (1 + concentration))


def test_log1mexp_where_a_plain_formula_loses_everything():
    t = torch.tensor([1e-6, 1e-3, 0.7, 40.0])
    expected = [math.log(-math.expm1(-float(x))) for x in t[:3]] + [-math.exp(-40)]
    torch.testing.assert_close(sticks.log1mexp(t), torch.tensor(expected), rtol=1e-12, atol=0)
    single = sticks.log1mexp(torch.tensor([0.0, 1e-30, 1e30], dtype=torch.float32))
    assert single.isfinite().all()


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_the_density_of_kumaraswamy_is_that_of_torch(a, b):
    v = torch.linspace(0.01, 0.99, 50).unsqueeze(-1)
    theirs = Kumaraswamy(torch.tensor(a), torch.tensor(b)).log_prob(v).sum(-1)
    ours = sticks.log_kumaraswamy(shares(v), torch.full_like(v, a), torch.full_like(v, b))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_samples_of_kumaraswamy_have_its_distribution(a, b):
    u = torch.rand(4000)
    v = sticks.kumaraswamy(torch.tensor(a), torch.tensor(b), u).taken.exp()
    assert kstest(v.numpy(), lambda x: 1 - (1 - x**a) ** b).pvalue > 1e-3


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize("concentration", [0.5, 5.0])
def test_the_series_tends_to_the_divergence_of_kumaraswamy_from_beta(a, b, concentration):
    first, second, prior = *one(a, b), torch.tensor(concentration)

    def density(broken):
        return sticks.log_kumaraswamy(broken, first, second)

    def gap(broken):
        return density(broken) - sticks.log_beta_prior(broken, prior)

    exact = expectation(density, gap)
    errors = [
        float(sticks.kl_kumaraswamy_beta(first, second, prior, terms=terms)) - exact
        for terms in (10, 100, 10_000)
    ]
    # What is cut off after M terms is, for large M, (concentration - 1) Gamma(b) (a / M)^b.
    cut = (concentration - 1) * math.gamma(b) * (a / 10_000) ** b
    assert errors[2] == pytest.approx(-cut, rel=0.01, abs=1e-6)
    sizes = [abs(error) for error in errors]
    assert sizes == sorted(sizes, reverse=True) or max(sizes) < 1e-6
    assert errors[0] < 1e-6 if concentration > 1 else errors[0] > -1e-6


def test_ten_terms_are_ten_terms_of_the_paper():
    a, b, beta = 1.7, 2.3, 5.0
    series = sum(
        math.exp(math.lgamma(m / a) + math.lgamma(b) - math.lgamma(m / a + b)) / (m + a * b)
        for m in range(1, 11)
    )
    psi = float(torch.digamma(torch.tensor(b)))
    paper = (a - 1) / a * (-sticks.EULER - psi - 1 / b) + math.log(a * b) - (b - 1) / b
    paper += math.log(1 / beta) + (beta - 1) * b * series
    ours = sticks.kl_kumaraswamy_beta(*one(a, b), torch.tensor(beta), terms=10)
    assert float(ours) == pytest.approx(paper, rel=1e-12)


def test_the_divergence_between_betas_is_that_of_torch():
    a, b = torch.rand(6, 4) * 5 + 0.1, torch.rand(6, 4) * 5 + 0.1
    theirs = kl_divergence(Beta(a, b), Beta(torch.tensor(1.0), torch.tensor(3.0))).sum(-1)
    torch.testing.assert_close(sticks.kl_beta_beta(a, b, torch.tensor(3.0)), theirs)


def test_the_prior_is_the_beta_of_torch():
    v = torch.rand(6, 4)
    theirs = Beta(torch.tensor(1.0), torch.tensor(3.0)).log_prob(v).sum(-1)
    torch.testing.assert_close(sticks.log_beta_prior(shares(v), torch.tensor(3.0)), theirs)


@pytest.mark.parametrize(
    "density",
    [
        lambda broken: sticks.log_kumaraswamy(broken, *one(0.6, 3.0)),
        lambda broken: sticks.log_logistic_normal(broken, *one(-1.0, 0.5)),
        lambda broken: sticks.log_gamma_ratio(broken, *one(0.6, 3.0)),
    ],
    ids=["kumaraswamy", "logistic_normal", "gamma_ratio"],
)
def test_densities_integrate_to_one(density):
    assert expectation(density, lambda broken: 1.0) == pytest.approx(1, rel=1e-6)


def test_one_sample_estimates_the_divergence_of_a_logistic_normal_without_bias():
    mean, logvar, prior = *one(-1.0, 0.5), torch.tensor(5.0)

    def density(broken):
        return sticks.log_logistic_normal(broken, mean, logvar)

    def gap(broken):
        return density(broken) - sticks.log_beta_prior(broken, prior)

    broken = sticks.logistic_normal(mean, logvar, torch.randn(100_000, 1))
    estimates = sticks.kl_logistic_normal_beta(broken, logvar.expand(100_000, 1), prior)
    error = float(estimates.std()) / math.sqrt(100_000)
    assert float(estimates.mean()) == pytest.approx(expectation(density, gap), abs=4 * error)
    assert error < 0.01


def test_ratios_of_approximate_gammas_have_the_density_that_is_said_of_them():
    a, b = one(0.6, 3.0)
    v = sticks.gamma_ratio(a, b, torch.rand(20_000, 1), torch.rand(20_000, 1)).taken.exp()
    at = torch.linspace(-30, 30, 200_001).unsqueeze(-1)
    broken = sticks.from_logits(at)
    slope = (sticks.log_gamma_ratio(broken, a, b) + (broken.taken + broken.left).sum(-1)).exp()
    below = torch.cumulative_trapezoid(slope, at.squeeze(-1))

    def cdf(x):
        logit = torch.logit(torch.from_numpy(x))
        return below[torch.searchsorted(at[1:].squeeze(-1), logit).clamp(max=199_999)].numpy()

    assert kstest(v.squeeze(-1).numpy(), cdf).pvalue > 1e-3


def test_for_small_shapes_the_approximate_inverse_gives_beta():
    a, b = torch.tensor(0.05), torch.tensor(0.08)
    v = sticks.gamma_ratio(a, b, torch.rand(4000), torch.rand(4000)).taken.exp()
    theirs = Beta(a, b)
    assert float(v.mean()) == pytest.approx(float(theirs.mean), abs=0.03)
    assert float(v.std()) == pytest.approx(float(theirs.stddev), abs=0.03)
