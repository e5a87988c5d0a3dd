"""What models with a Gaussian code share, of each of them: against torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence
from zoo import ZOO

from ae.maths import distributions
from ae.models.gaussian_code import GaussianCode
from ae.models.learnt_prior_vae import LearntPriorVAE
from ae.models.unified_vae import UnifiedVampVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
GAUSSIAN = [  # whose prior is one too; other priors have tests of their own
    name
    for name, entry in ZOO.items()
    if issubclass(entry.kind, GaussianCode)
    and entry.arguments.get("prior", "standard") == "standard"
    and entry.kind is not UnifiedVampVAE
]


def made(name, images=6):
    """A model off its special starting points, images, noise, and the Gaussians of its code."""
    torch.manual_seed(4)
    model = ZOO[name].build()().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.rand(images, ZOO[name].features)
    mean, logvar = model.posterior(x)
    noise = {"z": torch.randn(mean.shape)}
    prior = Independent(Normal(*centre(model, mean), validate_args=False), 1)
    return model, x, noise, Independent(Normal(mean, (logvar / 2).exp()), 1), prior


def centre(model, like):
    """The prior's mean and deviation: 0 and 1, unless the model learns them."""
    if isinstance(model, LearntPriorVAE):
        return model.prior_mean.expand_as(like), model.prior_log_deviation.exp().expand_as(like)
    return torch.zeros_like(like), torch.ones_like(like)


class Levels:
    """Pixels of so many levels, each with its own categorical distribution, as torch has it."""

    def __init__(self, logits):
        self.each, self.most = Categorical(logits=logits), logits.shape[-1] - 1
        self.mean = (self.each.probs * torch.linspace(0, 1, self.most + 1)).sum(-1)

    def log_prob(self, x):
        return self.each.log_prob((x * self.most).round()).sum(-1)


def law(model, z):
    """p(x given z) as torch has it."""
    found = model.pixels(z)
    if isinstance(found, distributions.Categorical):
        return Levels(model.decoder(z).view(len(z), model.features, model.levels))
    if isinstance(found, distributions.Bernoulli):
        return Independent(Bernoulli(logits=found.logits, validate_args=False), 1)
    return Independent(Normal(found.mean, (found.logvar / 2).exp(), validate_args=False), 1)


def test_there_are_the_models_that_have_such_a_code():
    assert len({ZOO[name].kind for name in GAUSSIAN}) >= 13


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_terms_of_the_bound_are_those_of_torch_distributions(name):
    model, x, noise, posterior, prior = made(name)
    terms = model.elbo_terms(x, noise)
    z = posterior.base_dist.loc + posterior.base_dist.scale * noise["z"]
    torch.testing.assert_close(terms.z, z)
    torch.testing.assert_close(terms.mean, posterior.base_dist.loc)
    torch.testing.assert_close((terms.logvar / 2).exp(), posterior.base_dist.scale)
    torch.testing.assert_close(terms.reconstruction, -law(model, z).log_prob(x))
    torch.testing.assert_close(terms.kl, kl_divergence(posterior, prior))
    torch.testing.assert_close(terms.bound, -terms.reconstruction - terms.kl)
    assert set(terms.parts) == {"reconstruction", "kl", "bound"}


@pytest.mark.parametrize("name", GAUSSIAN)
def test_log_weights_are_joint_less_posterior(name):
    model, x, noise, posterior, prior = made(name)
    z = posterior.base_dist.loc + posterior.base_dist.scale * noise["z"]
    joint = prior.log_prob(z) + law(model, z).log_prob(x)
    torch.testing.assert_close(model.log_joint(x, {"z": z}), joint)
    torch.testing.assert_close(model.log_weights(x, noise), joint - posterior.log_prob(z))


@pytest.mark.parametrize("name", GAUSSIAN)
def test_codes_are_the_posterior_s_mean_and_its_samples(name):
    model, x, noise, posterior, _ = made(name)
    torch.testing.assert_close(model.encode(x), posterior.mean)
    sample = posterior.mean + posterior.base_dist.scale * noise["z"]
    torch.testing.assert_close(model.sample_code(x, noise), sample)
    mean, deviation = centre(model, noise["z"])
    torch.testing.assert_close(model.prior_code(noise), mean + deviation * noise["z"])
    assert torch.equal(model.reconstruct(x), model.decode(model.encode(x)))
    torch.testing.assert_close(model.decode(sample), law(model, sample).mean)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_mean_log_weight_is_the_bound(name):
    """Over many samples; the divergence in closed form is what sampling estimates."""
    model, x, _, _, _ = made(name, images=1)
    images, noise = x.expand(4000, -1), torch.randn(4000, model.posterior(x)[0].shape[-1])
    with torch.no_grad():
        weights = model.log_weights(images, {"z": noise})
        bound = model.elbo_terms(images, {"z": noise}).bound
    error = (weights - bound).std().item() / math.sqrt(4000)
    assert weights.mean().item() == pytest.approx(bound.mean().item(), abs=5 * error)
