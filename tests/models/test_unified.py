"""The models of the Pythae benchmark: each objective from its own formula; `oracle/test_pythae.py` has the library."""

import copy
import math

import pytest
import torch
from torch import distributions as d
from torch import nn
from torch.nn.functional import binary_cross_entropy

from ae.maths.discrepancy import discrepancy
from ae.models.base import Batch
from ae.models.unified_aae import UnifiedAAE
from ae.models.unified_ae import QuantisedAE, RegularisedAE, WassersteinAE
from ae.models.unified_svae import UnifiedSVAE
from ae.models.unified_vae import InfoVAE, UnifiedIWAE, UnifiedVAE, UnifiedVampVAE

FEATURES, LATENT, BATCH = 9, 3, 6
NETWORKS = {"network": "dense", "widths": [7], "latent": LATENT}
SEEN = {**NETWORKS, "variance": 0.5}


@pytest.fixture(autouse=True)
def doubles(exact_arithmetic):
    torch.manual_seed(1)


def case(kind, **arguments):
    model = kind(FEATURES, **arguments)
    noise = {
        k: torch.randn(BATCH, *v.shape) if v.law == "normal" else torch.rand(BATCH, *v.shape)
        for k, v in model.draws.items()
    }
    return model, Batch(torch.rand(BATCH, FEATURES)), noise


def gaussian(model, x):
    mean, logvar = model.encoder(x).chunk(2, -1)
    return d.Independent(d.Normal(mean, (logvar / 2).exp()), 1)


def log_pixels(model, x, z):
    pixels = d.Normal(torch.sigmoid(model.decoder(z)), math.sqrt(0.5))
    return pixels.log_prob(x).sum(-1)


def test_the_plain_autoencoders_cost_is_the_squared_error():
    model, batch, noise = case(RegularisedAE, **NETWORKS, pull=0.0, smooth=0.0)
    made = torch.sigmoid(model.decoder(model.encoder(batch.x)))
    out = model.objective(batch, noise)
    torch.testing.assert_close(out.loss, ((made - batch.x) ** 2).sum(-1))
    assert "gradient" not in out.parts
    torch.testing.assert_close(made, model.reconstruct(batch.x))


@pytest.mark.parametrize("widths", [[], [7]])
def test_the_gradients_penalty_is_autograds(widths):
    model, batch, noise = case(
        RegularisedAE, **{**NETWORKS, "widths": widths}, pull=0.3, smooth=2.0
    )
    x = batch.x.requires_grad_()
    z = model.encoder(x)
    made = torch.sigmoid(model.decoder(z))
    (slope,) = torch.autograd.grad(made.sum(), x)
    penalty = (slope**2).sum(-1)
    out = model.objective(batch, noise)
    torch.testing.assert_close(out.parts["gradient"], penalty)
    error = ((made - x) ** 2).sum(-1)
    torch.testing.assert_close(out.loss, error + 0.15 * (z**2).sum(-1) + 2 * penalty)


def test_the_gradients_penalty_of_linear_networks_is_known():
    model, batch, _ = case(RegularisedAE, **{**NETWORKS, "widths": []}, pull=0.0, smooth=1.0)
    up, down = model.encoder[0].weight, model.decoder[0].weight
    made = model.reconstruct(batch.x)
    expected = ((made * (1 - made)) @ down @ up).square().sum(-1)  # a sigmoid's slope is p (1 - p)
    torch.testing.assert_close(model.steepness(batch.x), expected)


def test_the_penalty_is_trained_on():
    model, batch, noise = case(RegularisedAE, **NETWORKS, pull=0.0, smooth=1.0)
    slopes = torch.autograd.grad(
        model.objective(batch, noise).parts["gradient"].sum(), [*model.parameters()][:2]
    )
    step = 1e-6
    with torch.no_grad():
        weight = next(model.parameters())
        before = model.steepness(batch.x).sum()
        weight[0, 0] += step
        after = model.steepness(batch.x).sum()
    assert float((after - before) / step) == pytest.approx(float(slopes[0][0, 0]), rel=1e-4)


def test_where_images_are_normalised_together_the_gradient_is_that_of_their_sum():
    """By plain autograd, in training; and the running statistics see the batch once a step."""
    torch.manual_seed(0)
    model = RegularisedAE(
        28**2, network="convolutions", widths=[2, 3, 3, 4], latent=3, pull=0.0, smooth=1.0
    )
    x = torch.rand(4, 28**2, requires_grad=True)
    twin = copy.deepcopy(model)
    (expected,) = torch.autograd.grad(twin.reconstruct(x).sum(), x)
    twin = copy.deepcopy(model)
    twin.error(x, twin.encode(x))
    found = model.objective(Batch(x.detach(), torch.zeros(4, dtype=torch.long)), {})
    torch.testing.assert_close(found.parts["gradient"], (expected**2).sum(-1))
    for (name, ours), theirs in zip(model.named_buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)
    assert all(m.track_running_stats for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def test_the_wasserstein_autoencoder_adds_the_discrepancy_of_the_batch():
    model, batch, noise = case(WassersteinAE, **NETWORKS, weight=10.0)
    z = model.encoder(batch.x)
    error = ((torch.sigmoid(model.decoder(z)) - batch.x) ** 2).sum(-1)
    apart = discrepancy(z, noise["prior"])
    torch.testing.assert_close(model.objective(batch, noise).loss, error + 10 * apart)


def test_each_number_is_quantised_and_the_codebook_follows_by_hand():
    model, batch, noise = case(QuantisedAE, **NETWORKS, entries=4, beta=0.25, decay=0.9)
    z = model.encoder(batch.x).detach()
    book, sums = model.codebook.tolist(), model.sums.tolist()
    nearest = [
        [min(range(4), key=lambda e, v=v: abs(v - book[e])) for v in row] for row in z.tolist()
    ]
    assert model.codes(batch.x).tolist() == nearest
    chosen = torch.tensor([[book[e] for e in row] for row in nearest])
    out = model.objective(batch, noise)
    error = ((torch.sigmoid(model.decoder(chosen)) - batch.x) ** 2).sum(-1)
    torch.testing.assert_close(out.loss, error + 0.25 * ((z - chosen) ** 2).mean(-1))
    flat = [
        (e, v)
        for row, own in zip(nearest, z.tolist(), strict=True)
        for e, v in zip(row, own, strict=True)
    ]
    sizes = [0.1 * sum(e == k for e, _ in flat) for k in range(4)]
    total = sum(sizes)
    sizes = [(s + 1e-5) / (total + 4e-5) * total for s in sizes]
    sums = [0.9 * s + 0.1 * sum(v for e, v in flat if e == k) for k, s in enumerate(sums)]
    expected = [s / n for s, n in zip(sums, sizes, strict=True)]
    torch.testing.assert_close(model.codebook, torch.tensor(expected))
    held = model.codebook.clone()
    model.eval().objective(batch, noise)
    assert torch.equal(model.codebook, held)


def test_what_the_decoder_is_told_moves_the_encoder_as_if_nothing_were_quantised():
    model, batch, noise = case(QuantisedAE, **NETWORKS, entries=4, beta=0.0, decay=0.9)
    model.eval()
    z = model.encode(batch.x).detach().requires_grad_()
    (slope,) = torch.autograd.grad(model.error(batch.x, z).sum(), z)
    weight = model.encoder[-1].weight
    (found,) = torch.autograd.grad(model.objective(batch, noise).loss.sum(), weight)
    hidden = model.encoder[:-1](batch.x)
    torch.testing.assert_close(found, slope.T @ hidden)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_the_variational_bound_has_the_density_of_the_pixels(beta):
    model, batch, noise = case(UnifiedVAE, **SEEN, beta=beta)
    q = gaussian(model, batch.x)
    z = q.base_dist.loc + q.base_dist.scale * noise["z"]
    kl = d.kl_divergence(q.base_dist, d.Normal(0, 1)).sum(-1)
    out = model.objective(batch, noise)
    torch.testing.assert_close(out.loss, -log_pixels(model, batch.x, z) + beta * kl)
    torch.testing.assert_close(model.decode(z), torch.sigmoid(model.decoder(z)))


def test_a_variance_of_one_half_weighs_the_error_as_an_autoencoder_does():
    model, batch, noise = case(UnifiedVAE, **SEEN, beta=0.0)
    error = ((model.decode(model.sample_code(batch.x, noise)) - batch.x) ** 2).sum(-1)
    constant = FEATURES / 2 * math.log(math.pi)
    torch.testing.assert_close(model.objective(batch, noise).loss, error + constant)


def test_the_importance_weighted_bound_is_the_log_of_the_mean_weight():
    model, batch, noise = case(UnifiedIWAE, **SEEN, samples=4)
    q, prior = gaussian(model, batch.x), d.Independent(d.Normal(torch.zeros(LATENT), 1), 1)
    weights = []
    for i in range(4):
        z = q.base_dist.loc + q.base_dist.scale * noise["z"][:, i]
        weights.append(log_pixels(model, batch.x, z) + prior.log_prob(z) - q.log_prob(z))
    weights = torch.stack(weights)
    out = model.objective(batch, noise)
    torch.testing.assert_close(out.loss, -weights.exp().mean(0).log())
    torch.testing.assert_close(out.parts["elbo"], weights.mean(0))


def test_the_mixture_of_posteriors_is_torchs_and_its_codes_are_drawn_of_it():
    model, batch, noise = case(UnifiedVampVAE, **SEEN, components=5)
    inputs = (model.inputs.weight.T + model.inputs.bias).clamp(0, 1)
    prior = d.MixtureSameFamily(d.Categorical(torch.ones(5)), gaussian(model, inputs))
    q = gaussian(model, batch.x)
    z = q.base_dist.loc + q.base_dist.scale * noise["z"]
    expected = -log_pixels(model, batch.x, z) + q.log_prob(z) - prior.log_prob(z)
    torch.testing.assert_close(model.objective(batch, noise).loss, expected)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    many = {"z": torch.randn(20000, LATENT), "component": torch.rand(20000, 1)}
    codes = model.prior_code(many)
    inputs = (model.inputs.weight.T + model.inputs.bias).clamp(0, 1)
    prior = d.MixtureSameFamily(d.Categorical(torch.ones(5)), gaussian(model, inputs))
    error = prior.variance.sqrt() / 20000**0.5
    assert ((codes.mean(0) - prior.mean).abs() < 4.5 * error).all()
    torch.testing.assert_close(codes.var(0), prior.variance, rtol=0.1, atol=0)


def test_the_info_vaes_weights_are_the_papers():
    model, batch, noise = case(InfoVAE, **SEEN, alpha=0.25, weight=20.0)
    q = gaussian(model, batch.x)
    z = q.base_dist.loc + q.base_dist.scale * noise["z"]
    kl = d.kl_divergence(q.base_dist, d.Normal(0, 1)).sum(-1)
    apart = discrepancy(z, noise["prior"])
    expected = -log_pixels(model, batch.x, z) + 0.75 * kl + 19.25 * apart
    torch.testing.assert_close(model.objective(batch, noise).loss, expected)


def test_an_adversary_and_its_autoencoder_have_their_own_losses():
    model, batch, noise = case(UnifiedAAE, **SEEN, weight=0.9, discriminator=[5])
    z = model.sample_code(batch.x, noise)
    fake, real = (torch.sigmoid(model.discriminator(c))[:, 0] for c in (z, noise["prior"]))
    one, none = torch.ones(BATCH), torch.zeros(BATCH)
    out = model.objective(batch, noise)
    fooled = binary_cross_entropy(fake, one, reduction="none")
    torch.testing.assert_close(out.loss, -log_pixels(model, batch.x, z) + 0.9 * fooled)
    told = sum(binary_cross_entropy(p, y, reduction="none") for p, y in ((real, one), (fake, none)))
    torch.testing.assert_close(out.adversaries["discriminator"], told)
    slopes = torch.autograd.grad(
        out.adversaries["discriminator"].sum(), [*model.encoder.parameters()], allow_unused=True
    )
    assert slopes == (None,) * len(slopes)


def test_on_the_sphere_weights_average_to_the_evidence_whatever_the_posterior():
    model, batch, _ = case(UnifiedSVAE, **SEEN)
    x, many = batch.x[:1], 40000

    def drawn(count):
        return {
            k: torch.randn(count, *v.shape) if v.law == "normal" else torch.rand(count, *v.shape)
            for k, v in model.draws.items()
        }

    with torch.no_grad():
        weights = model.log_weights(x.expand(many, -1), drawn(many)).exp()
        z = model.prior_code({"tangent": torch.randn(many, LATENT)})
        plain = log_pixels(model, x, z).exp()
    error = ((weights.var() + plain.var()) / many).sqrt()
    assert float(weights.mean() - plain.mean()) == pytest.approx(0, abs=4.5 * float(error))
    out = model.objective(batch, drawn(BATCH))
    torch.testing.assert_close(out.loss, -out.parts["bound"])
