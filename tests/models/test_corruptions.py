"""Kinds of noise, emphasis and sampling, against exact shares, sums and other programs."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, cross_entropy

from ae.models.base import Batch
from ae.models.corruptions import DAE, SDAE, Corruption
from ae.models.stacked_denoising import SDAE as Masked
from ae.training.noise import NoiseSource

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

QUIET = {"masking": 0.0, "salt_and_pepper": 0.0, "gaussian": 0.0}
EVEN = {"emphasis_on_corrupted": 1.0, "emphasis_on_rest": 1.0}
LAYER = {"hidden": 7, "init": 0.3, "shift": 0.0, "scale": 1.0, "extreme": 1.0, "decay": 0.0}


def noise(draws, batch=4):
    return {k: v[0] for k, v in NoiseSource([5], "cpu", "noise").draw(draws, batch).items()}


def corrupt(x, low=0.0, high=1.0, **strengths):
    corruption = Corruption(**{**QUIET, **strengths}, low=low, high=high)
    return corruption(x, noise(corruption.draws(x.shape[1]), len(x)))


def share(condition) -> float:
    return condition.double().mean().item()


def test_masking_gives_zeros_to_the_stated_share_and_leaves_the_rest():
    x = 1 + torch.rand(300, 1000)
    noisy, corrupted = corrupt(x, masking=0.25)
    assert share(noisy == 0) == pytest.approx(0.25, abs=0.004)
    assert torch.equal(corrupted, (noisy == 0).double())
    assert torch.equal(noisy[noisy != 0], x[noisy != 0])


def test_salt_and_pepper_are_half_each_of_the_stated_share():
    x = torch.full((300, 1000), 0.5)
    noisy, corrupted = corrupt(x, low=-2.0, high=3.0, salt_and_pepper=0.3)
    assert [share(noisy == v) for v in (-2, 3, 0.5)] == pytest.approx([0.15, 0.15, 0.7], abs=0.004)
    assert torch.equal(corrupted, (noisy != 0.5).double())


def test_gaussian_noise_has_the_stated_deviation_and_touches_every_input():
    x = torch.full((300, 1000), 7.0)
    noisy, corrupted = corrupt(x, gaussian=0.5)
    assert (noisy - x).std().item() == pytest.approx(0.5, rel=0.01)
    assert noisy.mean().item() == pytest.approx(7, abs=0.01)
    assert corrupted.all()


def test_without_noise_nothing_changes():
    x = torch.rand(5, 30)
    noisy, corrupted = corrupt(x)
    assert torch.equal(noisy, x)
    assert not corrupted.any()


def test_masking_is_that_of_the_paper_of_2008():
    torch.manual_seed(1)
    ours = SDAE(30, hidden=[12, 8], classes=3, **{**QUIET, "masking": 0.4}, **EVEN)
    torch.manual_seed(1)
    theirs = Masked(30, hidden=[12, 8], classes=3, corruption=0.4)
    x, chance = torch.rand(5, 30), torch.rand(5, 12)
    loss = ours.denoise(Batch(x), {"chance": chance, "added": torch.randn(5, 12)}, layer=1).loss
    expected = theirs.denoise(Batch(x), {"mask": chance}, layer=1).loss
    torch.testing.assert_close(loss, expected)


def test_emphasis_weighs_corrupted_inputs_and_the_rest():
    emphasis = {"emphasis_on_corrupted": 3.0, "emphasis_on_rest": 0.5}
    model = SDAE(30, hidden=[12], classes=3, **{**QUIET, "salt_and_pepper": 0.4}, **emphasis)
    x, drawn = torch.rand(5, 30), noise(model.draws_for("denoise", 0), 5)
    noisy, corrupted = model.corruption(x, drawn)
    back = (model.encode(noisy) @ model.encoder[0].weight + model.visible_bias[0]).sigmoid()
    each = binary_cross_entropy(back, x, reduction="none")
    expected = (each * (0.5 + 2.5 * corrupted)).sum(-1)
    assert 0 < corrupted.sum() < corrupted.numel()
    torch.testing.assert_close(model.denoise(Batch(x), drawn, layer=0).loss, expected)


def test_fine_tuning_sees_clean_inputs_and_jittered_training_corrupted_ones():
    model = SDAE(30, hidden=[12], classes=3, **{**QUIET, "masking": 0.5}, **EVEN)
    torch.nn.init.normal_(model.classifier.weight)
    x, y = torch.rand(50, 30), torch.randint(3, (50,))
    drawn = noise(model.draws_for("jittered", None), 50)
    out = model.objective(Batch(x, y), {})
    torch.testing.assert_close(out.loss, cross_entropy(model.classify(x), y, reduction="none"))
    assert out.parts["error"].sum().item() == (model.classify(x).argmax(1) != y).sum().item()
    logits = model.classify(model.corruption(x, drawn)[0])
    loss = model.jittered(Batch(x, y), drawn).loss
    torch.testing.assert_close(loss, cross_entropy(logits, y, reduction="none"))
    assert not torch.allclose(loss, out.loss)


def test_samples_are_bernoulli_draws_of_each_layer_between_code_and_pixels():
    model = SDAE(6, hidden=[5, 4], classes=3, **QUIET, **EVEN)
    assert {k: d.shape for k, d in model.sample_draws().items()} == {"1": (5,)}
    with torch.no_grad():
        model.visible_bias[1].copy_(torch.tensor([-1.0, 0, 1, 2, 3]))
    x = torch.rand(1, 6).expand(40_000, 6)
    made = model.sample(x, {"1": torch.rand(40_000, 5)})
    up, top = model.encoder
    between = (model.encode(x[:1]) @ top.weight + model.visible_bias[1]).sigmoid()[0]
    expected = torch.zeros(6)
    for bits in range(32):  # every value of the five units, and how likely it is
        h = torch.tensor([float(bits >> i & 1) for i in range(5)])
        chance = (between * h + (1 - between) * (1 - h)).prod()
        expected += chance * (h @ up.weight + model.visible_bias[0]).sigmoid()
    torch.testing.assert_close(made.mean(0), expected, atol=0.01, rtol=0)
    assert 8 < len(made.unique(dim=0)) <= 32  # some of the 32 are rare


def test_a_layer_repairs_its_shifted_and_scaled_input_and_pays_for_its_weights():
    model = DAE(
        30, **{**QUIET, "gaussian": 0.5}, **{**LAYER, "shift": 0.5, "scale": 10.0, "decay": 0.2}
    )
    x, drawn = torch.rand(5, 30), noise(model.draws, 5)
    clean = 10 * x - 5
    hidden = ((clean + 0.5 * drawn["added"]) @ model.weight.T + model.hidden_bias).sigmoid()
    error = ((hidden @ model.weight + model.visible_bias - clean) ** 2).sum(-1)
    penalty = 0.1 * model.weight.square().sum()
    out = model.objective(Batch(x), drawn)
    torch.testing.assert_close(out.loss, error + penalty)
    torch.testing.assert_close(out.parts["squared_error"], error)


def test_initial_weights_are_uniform_within_their_bounds():
    weight = SDAE(784, hidden=[500], classes=3, **QUIET, **EVEN).encoder[0].weight
    bound = 4 * math.sqrt(6 / 1284)
    assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    weight = DAE(784, **QUIET, **LAYER).weight
    assert weight.std().item() == pytest.approx(0.3 / math.sqrt(3), rel=0.03)
