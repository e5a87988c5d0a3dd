"""The bounds of importance weighting, against torch.distributions and each other."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from ae.models.base import Batch
from ae.models.iwae import IWAE

FEATURES, BATCH = 6, 3


@pytest.fixture(params=[1, 2], ids=["one layer", "two layers"])
def model(request):
    torch.manual_seed(0)
    sizes = {"hidden": [5, 4][: request.param], "latent": [3, 2][: request.param]}
    return IWAE(FEATURES, **sizes, samples=7).double()


def drawn(model, objective):
    g = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(BATCH, *draw.shape, generator=g, dtype=torch.float64)
        for name, draw in model.draws_for(objective, None).items()
    }


@pytest.fixture
def x():
    return torch.rand(BATCH, FEATURES, dtype=torch.float64).round()


def gaussian(parameters):
    mean, deviation = parameters.chunk(2, -1)
    return Independent(Normal(mean, deviation.exp()), 1)


def expected(model, x, noise):
    """log w by torch.distributions."""
    below, log_q, layers = x, 0, []
    for i, conditional in enumerate(model.encoder, 1):
        q = gaussian(conditional(below))
        below = q.mean + q.stddev * noise[f"h{i}"]
        log_q = log_q + q.log_prob(below)
        layers.append(below)
    prior = Independent(Normal(torch.zeros_like(below), 1), 1)
    log_p = prior.log_prob(below)
    for i in range(len(layers) - 1, 0, -1):
        log_p = log_p + gaussian(model.decoder[i](layers[i])).log_prob(layers[i - 1])
    pixels = Independent(Bernoulli(logits=model.decoder[0](layers[0])), 1)
    return log_p + pixels.log_prob(x) - log_q


def test_a_weight_is_what_torch_says(model, x):
    noise = drawn(model, "log_weights")
    torch.testing.assert_close(model.log_weights(x, noise), expected(model, x, noise))


def test_the_bounds_are_log_of_the_mean_and_mean_of_the_logs(model, x):
    noise = drawn(model, "objective")
    each = torch.stack(
        [model.log_weights(x, {k: v[:, i] for k, v in noise.items()}) for i in range(7)], 1
    )
    iwae, vae = (getattr(model, name)(Batch(x), noise) for name in ("objective", "average"))
    torch.testing.assert_close(iwae.loss, -(each.exp().mean(1).log()))
    torch.testing.assert_close(vae.loss, -each.mean(1))
    torch.testing.assert_close(iwae.parts["elbo"], each.mean(1))
    assert (iwae.loss < vae.loss).all()


def test_with_one_sample_the_bounds_are_one(model, x):
    noise = drawn(model, "single")
    assert {v.shape[1] for v in noise.values()} == {1}
    single = model.single(Batch(x), noise).loss
    torch.testing.assert_close(single, model.objective(Batch(x), noise).loss)
    torch.testing.assert_close(single, model.average(Batch(x), noise).loss)


def test_the_gradient_weighs_each_sample_by_its_share(model, x):
    noise = drawn(model, "objective")
    weight = model.decoder[0][0].weight
    (found,) = torch.autograd.grad(model.objective(Batch(x), noise).loss.sum(), weight)
    each = model._log_weights(x, noise)
    share = each.softmax(1).detach()
    (by_hand,) = torch.autograd.grad(-(share * each).sum(), weight)
    torch.testing.assert_close(found, by_hand)


def test_biases_start_from_the_logits_of_the_mean(model, x):
    x[:, 0], x[:, 1] = 0, 1
    with torch.no_grad():
        model.set_bias(x)
    bias = model.decoder[0][-1].bias
    assert bias[0].item() == pytest.approx(math.log(0.001 / 0.999))
    assert bias[1].item() == pytest.approx(-bias[0].item())


def test_widths_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"hidden \[5\], latent \[3, 2\]: expected as many"):
        IWAE(FEATURES, hidden=[5], latent=[3, 2], samples=1)


def sliced(model, kept):
    """The model without some units, as a smaller model with what is left of its weights."""
    sizes = {"hidden": [5, 4][: len(kept)], "latent": [len(k) for k in kept]}
    smaller = IWAE(FEATURES, **sizes, samples=7).double()
    with torch.no_grad():
        for old, new in zip(model.parameters(), smaller.parameters(), strict=True):
            if old.shape == new.shape:
                new.copy_(old)
        for i, units in enumerate(kept):
            size = len(model.encoder[i][-1].bias) // 2
            both = [*units, *(size + u for u in units)]
            heads, readers = [(model.encoder[i], smaller.encoder[i])], []
            readers.append((model.decoder[i], smaller.decoder[i]))
            if i + 1 < len(kept):
                heads.append((model.decoder[i + 1], smaller.decoder[i + 1]))
                readers.append((model.encoder[i + 1], smaller.encoder[i + 1]))
            for old, new in heads:
                new[-1].weight.copy_(old[-1].weight[both])
                new[-1].bias.copy_(old[-1].bias[both])
            for old, new in readers:
                new[0].weight.copy_(old[0].weight[:, units])
    return smaller


def test_a_model_without_some_units_is_the_smaller_model(model, x):
    kept = [[0, 2], [1]][: len(model.latent)]
    smaller = sliced(model, kept)
    noise = drawn(model, "log_weights")
    less = {f"h{i}": noise[f"h{i}"][:, units] for i, units in enumerate(kept, 1)}
    whole = model.log_weights(x, noise)
    masks = [torch.zeros(n, dtype=torch.float64) for n in model.latent]
    for mask, units in zip(masks, kept, strict=True):
        mask[units] = 1
    with torch.no_grad():
        model.remove(*masks)
    found = model.log_weights(x, noise)
    torch.testing.assert_close(found, smaller.log_weights(x, less))
    assert (found - whole).abs().min() > 1e-3


def test_a_model_of_which_all_units_are_kept_stays_what_it_was(model, x):
    noise = drawn(model, "log_weights")
    whole = model.log_weights(x, noise)
    with torch.no_grad():
        model.remove(*(torch.ones(n, dtype=torch.float64) for n in model.latent))
    torch.testing.assert_close(model.log_weights(x, noise), whole, rtol=0, atol=0)
