"""The parts of the divergence: of Gaussians whose divergence is known, and against the bound."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from ae.errors import UserError
from ae.metrics import layers
from ae.models.base import Autoencoder, Batch, Draw
from ae.models.ladder_vae import LadderVAE
from ae.training.stack import Stack
from ae.training.trained_run import CHUNK

SPREAD = 0.7


def kl_at(z, mean):
    """A log density up to what q and p have in common, times the variance; as it stands for NaN."""
    return -((z - mean) ** 2) / 2


class Known(Autoencoder):
    """z2 ~ N(x / 2, 1) against N(0, 1); z1 ~ N(weight x, 0.49) against itself but for its mean 0."""

    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))
        self.draws = {"z1": Draw("normal", (features,)), "z2": Draw("normal", (features,))}

    def divergences(self, x, noise):
        laws = {
            "z1": (Normal(self.weight * x, SPREAD, validate_args=False), Normal(0 * x, SPREAD)),
            "z2": (Normal(x / 2, 1.0), Normal(0 * x, 1.0)),
        }
        found = {}
        for name, (q, p) in laws.items():
            z = q.mean + q.stddev * noise[name]
            found[name] = (kl_at(z, q.mean) - kl_at(z, p.mean)) / q.stddev**2
        return found

    def objective(self, batch, noise):
        raise NotImplementedError


@pytest.fixture
def known(run):
    weights = torch.tensor([[0.0, 0.02, 1.0], [0.0, 0.5, 1.0]])
    stack = Stack([lambda: Known(3)] * 2, [0, 1])
    stack.load({"weight": weights})
    x = torch.randn(CHUNK + 500, 3, generator=torch.Generator().manual_seed(0))
    exact = {
        "z1": (weights[:, None] * x).square().mean(1) / (2 * SPREAD**2),
        "z2": (x / 2).square().mean(0).expand(2, -1) / 2,
    }
    return run(stack, x, shape=(1, 3)), exact


ALL = {"split": "test", "examples": 10**6, "samples": 20}


def test_a_units_divergence_is_that_of_its_gaussians(known):
    trained, exact = known
    found = layers.per_unit(trained, "test", 10**6, 20)
    for name, expected in exact.items():
        torch.testing.assert_close(found[name], expected, atol=0.02, rtol=0)
    q, p = Normal(torch.tensor(1.3), SPREAD), Normal(torch.tensor(0.0), SPREAD)
    assert kl_divergence(q, p).item() == pytest.approx(1.3**2 / (2 * SPREAD**2))


def test_layers_add_up(known):
    trained, exact = known
    first, second, both = (
        layers.divergence(trained, **ALL, layers=names) for names in (["z1"], ["z2"], ["z1", "z2"])
    )
    for i in range(2):
        assert first[i] + second[i] == pytest.approx(both[i])
        assert first[i] == pytest.approx(exact["z1"][i].sum().item(), abs=0.03)


def test_units_are_counted_above_the_threshold(known):
    trained, _ = known  # divergences of z1: 0, 0.0004, 1 and 0, 0.26, 1; of z2 0.12 each
    for names, expected in ((["z1"], [1, 2]), (["z2"], [3, 3]), (["z1", "z2"], [4, 5])):
        assert layers.active(trained, **ALL, layers=names, threshold=0.01) == expected
    assert layers.active(trained, **ALL, layers=["z1", "z2"], threshold=0.5) == [1, 1]


def test_a_seed_that_diverged_has_no_number_and_an_unknown_layer_is_named(run):
    stack = Stack([lambda: Known(3)] * 2, [0, 1])
    stack.load({"weight": torch.tensor([[math.nan] * 3, [1.0] * 3])})
    trained = run(stack, torch.ones(4, 3), shape=(1, 3))
    found = layers.active(trained, **ALL, layers=["z1"], threshold=0.01)
    assert math.isnan(found[0])
    assert found[1] == 3
    with pytest.raises(UserError, match=r"layers of run 'a': found 'z3'; it has z1, z2"):
        layers.divergence(trained, **ALL, layers=["z3"])


@pytest.mark.parametrize("ladder", [True, False])
def test_of_a_ladder_all_layers_are_the_divergence_of_its_objective(run, ladder):
    stack = Stack(
        [lambda: LadderVAE(6, hidden=[5, 4], latent=[3, 2], ladder=ladder, normalised=True)], [0]
    )
    x = torch.rand(30, 6).round()
    trained = run(stack, x, shape=(2, 3))
    found = layers.divergence(trained, split="test", examples=30, samples=7, layers=["z1", "z2"])
    g = trained.generator(0, "divergences")
    kl = []
    for _ in range(7):
        noise = {
            k: torch.empty(30, *d.shape).normal_(generator=g) for k, d in stack.model.draws.items()
        }
        kl.append(stack.share("objective", Batch(x), noise).parts["kl"])
    assert found == pytest.approx([torch.stack(kl).mean().item()], rel=1e-9)
