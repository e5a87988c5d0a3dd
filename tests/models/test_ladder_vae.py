"""Layers of codes inferred upwards or as a ladder: against torch.distributions, and exact evidence."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from ae.models.base import Batch
from ae.models.ladder_vae import FLOOR, Gaussian, LadderVAE, product

FEATURES, BATCH = 6, 5
SIZES = {"hidden": [7, 5, 4], "latent": [4, 3, 2]}
pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(ladder, normalised=False, depth=3, seed=0):
    torch.manual_seed(seed)
    sizes = {name: values[:depth] for name, values in SIZES.items()}
    return LadderVAE(FEATURES, **sizes, ladder=ladder, normalised=normalised)


def drawn(model, count=BATCH, seed=1):
    g = torch.Generator().manual_seed(seed)
    return {k: torch.randn(count, *d.shape, generator=g) for k, d in model.draws.items()}


@pytest.fixture
def x():
    return torch.rand(BATCH, FEATURES).round()


def normal(gaussian):
    return Normal(gaussian.mean, (gaussian.logvar / 2).exp())


def test_a_product_is_the_density_that_two_densities_make_together():
    one, other = (Gaussian(torch.randn(1, 1), 2 * torch.randn(1, 1)) for _ in "ab")
    z = torch.linspace(-60, 60, 400_001)
    both = (normal(one).log_prob(z) + normal(other).log_prob(z)).squeeze(0)
    density = both.exp() / torch.trapezoid(both.exp(), z)
    mean = torch.trapezoid(density * z, z)
    variance = torch.trapezoid(density * (z - mean) ** 2, z)
    found = product(one, other)
    torch.testing.assert_close(found.mean.squeeze(), mean, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(found.logvar.exp().squeeze(), variance, rtol=1e-6, atol=1e-9)


def test_a_product_is_the_posterior_of_a_gaussian_prior_and_likelihood():
    """As MultivariateNormal conditions z on a measurement y = z + noise."""
    prior, seen = Gaussian(torch.randn(1, 3), torch.randn(1, 3)), torch.randn(1, 3)
    noise = torch.randn(1, 3)  # log variance
    found = product(Gaussian(seen, noise), prior)
    for j in range(3):
        v, s = prior.logvar[0, j].exp(), noise[0, j].exp()
        gain = v / (v + s)
        mean = prior.mean[0, j] + gain * (seen[0, j] - prior.mean[0, j])
        torch.testing.assert_close(found.mean[0, j], mean)
        torch.testing.assert_close(found.logvar[0, j].exp(), v - gain * v)
    flat = Gaussian(torch.zeros(1, 3), torch.full((1, 3), 80.0))  # that says nothing
    torch.testing.assert_close(product(prior, flat).mean, prior.mean)
    torch.testing.assert_close(product(flat, prior).logvar, prior.logvar)


def by_torch(model, x, noise):
    """(q, p, z) of every layer from the lowest, and p(x given z_1)."""
    q = [None] * 3
    if model.ladder:
        up, below = [], x
        for encoder in model.encoder:
            up.append(encoder(below))
            below = up[-1].mean
        z = [None] * 3
        for i in (2, 1, 0):
            q[i] = normal(up[i])
            if i < 2:
                top = normal(model.down[i](z[i + 1]))
                weights = [n.variance.reciprocal() for n in (q[i], top)]
                mean = (weights[0] * q[i].mean + weights[1] * top.mean) / sum(weights)
                q[i] = Normal(mean, sum(weights).rsqrt())
            z[i] = q[i].mean + q[i].stddev * noise[f"z{i + 1}"]
    else:
        z, below = [], x
        for i, encoder in enumerate(model.encoder):
            q[i] = normal(encoder(below))
            below = q[i].mean + q[i].stddev * noise[f"z{i + 1}"]
            z.append(below)
    p = [normal(prior(high)) for prior, high in zip(model.prior, z[1:], strict=True)]
    p.append(Normal(torch.zeros_like(z[2]), 1.0))
    return q, p, z, Independent(Bernoulli(logits=model.decoder(z[0])), 1)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("ladder", [True, False])
def test_the_bound_is_what_torch_says_layer_by_layer(ladder, normalised, x):
    model = made(ladder, normalised)
    noise = drawn(model)
    model.eval()
    q, p, z, pixels = by_torch(model, x, noise)
    each = [
        (one.log_prob(own) - other.log_prob(own)).sum(-1)
        for one, other, own in zip(q, p, z, strict=True)
    ]
    found = model.objective(Batch(x), noise)
    for i, expected in enumerate(each, 1):
        torch.testing.assert_close(found.parts[f"kl_{i}"], expected)
        torch.testing.assert_close(model.divergences(x, noise)[f"z{i}"].sum(-1), expected)
    bound = pixels.log_prob(x) - sum(each)
    torch.testing.assert_close(found.parts["bound"], bound)
    torch.testing.assert_close(found.loss, -bound)
    torch.testing.assert_close(model.log_weights(x, noise), bound)
    joint = model.log_joint(x, {f"z{i}": own for i, own in enumerate(z, 1)})
    torch.testing.assert_close(
        joint, bound + sum(n.log_prob(own).sum(-1) for n, own in zip(q, z, strict=True))
    )


def test_the_warm_up_weighs_the_divergence_and_nothing_else(x):
    model = made(True)
    noise = drawn(model)
    whole = model.objective(Batch(x), noise)
    model.beta.fill_(0.25)
    part = model.objective(Batch(x), noise)
    expected = whole.parts["reconstruction"] + 0.25 * whole.parts["kl"]
    torch.testing.assert_close(part.loss, expected)
    torch.testing.assert_close(part.parts["bound"], whole.parts["bound"])


@pytest.mark.parametrize("normalised", [True, False])
def test_a_ladder_of_one_layer_is_the_plain_autoencoder(normalised, x):
    one, other = (made(ladder, normalised, depth=1) for ladder in (True, False))
    noise = drawn(one)
    assert [n for n, _ in one.named_parameters()] == [n for n, _ in other.named_parameters()]
    found = []
    for model in (one, other):
        loss = model.objective(Batch(x), noise).loss
        found.append([loss, *torch.autograd.grad(loss.sum(), list(model.parameters()))])
    for mine, theirs in zip(*found, strict=True):
        assert torch.equal(mine, theirs)


def test_a_ladder_infers_the_upper_layers_without_noise_below(x):
    """The way up is deterministic: only the plain posterior's upper layers see the noise of the lower."""
    for ladder in (True, False):
        model = made(ladder)
        noise = drawn(model)
        other = {**noise, "z1": noise["z1"] + 1}
        one, two = (model._posterior(x, n)[2][0].mean for n in (noise, other))
        assert torch.equal(one, two) == ladder


class Affine(nn.Module):
    """A Gaussian whose mean is linear and whose variance is one number."""

    def __init__(self, weight, shift, logvar):
        super().__init__()
        self.weight, self.shift, self.logvar = weight, shift, logvar

    def forward(self, x):
        mean = x @ self.weight.T + self.shift
        return Gaussian(mean, torch.full_like(mean, self.logvar))


class LinearLadder(LadderVAE):
    """Two layers of codes and x, all linear and Gaussian: log p(x) is known."""

    def _terms(self, x, noise):
        layers = super()._terms(x, noise)[1]
        z1 = self._posterior(x, noise)[0][1]
        return -self.pixels(z1).each(x).sum(-1), layers


def linear(ladder):
    """A generative model drawn at random, and a posterior that is near the true one but not it."""
    g = torch.Generator().manual_seed(3)
    w1, w2 = torch.randn(3, 2, generator=g), torch.randn(2, 1, generator=g)
    model = LinearLadder(3, hidden=[2, 2], latent=[2, 1], ladder=ladder, normalised=False)
    model.pixels = Affine(w1, torch.zeros(3), math.log(0.5))
    model.decoder = nn.Linear(2, 3)  # whose pixels are not asked
    model.prior[0] = Affine(w2, torch.zeros(2), math.log(0.3))
    of_z1 = w2 @ w2.T + 0.3 * torch.eye(2)
    covariance = w1 @ of_z1 @ w1.T + 0.5 * torch.eye(3)
    evidence = MultivariateNormal(torch.zeros(3), covariance)
    gain1 = of_z1 @ w1.T @ covariance.inverse()
    gain2 = w2.T @ of_z1.inverse()
    model.encoder[0] = Affine(gain1, torch.zeros(2), math.log(0.4))
    model.encoder[1] = Affine(gain2, torch.zeros(1), math.log(0.8))
    if ladder:
        model.down[0] = Affine(w2, torch.zeros(2), math.log(0.9))
    return model, evidence


@pytest.mark.parametrize("ladder", [True, False])
def test_importance_sampling_reaches_the_evidence_of_a_linear_gaussian_hierarchy(ladder):
    model, evidence = linear(ladder)
    x = 1.5 * torch.randn(4, 3, generator=torch.Generator().manual_seed(5))
    count = 200_000
    many = x.repeat_interleave(count, 0)
    with torch.no_grad():
        w = model.log_weights(many, drawn(model, len(many))).view(4, count)
    exact = evidence.log_prob(x)
    torch.testing.assert_close(w.logsumexp(1) - math.log(count), exact, atol=0.02, rtol=0)
    assert (w.mean(1) < exact - 0.05).all()  # the bound is below, so that the weights do something


def test_codes_of_the_prior_come_down_through_all_layers():
    model = made(True)
    noise = drawn(model)
    z = noise["z3"]
    for name, prior in (("z2", model.prior[1]), ("z1", model.prior[0])):
        given = normal(prior(z))
        z = given.mean + given.stddev * noise[name]
    torch.testing.assert_close(model.prior_code(noise), z)


def test_no_variance_is_below_the_floor():
    model = made(False)
    with torch.no_grad():
        model.encoder[0].variance.bias.fill_(-200.0)
    logvar = model.encoder[0](torch.ones(1, FEATURES)).logvar
    torch.testing.assert_close(logvar, torch.full_like(logvar, math.log(FLOOR)))


def test_normalisation_sits_everywhere_but_before_the_pixels():
    model = made(True, normalised=True)
    norms = [n for n, _ in model.named_modules() if n.endswith("norm")]
    layers = [n for n, m in model.named_modules() if hasattr(m, "normalised")]
    assert len(layers) - len(norms) == 1
    assert "decoder.4" in layers
    assert "decoder.4.norm" not in norms
    with torch.no_grad():
        x = torch.rand(64, FEATURES).round()
        made_of = model.encoder[0](x).mean
    torch.testing.assert_close(made_of.mean(0), torch.zeros(4), atol=1e-12, rtol=0)
    torch.testing.assert_close(made_of.var(0, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_widths_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"hidden \[5\], latent \[3, 2\]: expected as many"):
        LadderVAE(FEATURES, hidden=[5], latent=[3, 2], ladder=True, normalised=True)


def test_a_conditional_has_two_leaky_layers_and_a_softplus(x):
    part = made(False).encoder[0]
    h = x
    for layer in (part.body[0], part.body[2]):
        h = h @ layer.weight.T + layer.bias
        h = torch.maximum(h, 0.1 * h)
    found = part(x)
    torch.testing.assert_close(found.mean, h @ part.mean.weight.T + part.mean.bias)
    variance = (h @ part.variance.weight.T + part.variance.bias).exp().log1p() + FLOOR
    torch.testing.assert_close(found.logvar.exp(), variance)
    assert len(part.body) == 4
