"""The conditional model is one plain model for each label, whose biases hold the label's weights."""

import math

import pytest
import torch
from torch.distributions import Normal

from ae.models.base import Batch
from ae.models.conditional_vae import ConditionalVAE
from ae.models.vae import VAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

FEATURES, LATENT, CLASSES = 6, 2, 3


def conditional(latent=LATENT, beta=1.0):
    return ConditionalVAE(FEATURES, hidden=[5], latent=latent, classes=CLASSES, beta=beta)


def plain(model, label):
    """The VAE that the model is for one label."""
    found = VAE(FEATURES, hidden=[5], latent=LATENT, init=0.1, beta=float(model.beta))
    state = model.state_dict()
    for network, inputs in (("encoder", FEATURES), ("decoder", LATENT)):
        both = state[f"{network}.0.weight"]
        state[f"{network}.0.weight"] = both[:, :inputs]
        state[f"{network}.0.bias"] = state[f"{network}.0.bias"] + both[:, inputs + label]
    found.load_state_dict(state)
    return found


def test_for_each_label_it_is_a_plain_model():
    model = conditional(beta=0.7)
    x, y, z = torch.rand(4, FEATURES), torch.tensor([2, 0, 1, 2]), torch.randn(4, LATENT)
    found = model.objective(Batch(x, y), {"z": z})
    for i, label in enumerate(y.tolist()):
        alone = plain(model, label)
        exact = alone.objective(Batch(x[i : i + 1]), {"z": z[i : i + 1]})
        torch.testing.assert_close(found.loss[i : i + 1], exact.loss)
        for name, part in exact.parts.items():
            torch.testing.assert_close(found.parts[name][i : i + 1], part)
        torch.testing.assert_close(model.decode(z, y)[i], alone.decode(z)[i])
    other = model.objective(Batch(x, (y + 1) % CLASSES), {"z": z})
    assert (other.loss - found.loss).abs().min() > 1e-4


def test_the_bound_lies_below_the_evidence_given_the_label_by_the_divergence():
    model, grid = conditional(latent=1), torch.linspace(-9, 9, 4001).unsqueeze(1)
    x, prior = torch.rand(1, FEATURES).round(), Normal(0.0, 1.0).log_prob(grid).squeeze(1)
    evidences = []
    for label in range(CLASSES):
        y = torch.tensor([label])
        pixels = model.decode(grid, y.expand(4001))
        joint = (x * pixels.log() + (1 - x) * (1 - pixels).log()).sum(-1) + prior
        evidences.append(joint.logsumexp(0) + math.log(18 / 4000))
        mean, logvar = model.posterior(x, y)
        posterior = Normal(mean, (logvar / 2).exp()).log_prob(grid).squeeze(1)
        gap = (posterior.exp() * (posterior - joint + evidences[-1])).sum() * 18 / 4000
        noise = {"z": torch.randn(20000, 1)}
        bound = model.objective(Batch(x.expand(20000, -1), y.expand(20000)), noise).parts["bound"]
        error = 5 * bound.std().item() / math.sqrt(20000)
        assert bound.mean().item() == pytest.approx((evidences[-1] - gap).item(), abs=error)
        assert error < 0.05
    assert torch.stack(evidences).std() > 0.01
