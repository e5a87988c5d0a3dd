"""NVAE: its bound against torch.distributions, its balance and its penalty against formulas."""

import math

import numpy as np
import pytest
import torch
from hierarchies import BATCH, FEATURES, LAWS, SIZES, by_torch, drawn, moved, normal
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import pad

from ae.maths.normals import Normals, bounded, divergence, relative
from ae.maths.small_convolutions import matrices
from ae.models.base import Batch
from ae.models.nvae import NVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def made(groups=(1, 2), features=FEATURES, **changes):
    torch.manual_seed(0)
    model = NVAE(features, groups=list(groups), **{**SIZES, **LAWS, **changes})
    return moved(model)


@pytest.fixture
def x():
    return torch.rand(BATCH, FEATURES, generator=torch.Generator().manual_seed(5)).round()


def test_the_divergence_of_a_relative_posterior_is_equation_2_and_torchs():
    prior, said = (Normals(*torch.randn(2, 3, 2, 4, 4)) for _ in "ab")
    q = relative(prior, said)
    sigma2, change2 = prior.logvar.exp(), said.logvar.exp()
    equation = (said.mean**2 / sigma2 + change2 - change2.log() - 1) / 2
    found = divergence(q, prior)
    torch.testing.assert_close(found, equation)
    torch.testing.assert_close(found, kl_divergence(normal(q), normal(prior)))
    torch.testing.assert_close(q.logvar, 2 * ((prior.logvar / 2) + (said.logvar / 2)))


def test_what_networks_say_is_bounded_softly():
    said = torch.tensor([0.01, 4.0, 1e3, -1e3]).view(1, 4, 1, 1)
    found = bounded(said)
    expected = 5 * np.tanh(np.array([0.01, 4.0, 1e3, -1e3]) / 5)
    np.testing.assert_allclose(found.mean.flatten(), expected[:2])
    np.testing.assert_allclose(found.logvar.flatten(), 2 * expected[2:])


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("groups", [[1], [2], [1, 2]])
def test_the_bound_is_what_torch_says_group_by_group(groups, residual, x):
    model = made(groups, residual=residual).eval()
    noise = drawn(model)
    reconstruction, kl, log_q, log_p, z = by_torch(model, x, noise)
    found = model.objective(Batch(x), noise)
    for i, expected in enumerate(kl, 1):
        torch.testing.assert_close(found.parts[f"kl_{i}"], expected)
        torch.testing.assert_close(model.divergences(x, noise)[f"z{i}"].sum(-1), expected)
    torch.testing.assert_close(found.parts["bound"], -reconstruction - sum(kl))
    torch.testing.assert_close(found.loss, -found.parts["bound"])
    weights = -reconstruction + sum(log_p) - sum(log_q)
    torch.testing.assert_close(model.log_weights(x, noise), weights)
    joint = model.log_joint(x, {f"z{i}": own for i, own in enumerate(z, 1)})
    torch.testing.assert_close(joint, sum(log_p) - reconstruction)


def test_weights_are_on_average_the_bound(x):
    """One image, many samples: the divergence in closed form is what the samples estimate."""
    model = made([1, 1]).eval()
    many = x[:1].expand(500, -1)
    noise = drawn(model, len(many))
    with torch.no_grad():
        sampled = model.log_weights(many, noise)
        closed = model.objective(Batch(many), noise).parts["bound"]
    assert abs((sampled - closed).mean()) < 5 * (sampled - closed).std() / len(many) ** 0.5
    assert (sampled - closed).std() > 0.1


def test_the_first_prior_is_standard_and_the_others_hang_on_what_is_above(x):
    model = made([1, 2]).eval()
    noise = drawn(model)
    priors = [normal(p) for _, _, p in model._inferred(x, noise)[1]]
    assert (priors[0].mean == 0).all()
    assert (priors[0].stddev == 1).all()
    for changed in (1, 2, 3):
        other = {**noise, f"z{changed}": noise[f"z{changed}"] + 1}
        now = [normal(p) for _, _, p in model._inferred(x, other)[1]]
        same = [torch.equal(a.mean, b.mean) for a, b in zip(priors, now, strict=True)]
        assert same == [i <= changed for i in (1, 2, 3)]


def test_an_absolute_posterior_ignores_what_its_prior_says(x):
    for residual in (True, False):
        model = made([2], residual=residual).eval()
        noise = drawn(model)
        before = model._inferred(x, noise)[1][1][1].mean
        with torch.no_grad():
            model.groups[1].prior[1].bias.add_(0.5)
        assert torch.equal(before, model._inferred(x, noise)[1][1][1].mean) != residual


def test_the_warm_up_balances_and_the_whole_does_not(x):
    model = made([1, 2], balanced=True)
    noise = drawn(model)
    parts = model.eval().objective(Batch(x), noise).parts
    each = torch.stack([parts[f"kl_{i}"] for i in (1, 2, 3)])
    torch.testing.assert_close(
        model.objective(Batch(x), noise).loss, parts["reconstruction"] + each.sum(0)
    )
    model.beta.fill_(0.25)
    share = (each.mean(1) + 0.01) / torch.tensor([1.0, 2.0, 2.0])  # 1 / 1, 4 / 2, 4 / 2
    weights = 3 * share / share.sum()
    expected = parts["reconstruction"] + 0.25 * (weights[:, None] * each).sum(0)
    torch.testing.assert_close(model.objective(Batch(x), noise).loss, expected)


def test_no_gradient_passes_through_the_balance(x):
    model = made([2], balanced=True).eval()
    model.beta.fill_(0.5)
    noise = drawn(model)
    weights = model._weights(torch.stack(by_torch(model, x, noise)[1], 1)).detach()
    found = model.objective(Batch(x), noise)
    own = found.parts["reconstruction"] + 0.5 * sum(
        w * found.parts[f"kl_{i}"] for i, w in enumerate(weights, 1)
    )
    wanted = list(model.groups[1].posterior.parameters())
    for mine, theirs in zip(
        torch.autograd.grad(found.loss.sum(), wanted, retain_graph=True),
        torch.autograd.grad(own.sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


def test_the_penalty_is_of_exact_singular_values_and_the_normalisations_scales(x):
    plain, model = made([1]), made([1], spectral=0.3)
    noise = drawn(model)
    for _ in range(10):
        model.singular(model._matrices())
    found = model.objective(Batch(x), noise)
    plain.objective(Batch(x), noise)
    largest = [np.linalg.svd(m.detach().numpy())[1][0] for m in matrices(model)]
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    scales = [norm.weight.abs().max().item() for norm in norms]
    expected = torch.tensor(0.3 * (sum(largest) + sum(scales)))
    torch.testing.assert_close(found.parts["penalty"], expected.expand(BATCH), rtol=1e-4, atol=0)
    rest = found.loss - found.parts["penalty"]
    torch.testing.assert_close(rest, plain.objective(Batch(x), noise).loss)
    assert len(largest) > 12
    assert (plain.objective(Batch(x), noise).parts["penalty"] == 0).all()


def test_a_code_is_all_groups_and_what_comes_down_from_it_is_the_picture(x):
    model = made([1, 2]).eval()
    silent = {k: torch.zeros_like(v) for k, v in drawn(model).items()}
    logits, groups = model._inferred(x, silent)
    torch.testing.assert_close(
        model.encode(x), torch.cat([q.mean.flatten(1) for _, q, _ in groups], 1)
    )
    torch.testing.assert_close(model.reconstruct(x), logits.sigmoid())


def test_codes_of_the_prior_have_its_density():
    """log p(x, z) is log p(x given z) plus standard normals of the noise, and what scales it."""
    model = made([1, 1]).eval()
    noise, x = drawn(model), torch.zeros(BATCH, FEATURES)
    code = model.prior_code(noise)
    rows = code.split([math.prod(d.shape) for d in model.draws.values()], 1)
    z = {k: row.view(noise[k].shape) for k, row in zip(model.draws, rows, strict=True)}
    torch.testing.assert_close(z["z1"], noise["z1"])
    logits, priors = model._down(BATCH, lambda group, *_: z[f"z{group + 1}"])
    torch.testing.assert_close((z["z2"] - priors[1].mean) / normal(priors[1]).stddev, noise["z2"])
    expected = sum(Normal(0.0, 1.0).log_prob(n).flatten(1).sum(1) for n in noise.values())
    expected = expected - priors[1].logvar.flatten(1).sum(1) / 2
    likelihood = torch.nn.functional.logsigmoid(-logits).sum(1)
    torch.testing.assert_close(model.log_joint(x, z), likelihood + expected)
    torch.testing.assert_close(model.decode(code), logits.sigmoid())


@pytest.mark.parametrize(("side", "padded"), [(7, 8), (8, 8)])
def test_images_are_framed_by_zeros_to_a_power_of_two(side, padded):
    model = made([1], features=side**2).eval()
    x = torch.rand(2, side**2).round()
    noise = drawn(model, 2)
    before = (padded - side) // 2
    frame = (before, padded - side - before) * 2
    image = pad(x.view(2, 1, side, side), frame)
    whole = made([1], features=padded**2).eval()
    inner = whole._inferred(image.flatten(1), noise)[0].view(2, padded, padded)
    inner = inner[:, before : before + side, before : before + side]
    torch.testing.assert_close(model._inferred(x, noise)[0], inner.flatten(1))


def test_images_that_do_not_fit_are_refused():
    for features in (63, 4):
        with pytest.raises(ValueError, match="expected a square image"):
            made([1, 2], features=features, blocks=2)
