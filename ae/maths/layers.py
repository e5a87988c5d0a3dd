"""Layers that torch has not, or not for many seeds at once; dropout by noise that is given."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import Dense


class Maxout(nn.Module):
    """Units that are the largest of `pieces` affine maps each.

    Goodfellow, Warde-Farley, Mirza, Courville and Bengio, Maxout Networks, ICML 2013,
    https://arxiv.org/abs/1302.4389.
    """

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.affine = Dense(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch units"]:
        """max_k (x W_jk + b_jk) of every unit j."""
        each: Tensor = self.affine(x).unflatten(-1, (-1, self.pieces))
        return each.amax(-1)


class Normalised(nn.Module):
    """Batch normalisation as `torch.nn.BatchNorm1d` has it, with the same bits alone and in a stack.

    In training a unit is normalised by its mean and variance over the batch, afterwards by running
    averages of them; then it is scaled and shifted. Ioffe and Szegedy, ICML 2015,
    https://arxiv.org/abs/1502.03167.
    """

    mean: Float[Tensor, " units"]
    variance: Float[Tensor, " units"]

    def __init__(self, units: int, momentum: float = 0.1, floor: float = 1e-5) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(units))
        self.shift = nn.Parameter(torch.zeros(units))
        self.register_buffer("mean", torch.zeros(units))
        self.register_buffer("variance", torch.ones(units))
        self.momentum, self.floor = momentum, floor

    def forward(self, x: Float[Tensor, "batch units"]) -> Float[Tensor, "batch units"]:
        """scale (x - mean) / sqrt(variance + floor) + shift."""
        mean, variance = self.mean, self.variance
        if self.training:
            mean = x.mean(0)
            variance = ((x - mean) ** 2).mean(0)
            unbiased = variance.detach() * (len(x) / max(1, len(x) - 1))
            self.mean.mul_(1 - self.momentum).add_(self.momentum * mean.detach())
            self.variance.mul_(1 - self.momentum).add_(self.momentum * unbiased)
        return self.scale * (x - mean) * (variance + self.floor).rsqrt() + self.shift


def dropout(
    x: Float[Tensor, "*batch units"], uniform: Float[Tensor, "*batch units"], keep: float
) -> Float[Tensor, "*batch units"]:
    """Each unit kept with probability `keep` and divided by it, else 0; by noise on [0, 1)."""
    return x * (uniform < keep).to(x.dtype) / keep
