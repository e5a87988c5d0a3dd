"""Codes in the ellipse of their own part."""

import pytest
import torch

from ae.errors import UserError
from ae.maths.priors import petal
from ae.metrics.parts import own_part
from ae.models.aae import AAE
from ae.training.stack import Stack


def build():
    model = AAE(
        2,
        hidden=[2],
        discriminator=[2],
        latent=2,
        prior="petals",
        scale=1.0,
        classes=10,
        told=False,
        cost="squared",
        posterior="none",
        keep=1.0,
        init=0.1,
    )
    with torch.no_grad():  # the code is the image itself, moved to where rectifying changes nothing
        for layer, bias in zip(model.encoder, (9.0, -9.0), strict=True):
            layer.weight.copy_(torch.eye(2))
            layer.bias.fill_(bias)
    return model


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_codes_of_the_prior_have_the_share_and_those_of_other_parts_none(run, share):
    part = torch.arange(20_000) % 10
    x = petal(torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0)), part, classes=10)
    right = run(Stack([build], [0]), x, part, shape=(1, 2))
    assert own_part(right, examples=20_000, share=share) == pytest.approx([100 * share], abs=1)
    wrong = run(Stack([build], [0]), x, (part + 5) % 10, shape=(1, 2))
    assert own_part(wrong, examples=20_000, share=share)[0] < 1


def test_a_prior_of_one_part_is_refused(linear):
    trained = linear(torch.eye(2)[None], torch.rand(5, 2), torch.tensor([0, 1, 2, 1, 0]))
    with pytest.raises(UserError, match="has a prior of 2 parts; expected one for each"):
        own_part(trained, examples=5, share=0.99)
