"""Pseudo-inputs: which are drawn, of which seed, as the encoder sees them."""

import numpy as np
import torch
from known import Images

from ae.figures import pseudo_inputs
from ae.models.vamp_vae import VampVAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


def made(name, components):
    def build():
        return VampVAE(6, width=4, latent=2, levels=1, prior="vamp", components=components)

    stack = Stack([build] * 2, [0, 1])
    g = torch.Generator().manual_seed(components)
    inputs = torch.randn(2, components, 6, generator=g)
    stack.load({**stack.tensors(), "inputs": inputs})
    data = Images(torch.zeros(3, 6), None, (2, 3))
    return Trained(name=name, label=f"run {name}", stack=stack, train=data, test=data), inputs


def test_the_first_inputs_of_the_seed_are_drawn_between_0_and_1(repainted, exact_arithmetic):
    (one, inputs), (two, others) = made("a", 5), made("b", 9)
    drawing = pseudo_inputs.grid([one, two], rows=3, columns=2, seed_index=1)
    found = drawing.arrays["inputs"]
    assert found.shape[:2] == (2, 5)  # six asked for, five there
    for mine, given in zip(found, (inputs, others), strict=True):
        expected = given[1, :5].clamp(0, 1).reshape(5, 2, 3)
        np.testing.assert_allclose(mine.reshape(5, 2, 3), expected, rtol=1e-6)
    repainted(drawing)
