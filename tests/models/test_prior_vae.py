"""The priors of small images' autoencoders: densities by torch.distributions, samples by their moments."""

import pytest
import torch
from torch.autograd.functional import jacobian
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
)

from ae.maths.coupling import Couplings
from ae.models.base import Batch
from ae.models.prior_vae import MIXTURES, REACH, PriorVAE, square

FEATURES, LATENT, COMPONENTS = 6, 2, 4
PRIORS = ("standard", *MIXTURES, "flow")
pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(prior, joint=True, seed=3):
    torch.manual_seed(seed)
    model = PriorVAE(
        FEATURES,
        hidden=[9, 8],
        latent=LATENT,
        levels=5,
        floor=1e-5,
        prior=prior,
        components=COMPONENTS,
        joint=joint,
    )
    if prior in MIXTURES:
        model.weights.data.normal_()
    return model


def drawn(model, count, seed=0):
    g = torch.Generator().manual_seed(seed)
    law = {"normal": torch.randn, "uniform": torch.rand}
    draws = model.draws_for("prior_code", None)
    return {k: law[d.law](count, *d.shape, generator=g) for k, d in draws.items()}


def mixture(model):
    """The prior as torch has it."""
    mean, logvar = model.components()
    choice = Categorical(logits=model.weights)
    return MixtureSameFamily(choice, Independent(Normal(mean, (logvar / 2).exp()), 1))


@pytest.mark.parametrize("prior", MIXTURES)
def test_a_mixture_has_the_density_that_torch_gives_it(prior):
    model, z = made(prior), torch.randn(7, LATENT)
    torch.testing.assert_close(model.log_prior(z), mixture(model).log_prob(z))


@pytest.mark.parametrize("prior", MIXTURES)
def test_apart_each_number_has_a_mixture_of_its_own_with_the_same_weights(prior):
    model, z = made(prior, joint=False), torch.randn(7, LATENT)
    mean, logvar = model.components()
    expected = sum(
        MixtureSameFamily(
            Categorical(logits=model.weights), Normal(mean[:, j], (logvar[:, j] / 2).exp())
        ).log_prob(z[:, j])
        for j in range(LATENT)
    )
    torch.testing.assert_close(model.log_prior(z), expected)
    alike = torch.allclose(model.log_prior(z), made(prior).log_prior(z))
    assert not alike or prior == "gtm-vamp"  # whose parts begin alike


@pytest.mark.parametrize("joint", [True, False])
def test_codes_drawn_from_a_mixture_have_its_mean_and_covariance(joint):
    model = made("mixture", joint)
    with torch.no_grad():
        found = model.prior_code(drawn(model, 200_000))
        expected = mixture(model)
    torch.testing.assert_close(found.mean(0), expected.mean, atol=0.02, rtol=0)
    torch.testing.assert_close(found.var(0), expected.variance, atol=0.03, rtol=0.02)
    mean, weights = model.components()[0], model.weights.softmax(0)
    apart = mean - expected.mean
    between = (weights * apart[:, 0] * apart[:, 1]).sum() if joint else torch.tensor(0.0)
    assert abs(between) > 0.1 or not joint
    torch.testing.assert_close(torch.cov(found.T)[0, 1], between, atol=0.03, rtol=0)


def test_a_flow_is_a_standard_normal_sent_through_its_samples():
    torch.manual_seed(0)
    flow = Couplings(4, width=8, count=3)
    noise = torch.randn(4)
    z = flow.sample(noise[None])
    slope = jacobian(lambda e: flow.sample(e[None])[0], noise)
    assert abs(slope.det().log()) > 0.05
    expected = Normal(0.0, 1.0).log_prob(noise).sum() - slope.det().abs().log()
    torch.testing.assert_close(flow.log_prob(z)[0], expected)


def test_a_flow_of_an_odd_size_is_refused():
    with pytest.raises(ValueError, match="size 3: expected an even one"):
        Couplings(3, width=8, count=1)


def test_the_grid_is_square_and_reaches_to_both_ends():
    grid = square(9)
    assert grid.tolist() == [[a, b] for a in (-REACH, 0, REACH) for b in (-REACH, 0, REACH)]
    with pytest.raises(ValueError, match="components 5: expected a square number"):
        square(5)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_objective_is_the_bound_at_one_sample(prior):
    model, x = made(prior), torch.randint(5, (6, FEATURES)) / 4
    noise = {"z": torch.randn(6, LATENT)}
    found = model.objective(Batch(x), noise)
    mean, logvar = model.posterior(x)
    posterior = Independent(Normal(mean, (logvar / 2).exp()), 1)
    z = posterior.mean + posterior.stddev * noise["z"]
    pixels = Categorical(logits=model.decoder(z).view(6, FEATURES, 5)).log_prob(4 * x).sum(-1)
    expected = pixels + model.log_prior(z) - posterior.log_prob(z)
    torch.testing.assert_close(-found.loss, expected, atol=1e-4, rtol=1e-4)  # for the floor
    torch.testing.assert_close(model.log_weights(x, noise), -found.loss)
