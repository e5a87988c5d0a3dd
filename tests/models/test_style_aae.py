"""A class beside a style: the phases by hand, what is shown of every class."""

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from ae.models.base import Batch
from ae.models.categorical_aae import CategoricalAAE
from ae.models.supervised_aae import SupervisedAAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
SHARED = {"hidden": [13], "discriminator": [9], "latent": 3, "classes": 4, "init": 0.3}


def categorical(**changes):
    keys = {**SHARED, "normalised": False, "keep": 1.0, "noise": 0.0, **changes}
    return CategoricalAAE(20, **keys)


def batch(count=8):
    return Batch(torch.rand(count, 20), torch.arange(count) % 4)


def noise(model, method, count=8):
    return {
        name: (torch.randn if draw.law == "normal" else torch.rand)(count, *draw.shape)
        for name, draw in model.draws_for(method, None).items()
    }


def test_the_decoder_is_told_the_label():
    model, data = SupervisedAAE(20, **SHARED), batch()
    code = torch.cat([one_hot(data.y, 4).double(), model.encoder(data.x)], -1)
    made = model.decoder(code).sigmoid()
    out = model.objective(data, {})
    torch.testing.assert_close(out.loss, 0.5 * ((data.x - made) ** 2).sum(-1))
    shown = model.every_class(model.encode(data.x))
    assert shown.shape == (8, 4, 20)
    torch.testing.assert_close(shown[torch.arange(8), data.y], made)


def test_the_supervised_ones_phases_are_the_papers():
    model, data = SupervisedAAE(20, **SHARED), batch()
    given = noise(model, "discrimination")
    real, fake = (
        model.discriminator(z).squeeze(-1).sigmoid() for z in (given["z"], model.encoder(data.x))
    )
    torch.testing.assert_close(
        model.discrimination(data, given).loss, -real.log() - (1 - fake).log()
    )
    torch.testing.assert_close(model.confusion(data, {}).loss, -fake.log())


def test_two_discriminators_judge_class_and_style():
    model, data = categorical(), batch()
    features = model.encoder(data.x)
    y, z = model.label(features).softmax(-1), model.style(features)
    given = noise(model, "discrimination")
    drawn = one_hot((4 * given["y"]).long(), 4).double()
    d = [
        network(code).squeeze(-1).sigmoid()
        for network, code in (
            (model.label_discriminator, drawn),
            (model.label_discriminator, y),
            (model.style_discriminator, given["z"]),
            (model.style_discriminator, z),
        )
    ]
    expected = -d[0].log() - (1 - d[1]).log() - d[2].log() - (1 - d[3]).log()
    out = model.discrimination(data, given)
    torch.testing.assert_close(out.loss, expected)
    torch.testing.assert_close(out.parts["style_codes"], d[3])
    torch.testing.assert_close(model.confusion(data, {}).loss, -d[1].log() - d[3].log())
    made = model.decoder(torch.cat([y, z], -1)).sigmoid()
    torch.testing.assert_close(model.objective(data, {}).loss, 0.5 * ((data.x - made) ** 2).sum(-1))
    torch.testing.assert_close(model.reconstruct(data.x), made)


def test_supervision_is_the_cross_entropy_of_labels_that_are_shown():
    model, data = categorical(), batch()
    out = model.supervision(data, {})
    scores = model.classify(data.x)
    torch.testing.assert_close(out.loss, cross_entropy(scores, data.y, reduction="none"))
    hidden = data._replace(y=data.y.where(data.y != 2, -1))
    again = model.supervision(hidden, {})
    assert again.loss[data.y == 2].tolist() == [0, 0]
    torch.testing.assert_close(again.loss[data.y != 2], out.loss[data.y != 2])


def test_pixels_suffer_noise_and_are_dropped_in_training_alone():
    model, data = categorical(keep=0.8, noise=0.3), batch()
    given = noise(model, "objective")
    seen = data.x + 0.3 * given["pixels"]
    seen = torch.where(given["kept"] < 0.8, seen / 0.8, 0.0)
    features = model.encoder(seen)
    code = torch.cat([model.label(features).softmax(-1), model.style(features)], -1)
    made = model.decoder(code).sigmoid()
    torch.testing.assert_close(
        model.objective(data, given).loss, 0.5 * ((data.x - made) ** 2).sum(-1)
    )
    torch.testing.assert_close(model.classify(data.x), model.label(model.encoder(data.x)))


def test_both_heads_are_normalised_too():
    model, data = categorical(normalised=True), batch(200)
    logits, style = model._code(data.x)
    for outputs in (logits, style):
        torch.testing.assert_close(
            outputs.mean(0), torch.zeros(outputs.shape[1]), atol=1e-9, rtol=0
        )
        torch.testing.assert_close(
            outputs.var(0, correction=0), torch.ones(outputs.shape[1]), atol=0.02, rtol=0
        )
