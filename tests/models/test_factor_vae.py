"""Total correlation by a discriminator, against a Gaussian's and against algorithm 2 by hand."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from ae.models.base import Batch
from ae.models.factor_vae import FactorVAE, permuted
from ae.models.vae import VAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def build(features=30, hidden=(12,), latent=3, critic=(8,), beta=1.0, gamma=0.0):
    return FactorVAE(
        features,
        colours=1,
        planes=[],
        hidden=list(hidden),
        activation="tanh",
        latent=latent,
        critic=list(critic),
        beta=beta,
        gamma=gamma,
    )


def noise(count, latent=3):
    return {"z": torch.randn(count, latent), "order": torch.rand(count, latent)}


@pytest.mark.parametrize(("count", "first"), [(8, 4), (7, 4)])
def test_without_its_penalty_it_is_a_beta_vae_on_the_first_half(count, first):
    model, x, given = build(beta=4.0), torch.rand(count, 30), noise(count)
    ours = model.objective(Batch(x), given)
    vae = VAE(30, hidden=[12], latent=3, init="fan_in", beta=4.0)
    own = {k: v for k, v in model.state_dict().items() if k.split(".")[0] in ("encoder", "decoder")}
    vae.load_state_dict({**own, "beta": vae.beta})
    theirs = vae.objective(Batch(x[:first]), {"z": given["z"][:first]})
    torch.testing.assert_close(ours.loss.mean(), theirs.loss.mean())
    for part in ("reconstruction", "kl", "bound"):
        torch.testing.assert_close(ours.parts[part].mean(), theirs.parts[part].mean())


@pytest.mark.parametrize(("count", "first"), [(8, 4), (7, 4)])
def test_the_losses_are_those_of_algorithm_2(count, first):
    model, x, given = build(gamma=5.0), torch.rand(count, 30), noise(count)
    out = model.objective(Batch(x), given)
    mean, logvar = model.posterior(x)
    z = mean + (logvar / 2).exp() * given["z"]
    rows = [
        sorted(range(count - first), key=column.__getitem__) for column in given["order"][first:].T
    ]
    mixed = torch.stack([z[first:, j][row] for j, row in enumerate(rows)], 1)
    real, fake = model.discriminator(z[:first]), model.discriminator(mixed)
    expected = 0.5 * (
        cross_entropy(real, torch.zeros(first, dtype=torch.long))
        + cross_entropy(fake, torch.ones(count - first, dtype=torch.long))
    )
    torch.testing.assert_close(out.adversaries["discriminator"].mean(), expected)
    chance = real.softmax(-1)
    ratio = (chance[:, 0] / chance[:, 1]).log().mean()
    torch.testing.assert_close(out.parts["total_correlation"].mean(), ratio)
    terms = out.parts["reconstruction"].mean() + out.parts["kl"].mean() + 5 * ratio
    torch.testing.assert_close(out.loss.mean(), terms)


def test_the_discriminators_loss_moves_the_discriminator_alone():
    model = build(gamma=5.0)
    out = model.objective(Batch(torch.rand(8, 30)), noise(8))
    named = dict(model.named_parameters())
    grads = torch.autograd.grad(
        out.adversaries["discriminator"].mean(), list(named.values()), allow_unused=True
    )
    moved = {n for n, g in zip(named, grads, strict=True) if g is not None and g.abs().sum() > 0}
    assert moved == {n for n in named if n.startswith("discriminator.")}


def test_permuting_keeps_each_number_and_breaks_their_bond():
    z = torch.randn(4000, 1) * torch.tensor([1.0, 2.0])
    mixed = permuted(z, torch.rand(4000, 2))
    torch.testing.assert_close(mixed.sort(0).values, z.sort(0).values)
    assert torch.corrcoef(z.T)[0, 1] > 0.999
    assert abs(torch.corrcoef(mixed.T)[0, 1]) < 5 / math.sqrt(4000)
    order = torch.tensor([[0.3, 0.1], [0.1, 0.2], [0.2, 0.3]])
    small = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert permuted(small, order).tolist() == [[1.0, 0.0], [2.0, 1.0], [0.0, 2.0]]


def test_a_trained_discriminator_finds_the_total_correlation_of_a_gaussian():
    # Codes of covariance [[1, rho], [rho, 1]]: the encoder hands two of its inputs on, mixed.
    rho, model = 0.8, build(features=2, hidden=(), latent=2, critic=(32, 32))
    spread = 0.1  # of the posterior, which is part of the codes' variance
    factor = torch.linalg.cholesky(
        torch.tensor([[1.0, rho], [rho, 1.0]]) - spread**2 * torch.eye(2)
    )
    with torch.no_grad():
        model.encoder[0].weight.copy_(torch.cat([factor, torch.zeros(2, 2)]))
        model.encoder[0].bias.copy_(torch.tensor([0.0, 0.0, *[2 * math.log(spread)] * 2]))
    optimizer = torch.optim.Adam(model.discriminator.parameters(), lr=3e-3)
    for _ in range(600):
        out = model.objective(Batch(torch.randn(512, 2)), noise(512, 2))
        optimizer.zero_grad()
        out.adversaries["discriminator"].mean().backward()
        optimizer.step()
    with torch.no_grad():
        out = model.objective(Batch(torch.randn(40000, 2)), noise(40000, 2))
    exact = -0.5 * math.log(1 - rho**2)  # 0.51
    assert out.parts["total_correlation"].mean().item() == pytest.approx(exact, abs=0.08)
