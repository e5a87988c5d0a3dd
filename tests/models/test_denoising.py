"""Masking noise and the two denoising models."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, cross_entropy

from ae.models.base import Batch
from ae.models.denoising import DAE
from ae.models.stacked_denoising import SDAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_masking_sets_the_stated_share_of_pixels_to_zero_and_the_target_stays_clean():
    model = DAE(1000, hidden=8, corruption=0.25)
    x, mask = torch.rand(200, 1000), torch.rand(200, 1000)
    kept = (mask >= 0.25).double()
    assert kept.mean().item() == pytest.approx(0.75, abs=0.005)
    expected = binary_cross_entropy(model.reconstruct(x * kept), x, reduction="none").sum(-1)
    torch.testing.assert_close(model.objective(Batch(x), {"mask": mask}).loss, expected)


def test_without_corruption_the_noise_does_not_matter():
    model, x = DAE(30, hidden=8, corruption=0.0), torch.rand(5, 30)
    losses = [model.objective(Batch(x), {"mask": torch.rand(5, 30)}).loss for _ in range(2)]
    assert torch.equal(*losses)


def test_only_the_input_of_the_layer_being_trained_is_corrupted():
    model = SDAE(30, hidden=[12, 8], classes=3, corruption=0.5)
    x, mask = torch.rand(5, 30), torch.rand(5, 12)
    assert model.draws_for("denoise", 1)["mask"].shape == (12,)
    clean = model.encoder[0](x).sigmoid()
    hidden = model.encoder[1](clean * (mask >= 0.5)).sigmoid()
    back = (hidden @ model.encoder[1].weight + model.visible_bias[1]).sigmoid()
    expected = binary_cross_entropy(back, clean, reduction="none").sum(-1)
    loss = model.denoise(Batch(x), {"mask": mask}, layer=1).loss
    torch.testing.assert_close(loss, expected)
    below = torch.autograd.grad(loss.sum(), list(model.encoder[0].parameters()), allow_unused=True)
    assert below == (None, None)


def test_supervised_training_costs_nats_and_counts_errors():
    model = SDAE(30, hidden=[12], classes=3, corruption=0.5)
    torch.nn.init.normal_(model.classifier.weight)
    x, y = torch.rand(50, 30), torch.randint(3, (50,))
    out = model.objective(Batch(x, y), {})
    logits = model.classify(x)
    torch.testing.assert_close(out.loss, cross_entropy(logits, y, reduction="none"))
    assert out.parts["error"].sum().item() == (logits.argmax(1) != y).sum().item()
