"""The von Mises-Fisher distribution against scipy's, against integrals, and against its samples."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, special
from scipy.stats import kstest, vonmises_fisher

from ae.maths import von_mises

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
SIZES = [3, 4, 6, 11, 21, 41]
KAPPAS = [1.0, 3.7, 25.0, 400.0]


def noise(m, count, seed=0, proposals=von_mises.PROPOSALS):
    g = torch.Generator().manual_seed(seed)
    return {
        "spheres": torch.randn(count, proposals, m, generator=g),
        "uniform": torch.rand(count, proposals, generator=g),
        "tangent": torch.randn(count, m, generator=g),
    }


def directions(m, count, seed=1):
    return von_mises.unit(torch.randn(count, m, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_the_density_is_scipys(m, kappa):
    mean, z = directions(m, 1), directions(m, 20, seed=2)
    found = von_mises.log_prob(z, mean, torch.tensor([kappa]))
    exact = vonmises_fisher(mean[0].numpy(), kappa).logpdf(z.numpy())
    np.testing.assert_allclose(found.numpy(), exact, atol=2e-7)


@pytest.mark.parametrize("m", SIZES)
def test_the_sphere_has_the_area_that_makes_the_uniform_density_one(m):
    assert von_mises.log_area(m) == pytest.approx(
        math.log(2 * math.pi ** (m / 2) / math.gamma(m / 2))
    )
    if m == 3:
        assert math.exp(von_mises.log_area(3)) == pytest.approx(4 * math.pi)


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_the_divergence_is_the_papers_with_scipys_bessel_functions(m, kappa):
    """kappa I_{m/2} / I_{m/2 - 1} + log C_m(kappa) - log(1 / area), equation 14."""
    ratio = special.ive(m / 2, kappa) / special.ive(m / 2 - 1, kappa)
    log_iv = math.log(special.ive(m / 2 - 1, kappa)) + kappa
    log_c = (m / 2 - 1) * math.log(kappa) - m / 2 * math.log(2 * math.pi) - log_iv
    exact = kappa * ratio + log_c + von_mises.log_area(m)
    found = von_mises.kl_to_uniform(m, torch.tensor([kappa])).item()
    assert found == pytest.approx(exact, abs=2e-7)


@pytest.mark.parametrize("kappa", [0.01, 1.0, 8.0])
def test_the_divergence_is_the_integral(kappa):
    """On the sphere in three dimensions the height w has density kappa e^(kappa w) / (2 sinh kappa)."""

    def term(w):
        log_q = math.log(kappa / (2 * math.sinh(kappa))) + kappa * w
        return math.exp(log_q) * (log_q - math.log(0.5))

    exact, _ = integrate.quad(term, -1, 1)
    found = von_mises.kl_to_uniform(3, torch.tensor([kappa])).item()
    assert found == pytest.approx(exact, abs=2e-7)


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_heights_of_samples_have_the_law(m, kappa):
    """The height's density is proportional to e^(kappa w) (1 - w^2)^((m - 3) / 2)."""
    count = 20_000
    mean = directions(m, 1).expand(count, -1)
    z = von_mises.sample(mean, torch.full((count,), kappa), **noise(m, count, seed=5))
    torch.testing.assert_close((z**2).sum(-1), torch.ones(count), rtol=0, atol=1e-7)
    grid = np.linspace(-1, 1, 400_001)
    inside = np.clip(1 - grid**2, 1e-300, None)
    density = np.exp(kappa * (grid - 1) + (m - 3) / 2 * np.log(inside))
    law = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    heights = (z * mean).sum(-1).numpy()
    assert kstest(heights, lambda w: np.interp(w, grid, law / law[-1])).pvalue > 0.003


@pytest.mark.parametrize("m", SIZES)
def test_samples_lie_about_their_mean_evenly(m):
    count = 40_000
    mean = directions(m, 1).expand(count, -1)
    z = von_mises.sample(mean, torch.full((count,), 10.0), **noise(m, count))
    ratio = special.ive(m / 2, 10.0) / special.ive(m / 2 - 1, 10.0)
    torch.testing.assert_close(z.mean(0), ratio * mean[0], rtol=0, atol=0.01)


@pytest.mark.parametrize("m", SIZES)
def test_a_sample_without_an_accepted_proposal_is_rare(m):
    kappa = torch.logspace(-1, 4, 60)[:, None]
    b = (m - 1) / (2 * kappa + (4 * kappa**2 + (m - 1) ** 2).sqrt())
    g = torch.Generator().manual_seed(3)
    beta = (1 + von_mises.unit(torch.randn(60, 4000, m, generator=g))[..., 0]) / 2
    w = (1 - (1 + b) * beta) / (1 - (1 - b) * beta)
    taken = von_mises.accepted(w, kappa, b, torch.rand(60, 4000, generator=g), m)
    worst = 1 - taken.double().mean(1).min().item()
    assert worst**von_mises.PROPOSALS < 1e-6


def test_a_reflection_takes_the_first_axis_to_the_mean_and_keeps_lengths_and_angles():
    mean = torch.cat([directions(5, 20), torch.eye(5)[:1], -torch.eye(5)[:1]])
    z = torch.randn(22, 5)
    first = torch.eye(5)[:1].expand(22, -1)
    torch.testing.assert_close(von_mises.reflected(first, mean), mean)
    turned = von_mises.reflected(z, mean)
    torch.testing.assert_close((turned**2).sum(-1), (z**2).sum(-1))
    torch.testing.assert_close((turned * mean).sum(-1), z[:, 0])


def test_a_larger_concentration_brings_the_sample_of_one_noise_nearer():
    kappa = torch.full((200,), 5.0, requires_grad=True)
    given = noise(6, 200)
    heights = von_mises.cosine(kappa, given["spheres"], given["uniform"])
    (slope,) = torch.autograd.grad(heights.sum(), kappa)
    assert (slope > 0).all()
