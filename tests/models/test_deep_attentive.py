"""Attention over depth and places: weights, causality in depth, and NVAE where it is off."""

import pytest
import torch
from hierarchies import BATCH, FEATURES, LAWS, SIZES, by_torch, drawn, moved

from ae.maths.depth_attention import DepthAttention, PlaceAttention, depth_weights
from ae.models.base import Batch
from ae.models.deep_attentive import AttentiveVAE
from ae.models.nvae import NVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
LAYERS = 3


def made(depth=True, spatial=True, layers=LAYERS, start=False, **changes):
    torch.manual_seed(0)
    more = {"key": 2, "depth": depth, "spatial": spatial}
    model = AttentiveVAE(FEATURES, layers=layers, **{**SIZES, **LAWS, **more, **changes})
    return model if start else moved(model)


@pytest.fixture
def x():
    return torch.rand(BATCH, FEATURES, generator=torch.Generator().manual_seed(5)).round()


def contexts(count, planes=4, side=4, seed=3):
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(2, planes, side, side, generator=g) for _ in range(count)]


def test_weights_over_depth_sum_to_one_at_every_place():
    query, *keys = contexts(4)
    weights = depth_weights(query, torch.stack(keys, 1), torch.tensor([1.7]))
    torch.testing.assert_close(weights.sum(1), torch.ones(2, 4, 4))
    assert (weights > 0).all()
    by_hand = torch.stack([1.7 * (query * key).sum(1) for key in keys], -1)
    torch.testing.assert_close(weights.movedim(1, -1), by_hand.softmax(-1))


def test_weights_over_places_sum_to_one():
    torch.manual_seed(0)
    part, (x,) = PlaceAttention(4, 4, 2), contexts(1)
    torch.testing.assert_close(part.weights(x).sum(-1), torch.ones(2, 16))


def test_attention_over_depth_is_multi_head_attentions_own():
    """One head of torch's, at each place by itself."""
    torch.manual_seed(0)
    part = DepthAttention(4, 4, 4, several=True)
    asking, *given = contexts(4)
    keys = [torch.randn_like(h) for h in given]

    def rows(h):
        return h.permute(0, 2, 3, 1).reshape(-1, 1, h.shape[1])

    query = rows(part.query(asking))
    expected = torch.nn.functional.scaled_dot_product_attention(
        query,
        torch.cat([rows(k) for k in keys], 1),
        torch.cat([rows(h) for h in given], 1),
        scale=part.scale.item(),
    )
    torch.testing.assert_close(rows(part(asking, keys, given)), expected)


def test_without_query_or_key_it_is_the_mean_of_what_it_attends_to():
    torch.manual_seed(0)
    part = DepthAttention(4, 4, 2, several=True)
    asking, *given = contexts(4)
    keys = [torch.randn_like(h[:, :2]) for h in given]
    torch.nn.init.zeros_(part.query.weight)
    torch.testing.assert_close(part(asking, keys, given), torch.stack(given).mean(0))
    torch.nn.init.ones_(part.query.weight)
    silent = [torch.zeros_like(key) for key in keys]
    torch.testing.assert_close(part(asking, silent, given), torch.stack(given).mean(0))
    assert torch.equal(DepthAttention(4, 4, 2, several=False)(asking, [], given[:1]), given[0])


def test_places_without_query_take_the_mean_of_all_values():
    torch.manual_seed(0)
    part, (x,) = PlaceAttention(4, 4, 2), contexts(1)
    assert torch.equal(part(x), x)  # gamma is 0
    torch.nn.init.zeros_(part.query.weight)
    torch.nn.init.constant_(part.gamma, 0.5)
    mean = part.value(x).mean((2, 3), keepdim=True)
    torch.testing.assert_close(part(x), x + 0.5 * mean.expand_as(x))


@pytest.mark.parametrize("layer", range(1, LAYERS + 1))
def test_a_prior_never_sees_its_own_layer_or_one_below(layer, x):
    """Exactly: the gradient is 0, and above, of every layer, it is not."""
    model = made().eval()
    latent = {k: v.requires_grad_() for k, v in drawn(model).items()}
    priors = model._down(BATCH, lambda group, *_: latent[f"z{group + 1}"])[1]
    told = priors[layer - 1].mean.sum() + priors[layer - 1].logvar.sum()
    if layer == 1:
        assert not told.requires_grad
        return
    gradients = torch.autograd.grad(told, list(latent.values()), allow_unused=True)
    for i, gradient in enumerate(gradients, 1):
        assert (gradient is not None and bool((gradient != 0).any())) == (i < layer), i


def test_a_layer_looks_past_its_neighbour_by_attention_alone(x):
    """What reaches the last prior around the contexts between, which are held fixed."""
    for depth in (True, False):
        model = made(depth=depth, spatial=False).eval()
        given = [h.requires_grad_() for h in contexts(LAYERS)]
        told = model._told(LAYERS - 1, given)
        gradient = torch.autograd.grad(told.sum(), given[0], allow_unused=True)[0]
        assert (gradient is not None and bool((gradient != 0).any())) == depth


@pytest.mark.parametrize("layer", range(1, LAYERS + 1))
def test_a_posterior_sees_the_noise_of_the_layers_above_alone(layer, x):
    model = made().eval()
    noise = {k: v.requires_grad_() for k, v in drawn(model).items()}
    q = model._inferred(x, noise)[1][layer - 1][1]
    told = q.mean.sum() + q.logvar.sum()
    gradients = torch.autograd.grad(told, list(noise.values()), allow_unused=True)
    for i, gradient in enumerate(gradients, 1):
        assert (gradient is not None and bool((gradient != 0).any())) == (i < layer), i


def test_without_attention_it_is_nvae_to_the_bit(x):
    torch.manual_seed(0)
    nvae = NVAE(FEATURES, groups=[LAYERS], **SIZES, **{**LAWS, "balanced": True, "spectral": 0.1})
    own = made(False, False, start=True, balanced=True, spectral=0.1)
    assert [n for n, _ in own.named_parameters()] == [n for n, _ in nvae.named_parameters()]
    found = []
    for model in (nvae, own):
        model.beta.fill_(0.5)
        loss = model.objective(Batch(x), drawn(model)).loss
        found.append([loss, *torch.autograd.grad(loss.sum(), list(model.parameters()))])
    for mine, theirs in zip(*found, strict=True):
        assert torch.equal(mine, theirs)


def test_attention_begins_as_nvae(x):
    """Every gamma is 0: the same weights of the hierarchy, drawn first, give the same bound."""
    torch.manual_seed(0)
    nvae = NVAE(FEATURES, groups=[LAYERS], **SIZES, **LAWS)
    model = made(start=True)
    noise = drawn(model)
    torch.testing.assert_close(
        model.objective(Batch(x), noise).loss, nvae.objective(Batch(x), noise).loss
    )
    assert not torch.allclose(
        moved(model).objective(Batch(x), noise).loss, moved(nvae).objective(Batch(x), noise).loss
    )


@pytest.mark.parametrize(("depth", "spatial"), [(True, True), (True, False), (False, True)])
def test_the_bound_is_what_torch_says(depth, spatial, x):
    model = made(depth, spatial).eval()
    noise = drawn(model)
    reconstruction, kl, log_q, log_p, _ = by_torch(model, x, noise)
    found = model.objective(Batch(x), noise)
    torch.testing.assert_close(found.parts["bound"], -reconstruction - sum(kl))
    weights = -reconstruction + sum(log_p) - sum(log_q)
    torch.testing.assert_close(model.log_weights(x, noise), weights)
