"""The variational autoencoders of public repositories: every term by torch.distributions."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import (
    Bernoulli,
    Categorical,
    Independent,
    Normal,
    OneHotCategorical,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
    kl_divergence,
)
from torch.nn.functional import softplus

from ae.models.base import Batch
from ae.models.bernoulli_vae import BernoulliVAE
from ae.models.digits_vae import HierarchicalVAE
from ae.models.disentangling_vae import DisentanglingVAE
from ae.models.keras_vae import FullCovarianceVAE, KerasVAE
from ae.models.learnt_prior_vae import LearntPriorVAE
from ae.models.prior_vae import PriorVAE
from ae.models.relaxed_vae import RelaxedBernoulliVAE, RelaxedCategoricalVAE
from ae.models.sticking_the_landing import StickingVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
FEATURES, LATENT, BATCH = 12, 3, 5


def bernoulli(scale="logvar", beta=1.0):
    choice = {"activation": "relu", "init": "torch", "heads": "joint", "scale": scale, "beta": beta}
    return BernoulliVAE(FEATURES, hidden=[9, 7], latent=LATENT, **choice)


def standard(like):
    return Normal(torch.zeros_like(like), torch.ones_like(like))


def pixels_of(logits):
    return Independent(Bernoulli(logits=logits, validate_args=False), 1)


def given(seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(BATCH, FEATURES, generator=g)
    return x, torch.randn(BATCH, LATENT, generator=g)


@pytest.mark.parametrize("scale", ["logvar", "softplus"])
def test_both_scales_give_the_bound_of_torch_distributions(scale):
    model, (x, noise) = bernoulli(scale), given()
    mean, raw = model.encoder(x).chunk(2, -1)
    posterior = Normal(mean, (raw / 2).exp() if scale == "logvar" else softplus(raw))
    z = posterior.mean + posterior.stddev * noise
    reconstruction = -pixels_of(model.decoder(z)).log_prob(x)
    exact, sampled = (m(Batch(x), {"z": noise}) for m in (model.objective, model.sampled))
    torch.testing.assert_close(exact.parts["reconstruction"], reconstruction)
    kl = kl_divergence(posterior, standard(mean)).sum(-1)
    torch.testing.assert_close(exact.parts["kl"], kl)
    torch.testing.assert_close(exact.loss, reconstruction + kl)
    torch.testing.assert_close(exact.parts["bound"], -exact.loss)
    drawn = (posterior.log_prob(z) - standard(z).log_prob(z)).sum(-1)
    torch.testing.assert_close(sampled.parts["kl"], drawn)
    torch.testing.assert_close(sampled.loss, -model.log_weights(x, {"z": noise}))


def test_beta_weighs_either_divergence_and_no_bound():
    x, noise = given()
    for name in ("objective", "sampled"):
        one, four = (
            getattr(bernoulli_of(beta), name)(Batch(x), {"z": noise}) for beta in (1.0, 4.0)
        )
        torch.testing.assert_close(four.loss - one.loss, 3 * one.parts["kl"])
        torch.testing.assert_close(four.parts["bound"], one.parts["bound"])


def bernoulli_of(beta):
    torch.manual_seed(0)
    return bernoulli(beta=beta)


def test_the_sampled_divergence_is_right_on_average():
    model, (x, _) = bernoulli(), given()
    many = x[:1].expand(50_000, -1)
    noise = {"z": torch.randn(50_000, LATENT)}
    sampled, exact = (m(Batch(many), noise).parts["kl"] for m in (model.sampled, model.objective))
    assert sampled.mean().item() == pytest.approx(exact[0].item(), abs=0.05)


def test_heads_that_are_apart_begin_as_two_layers():
    torch.manual_seed(0)
    keys = {"activation": "relu", "init": "glorot_uniform", "scale": "logvar", "beta": 1.0}
    sizes = {"hidden": [50], "latent": 400}
    for heads, outputs in (("joint", 800), ("apart", 400)):
        last = BernoulliVAE(FEATURES, **sizes, **keys, heads=heads).encoder[-1]
        bound = math.sqrt(6 / (50 + outputs))
        assert last.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)


def test_a_learnt_prior_is_in_the_divergence_and_the_weights():
    model = LearntPriorVAE(
        FEATURES, encoder=[9], latent=LATENT, decoder=[8, 7], hidden_range=0.3, output_range=0.2
    )
    with torch.no_grad():
        model.prior_mean.copy_(torch.tensor([1.0, -2.0, 0.5]))
        model.prior_log_deviation.copy_(torch.tensor([0.3, -0.4, 0.0]))
    x, noise = given()
    mean, log_deviation = model.encoder(x).chunk(2, -1)
    posterior = Normal(mean, log_deviation.exp())
    prior = Normal(model.prior_mean, model.prior_log_deviation.exp())
    z = posterior.mean + posterior.stddev * noise
    out = model.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(out.parts["kl"], kl_divergence(posterior, prior).sum(-1))
    log_p = pixels_of(model.decoder(z)).log_prob(x)
    torch.testing.assert_close(out.parts["reconstruction"], -log_p)
    weights = log_p + prior.log_prob(z).sum(-1) - posterior.log_prob(z).sum(-1)
    torch.testing.assert_close(model.log_weights(x, {"z": noise}), weights)
    drawn = model.prior_code({"z": torch.randn(100_000, LATENT)})
    torch.testing.assert_close(drawn.mean(0), prior.mean, rtol=0, atol=0.03)
    torch.testing.assert_close(drawn.std(0), prior.stddev, rtol=0.02, atol=0)


def test_ranges_of_a_learnt_prior_are_of_hidden_and_output_layers():
    model = LearntPriorVAE(
        784, encoder=[200], latent=200, decoder=[200, 200], hidden_range=0.001, output_range=0.01
    )
    ranges = [
        layer.weight.abs().max().item() for layer in model.modules() if hasattr(layer, "weight")
    ]
    assert ranges == pytest.approx([0.001, 0.01, 0.001, 0.001, 0.01], rel=1e-3)
    assert sum(layer.bias.abs().max() for layer in model.modules() if hasattr(layer, "bias")) == 0


def levels(seed=0, features=FEATURES, count=5):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(count, (BATCH, features), generator=g)


def test_levels_are_categorical_and_the_encoder_sees_whole_numbers():
    sizes = {"hidden": [9, 7], "latent": LATENT, "levels": 5, "floor": 1e-9}
    model = PriorVAE(FEATURES, **sizes, prior="standard", components=1, joint=True)
    level, (_, noise) = levels(), given()
    mean, logvar = model.encoder(level.double()).chunk(2, -1)
    posterior = Normal(mean, (logvar / 2).exp())
    z = posterior.mean + posterior.stddev * noise
    law = Categorical(logits=model.decoder(z).view(BATCH, FEATURES, 5))
    log_p = law.log_prob(level).sum(-1)
    kl = (posterior.log_prob(z) - standard(z).log_prob(z)).sum(-1)
    out = model.objective(Batch(level / 4), {"z": noise})
    torch.testing.assert_close(out.loss, kl - log_p)
    torch.testing.assert_close(out.loss, -model.log_weights(level / 4, {"z": noise}))
    torch.testing.assert_close(out.parts["bound"], log_p - kl)


def test_the_two_levels_of_a_hierarchy_are_what_torch_says():
    model = HierarchicalVAE(FEATURES, width=11, latent=2, levels=5, floor=1e-9)
    level = levels()
    g = torch.Generator().manual_seed(1)
    noise = {k: torch.randn(BATCH, *d.shape, generator=g) for k, d in model.draws.items()}
    assert {k: tuple(v.shape) for k, v in noise.items()} == {"z1": (BATCH, 4), "z2": (BATCH, 2)}
    model.eval()
    r1 = model.first(level.double())
    (m2, v2), (shift, factor) = (
        n.chunk(2, -1) for n in (model.top(model.second(r1)), model.step(r1))
    )
    q2 = Normal(m2, (v2.clamp(-7, 2) / 2).exp())
    z2 = q2.mean + q2.stddev * noise["z2"]
    pm, pv = model.prior(z2).chunk(2, -1)
    p1 = Normal(pm, (pv / 2).exp())
    q1 = Normal(pm + shift, ((pv + factor.clamp(-7, 2)) / 2).exp())
    z1 = q1.mean + q1.stddev * noise["z1"]
    law = Categorical(logits=model.decoder(z1).view(BATCH, FEATURES, 5))
    log_p = law.log_prob(level).sum(-1)
    out = model.objective(Batch(level / 4), noise)
    torch.testing.assert_close(out.parts["reconstruction"], -log_p)
    torch.testing.assert_close(out.parts["kl_1"], kl_divergence(q1, p1).sum(-1))
    torch.testing.assert_close(out.parts["kl_2"], kl_divergence(q2, standard(m2)).sum(-1))
    torch.testing.assert_close(
        out.loss, sum(out.parts[k] for k in ("reconstruction", "kl_1", "kl_2"))
    )
    weights = log_p + p1.log_prob(z1).sum(-1) + standard(z2).log_prob(z2).sum(-1)
    weights = weights - q1.log_prob(z1).sum(-1) - q2.log_prob(z2).sum(-1)
    torch.testing.assert_close(model.log_weights(level / 4, noise), weights)


def test_relaxed_bits_are_torchs_of_the_same_uniform_numbers():
    model = RelaxedBernoulliVAE(FEATURES, hidden=[9], latent=4, temperature=0.7)
    x, uniform = given()[0], torch.rand(BATCH, 4)
    logits = model.encoder(x)
    theirs = RelaxedBernoulli(torch.tensor(0.7), logits=logits)
    logistic = uniform.log() - (-uniform).log1p()
    z = ((logits + logistic) / 0.7).sigmoid()
    out = model.objective(Batch(x), {"z": uniform})
    torch.testing.assert_close(
        out.parts["reconstruction"], -pixels_of(model.decoder(z)).log_prob(x)
    )
    kl = kl_divergence(Bernoulli(logits=logits), Bernoulli(torch.full_like(logits, 0.5))).sum(-1)
    torch.testing.assert_close(out.parts["kl"], kl)
    torch.testing.assert_close(out.loss, out.parts["reconstruction"] + kl)
    # of which torch's density is the density of our samples: uniform numbers through its own cdf
    torch.manual_seed(0)
    mine = torch.stack(
        [model.objective(Batch(x), {"z": torch.rand(BATCH, 4)}).loss for _ in range(4000)]
    )
    drawn = torch.stack(
        [-pixels_of(model.decoder(theirs.rsample())).log_prob(x) + kl for _ in range(4000)]
    )
    torch.testing.assert_close(mine.mean(0), drawn.mean(0), rtol=0, atol=0.05)
    torch.testing.assert_close(mine.std(0), drawn.std(0), rtol=0.1, atol=0.01)


def test_relaxed_classes_are_torchs_in_law_and_their_divergence_is_that_of_the_classes():
    model = RelaxedCategoricalVAE(FEATURES, hidden=[9], latent=2, classes=3, temperature=0.7)
    x = given()[0]
    logits = model.encoder(x).view(BATCH, 2, 3)
    hard = OneHotCategorical(logits=logits)
    fair = OneHotCategorical(probs=torch.full_like(logits, 1 / 3))
    torch.manual_seed(0)
    mine, drawn, theirs = [], [], RelaxedOneHotCategorical(torch.tensor(0.7), logits=logits)
    for _ in range(4000):
        out = model.objective(Batch(x), {"z": torch.rand(BATCH, 2, 3)})
        mine.append(out.parts["reconstruction"])
        drawn.append(-pixels_of(model.decoder(theirs.rsample().flatten(1))).log_prob(x))
    torch.testing.assert_close(out.parts["kl"], kl_divergence(hard, fair).sum(-1))
    torch.testing.assert_close(out.loss, out.parts["reconstruction"] + out.parts["kl"])
    mine, drawn = torch.stack(mine), torch.stack(drawn)
    torch.testing.assert_close(mine.mean(0), drawn.mean(0), rtol=0, atol=0.05)
    torch.testing.assert_close(mine.std(0), drawn.std(0), rtol=0.1, atol=0.01)


@pytest.mark.parametrize("uniform", [0.0, 1.0 - 2**-24])
def test_noise_at_the_ends_of_its_range_is_no_infinity(uniform):
    x = given()[0]
    bits = RelaxedBernoulliVAE(FEATURES, hidden=[9], latent=4, temperature=0.1)
    classes = RelaxedCategoricalVAE(FEATURES, hidden=[9], latent=2, classes=3, temperature=0.1)
    for model in (bits, classes):
        noise = {k: torch.full((BATCH, *d.shape), uniform) for k, d in model.draws.items()}
        loss = model.objective(Batch(x), noise).loss
        loss.sum().backward()
        assert loss.isfinite().all()
        assert all(p.grad.isfinite().all() for p in model.parameters())


def test_hard_codes_are_what_reconstructions_and_the_prior_take():
    bits = RelaxedBernoulliVAE(FEATURES, hidden=[9], latent=4, temperature=1.0)
    classes = RelaxedCategoricalVAE(FEATURES, hidden=[9], latent=2, classes=3, temperature=1.0)
    x = given()[0]
    code = (bits.encoder(x) > 0).double()
    torch.testing.assert_close(bits.reconstruct(x), bits.decode(code))
    hard = nn.functional.one_hot(classes.logits(x).argmax(-1), 3).double().flatten(1)
    torch.testing.assert_close(classes.reconstruct(x), classes.decode(hard))
    torch.manual_seed(0)
    fair = bits.prior_code({"z": torch.rand(50_000, 4)})
    assert set(fair.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(fair.mean(0), torch.full((4,), 0.5), rtol=0, atol=0.01)
    drawn = classes.prior_code({"z": torch.rand(50_000, 2, 3)}).view(-1, 2, 3)
    assert (drawn.sum(-1) == 1).all()
    torch.testing.assert_close(drawn.mean(0), torch.full((2, 3), 1 / 3), rtol=0, atol=0.01)


def sticking():
    torch.manual_seed(0)
    return StickingVAE(FEATURES, hidden=[9, 7], latent=LATENT, samples=6)


def test_the_two_bounds_of_several_samples_are_mean_of_logs_and_log_of_the_mean():
    model, x = sticking(), given()[0].round()
    noise = torch.randn(BATCH, 6, LATENT)
    each = torch.stack([model.log_weights(x, {"z": noise[:, i]}) for i in range(6)], 1)
    for name, expected in {
        "objective": -each.mean(1),
        "average_path": -each.mean(1),
        "weighted": -each.exp().mean(1).log(),
        "weighted_path": -each.exp().mean(1).log(),
    }.items():
        out = getattr(model, name)(Batch(x), {"z": noise})
        torch.testing.assert_close(out.loss, expected, msg=name)
        torch.testing.assert_close(out.parts["elbo"], each.mean(1))


def gradients(model, name, x, noise):
    loss = getattr(model, name)(Batch(x), {"z": noise}).loss
    return torch.autograd.grad(loss.mean(), [*model.encoder.parameters()])


def test_the_path_gradient_is_the_whole_one_less_the_score_of_q():
    model, x = sticking(), given()[0].round()
    noise = torch.randn(BATCH, 6, LATENT)
    mean, logvar = (t.unsqueeze(1) for t in model.posterior(x))
    z = (mean + (logvar / 2).exp() * noise).detach()
    score = Normal(mean, (logvar / 2).exp()).log_prob(z).sum(-1).mean()
    scores = torch.autograd.grad(score, [*model.encoder.parameters()])
    whole, path = (gradients(model, n, x, noise) for n in ("objective", "average_path"))
    for a, b, s in zip(whole, path, scores, strict=True):
        torch.testing.assert_close(a - s, b)


def test_the_score_is_nothing_on_average_so_both_gradients_agree():
    model, x = sticking(), given()[0].round()[:1]
    torch.manual_seed(1)
    noise = torch.randn(1, 200_000, LATENT)
    whole, path = (gradients(model, n, x, noise) for n in ("objective", "average_path"))
    scale = max(g.abs().max().item() for g in whole)
    assert all((a - b).abs().max() < 0.02 * scale for a, b in zip(whole, path, strict=True))


def test_keras_network_has_its_layers_and_its_number_of_weights():
    """69,076 weights in the encoder and 65,089 in the decoder, as the example prints them."""
    model = KerasVAE(784, planes=[32, 64], hidden=16, latent=2)
    count = [sum(p.numel() for p in m.parameters()) for m in (model.encoder, model.decoder)]
    assert count == [69076, 65089]
    x = torch.rand(3, 784)
    assert model.reconstruct(x).shape == (3, 784)
    mean, logvar = model.posterior(x)
    out = model.objective(Batch(x), {"z": torch.zeros(3, 2)})
    posterior = Normal(mean, (logvar / 2).exp())
    torch.testing.assert_close(out.parts["kl"], kl_divergence(posterior, standard(mean)).sum(-1))
    torch.testing.assert_close(
        out.parts["reconstruction"], -pixels_of(model.decoder(mean)).log_prob(x)
    )


def test_a_posterior_of_full_covariance_is_torchs():
    model = FullCovarianceVAE(64, depth=3, latent=4, beta=2.0)
    g = torch.Generator().manual_seed(0)
    x, noise = torch.rand(BATCH, 64, generator=g), torch.randn(BATCH, 4, generator=g)
    mean, factor = model.posterior_factor(x)
    assert torch.equal(factor, factor.tril())
    assert (factor.diagonal(dim1=-2, dim2=-1) > 1e-5).all()
    off = factor.tril(-1).flatten(1)
    assert (off[:, off[0] != 0] != 0).sum() == 6 * BATCH
    raw = model.encoder(x - 0.5)[:, 4:]
    both = torch.cat([softplus(raw) + 1e-5, raw], 1)  # every entry is one of the encoder's
    found = factor[:, *torch.tril_indices(4, 4)]
    assert all(
        (row.unsqueeze(1) - b).abs().min(1).values.max() < 1e-12
        for row, b in zip(found, both, strict=True)
    )
    q = torch.distributions.MultivariateNormal(mean, scale_tril=factor)
    z = mean + (factor @ noise.unsqueeze(-1)).squeeze(-1)
    kl = q.log_prob(z) - Independent(standard(z), 1).log_prob(z)
    log_p = pixels_of(model.decoder(z)).log_prob(x)
    out = model.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(out.parts["kl"], kl)
    torch.testing.assert_close(out.parts["reconstruction"], -log_p)
    torch.testing.assert_close(out.loss, 2 * kl - log_p)
    torch.testing.assert_close(model.log_weights(x, {"z": noise}), log_p - kl)


def test_the_disentangling_network_is_the_repositorys():
    """Three convolutions, two hidden layers each way: its own count of weights for 32 x 32."""
    model = DisentanglingVAE(
        1024, colours=1, planes=[32, 32, 32], hidden=[256, 256], latent=10, beta=4.0
    )
    encoder = 32 * 17 + 2 * 32 * (32 * 16 + 1) + 513 * 256 + 257 * 256 + 257 * 20
    decoder = 11 * 256 + 257 * 256 + 257 * 512 + 2 * 32 * (32 * 16) + 2 * 32 + 32 * 16 + 1
    count = [sum(p.numel() for p in m.parameters()) for m in (model.encoder, model.decoder)]
    assert count == [encoder, decoder]
    x, noise = torch.rand(3, 1024), torch.randn(3, 10)
    out = model.objective(Batch(x), {"z": noise})
    mean, logvar = model.posterior(x)
    posterior = Normal(mean, (logvar / 2).exp())
    kl = kl_divergence(posterior, standard(mean)).sum(-1)
    log_p = pixels_of(model.decoder(mean + posterior.stddev * noise)).log_prob(x)
    torch.testing.assert_close(out.loss, 4 * kl - log_p)


@pytest.mark.parametrize("build", [KerasVAE, FullCovarianceVAE])
def test_images_that_do_not_halve_twice_are_refused(build):
    sizes = {"planes": [2, 3], "hidden": 4} if build is KerasVAE else {"depth": 2, "beta": 1.0}
    with pytest.raises(ValueError, match="expected a square whose side is a multiple of 4"):
        build(30 * 30, latent=2, **sizes)
