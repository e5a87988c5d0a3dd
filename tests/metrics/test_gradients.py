"""Gradients whose variance and mean are known: of a loss that is linear in its noise."""

import math

import pytest
import torch
from torch import nn

from ae.metrics import gradients
from ae.models.base import Autoencoder, Draw, Objective
from ae.training.stack import Stack

ASKED = {"split": "test", "examples": 4, "module": "encoder"}


class Noisy(Autoencoder):
    """A loss whose gradient by each of two weights is 3 + scale e, e a standard normal an image."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 1, bias=False)
        self.register_buffer("scale", torch.ones(()))
        self.draws = {"e": Draw("normal", (2,))}

    def objective(self, batch, noise):
        slopes = 3 + self.scale * noise["e"]
        loss = (slopes * self.encoder.weight[0]).sum(-1)
        return Objective(loss=loss, parts={})

    def same(self, batch, noise):
        loss = ((3 - 2 * self.scale * noise["e"]) * self.encoder.weight[0]).sum(-1)
        return Objective(loss=loss, parts={})

    def other(self, batch, noise):
        loss = ((3.5 + self.scale * noise["e"]) * self.encoder.weight[0]).sum(-1)
        return Objective(loss=loss, parts={})


@pytest.fixture
def trained(run):
    stack = Stack([Noisy] * 2, [0, 1])
    stack.buffers["scale"] = torch.tensor([1.0, 10.0])
    for parameter in stack.parameters.values():
        parameter.requires_grad_(False)  # as those of a stack that is measured
    return run(stack, torch.zeros(4, 2), shape=(2,))


def test_the_variance_is_that_of_the_mean_over_images_summed_over_weights(trained):
    found = gradients.spread(trained, draws=800, **ASKED)
    assert found == pytest.approx([math.log10(2 / 4), math.log10(200 / 4)], abs=0.07)
    assert not any(p.requires_grad for p in trained.stack.parameters.values())


def test_estimators_of_one_gradient_are_a_few_errors_apart_and_others_are_not(trained):
    same = gradients.apart(trained, draws=300, one="objective", other="same", **ASKED)
    assert all(0.1 < value < 4.5 for value in same)
    apart = gradients.apart(trained, draws=300, one="objective", other="other", **ASKED)
    assert apart[0] > 6
