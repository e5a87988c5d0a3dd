"""Gated layers: affine maps, each output of which is let through by a sigmoid of another.

As J. M. Tomczak and M. Welling, VAE with a VampPrior, AISTATS 2018, have them, after Y. N. Dauphin, A. Fan,
M. Auli and D. Grangier, Language Modeling with Gated Convolutional Networks, ICML 2017.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import hardtanh

from ae.maths.networks import affine


class Affine(nn.Module):
    """x W^T + b; weights normal of variance 2 / inputs, biases as torch's linear layers begin."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(math.sqrt(2 / inputs) * torch.randn(outputs, inputs))
        bound = 1 / math.sqrt(inputs)
        self.bias = nn.Parameter(bound * (2 * torch.rand(outputs) - 1))

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """x W^T + b."""
        return affine(x, self.weight, self.bias)


class Gated(nn.Module):
    """An affine layer, each output times a sigmoid of another."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.value, self.gate = Affine(inputs, outputs), Affine(inputs, outputs)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """(x W^T + b) sigmoid(x V^T + c)."""
        opened: Tensor = self.value(x) * self.gate(x).sigmoid()
        return opened


class Both(nn.Module):
    """A gated layer of each of two inputs, and one of both together."""

    def __init__(self, one: int, other: int, width: int) -> None:
        super().__init__()
        self.one, self.other = Gated(one, width), Gated(other, width)
        self.joint = Gated(2 * width, width)

    def forward(self, both: tuple[Tensor, ...]) -> Tensor:
        """Both inputs, each through its own layer, then together."""
        one, other = both
        joined: Tensor = self.joint(torch.cat([self.one(one), self.other(other)], -1))
        return joined


class GatedGaussian(nn.Module):
    """Mean and log variance that a network says, the log variance held to these limits."""

    def __init__(
        self, body: nn.Module, width: int, latent: int, limits: tuple[float, float]
    ) -> None:
        super().__init__()
        self.limits = limits
        self.body, self.mean, self.logvar = body, Affine(width, latent), Affine(width, latent)

    def forward(self, given: Any) -> tuple[Tensor, Tensor]:
        """Mean and log variance given an input, or two."""
        h = self.body(given)
        return self.mean(h), hardtanh(self.logvar(h), *self.limits)
