"""How far codes are from a prior, of posteriors and priors whose divergence is known."""

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from ae.maths.probability import log_standard_normal
from ae.metrics import prior_fit
from ae.models.base import Autoencoder
from ae.models.prior_vae import PriorVAE
from ae.training.stack import Stack


class Given(Autoencoder):
    """The first numbers of an image are the mean of its posterior, the others its log variance."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.draws = {}

    def encode(self, x):
        return x[:, :2] * self.scale

    def posterior(self, x):
        return self.encode(x), x[:, 2:]

    def log_prior(self, z):
        return log_standard_normal(z)

    def objective(self, batch, noise):
        raise NotImplementedError


def given(run, x, scales=(1.0,)):
    stack = Stack([Given] * len(scales), range(len(scales)))
    stack.load({"scale": torch.tensor(scales)[:, None]})
    return run(stack, x, shape=(4,))


def test_of_one_image_it_is_the_divergence_of_its_posterior(run):
    x = torch.tensor([[0.5, -1.0, -0.7, 0.3]])
    found = prior_fit.divergence(given(run, x, (1.0, 3.0)), split="test", examples=9, samples=40000)
    for value, scale in zip(found, (1.0, 3.0), strict=True):
        posterior = Normal(scale * x[0, :2], (x[0, 2:] / 2).exp())
        expected = kl_divergence(posterior, Normal(0.0, 1.0)).sum()
        assert value == pytest.approx(float(expected), abs=0.05)


def test_codes_that_are_together_as_the_prior_are_at_no_distance_though_each_is_far(run):
    g = torch.Generator().manual_seed(0)
    x = torch.cat([0.9**0.5 * torch.randn(3000, 2, generator=g), torch.full((3000, 2), -2.3026)], 1)
    (found,) = prior_fit.divergence(given(run, x), split="test", examples=3000, samples=2)
    assert abs(found) < 0.05  # each posterior is 1.4 nats from N(0, I)


def test_pseudo_inputs_that_are_the_images_make_the_prior_their_posteriors(run):
    x = torch.randint(5, (4, 6), generator=torch.Generator().manual_seed(1)) / 4
    facts = {"hidden": [9, 8], "latent": 2, "levels": 5, "floor": 1e-5, "joint": True}
    stack = Stack([lambda: PriorVAE(6, prior="vamp", components=4, **facts)] * 2, [0, 1])
    stack.load({**stack.tensors(), "inputs": 4 * x.expand(2, -1, -1)})
    trained = run(stack, x, shape=(6,))
    found = prior_fit.divergence(trained, split="test", examples=4, samples=100)
    assert found == pytest.approx([0.0, 0.0], abs=1e-5)


def test_the_spread_is_that_of_the_means(run):
    x = torch.tensor([[1.0, 5.0, 0.0, 0.0], [-1.0, -5.0, 0.0, 0.0]])
    found = prior_fit.spread(given(run, x, (1.0, 2.0)), split="test", examples=2)
    assert found == pytest.approx([13**0.5, 2 * 13**0.5])
