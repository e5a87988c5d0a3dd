"""Densities of codes by masked networks: every number has a normal law given those before it.

M. Germain, K. Gregor, I. Murray and H. Larochelle, MADE, ICML 2015, https://arxiv.org/abs/1502.03509;
G. Papamakarios, T. Pavlakou and I. Murray, Masked Autoregressive Flow for Density Estimation, NeurIPS
2017, https://arxiv.org/abs/1705.07057; D. Kingma et al., Improving Variational Inference with Inverse
Autoregressive Flow, NeurIPS 2016, https://arxiv.org/abs/1606.04934.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from ae.maths.probability import log_standard_normal


class Masked(nn.Linear):
    """A linear layer some of whose weights count as 0."""

    mask: Float[Tensor, "outputs inputs"]

    def __init__(self, mask: Float[Tensor, "outputs inputs"]) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """x (mask W)^T + b."""
        return linear(x, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    """Mean and log deviation of each number, by rectified layers that see the numbers before it alone.

    Args:
        size: How many numbers, at least 2.
        width: Units of a hidden layer.
        layers: Hidden layers.
    """

    def __init__(self, size: int, *, width: int, layers: int) -> None:
        super().__init__()
        first = torch.arange(size)
        units = torch.arange(width) % (size - 1)
        degrees = [first, *[units] * layers]
        masks = [(high[:, None] >= low).float() for low, high in pairwise(degrees)]
        last = (first[:, None] > units).float()
        modules: list[nn.Module] = []
        for mask in masks:
            modules += [Masked(mask), nn.ReLU()]
        self.layers = nn.Sequential(*modules, Masked(torch.cat([last, last])))

    def forward(
        self, z: Float[Tensor, "batch size"]
    ) -> tuple[Float[Tensor, "batch size"], Float[Tensor, "batch size"]]:
        """Means and log deviations."""
        mean, logscale = self.layers(z).chunk(2, -1)
        return mean, logscale

    def unrolled(
        self, given: Float[Tensor, "batch size"], *, inverse: bool
    ) -> tuple[Float[Tensor, "batch size"], Float[Tensor, "batch size"]]:
        """The z of which (z - mean(z)) / scale(z), or with `inverse` mean(z) + scale(z) z, is `given`.

        Number by number, each from those before it; and the log deviations there.
        """
        z = torch.zeros_like(given)
        places = torch.eye(given.shape[-1], dtype=z.dtype, device=z.device)
        for place in places:
            mean, logscale = self(z)
            value = (given - mean) * (-logscale).exp() if inverse else mean + logscale.exp() * given
            z = z + place * value
        return z, self(z)[1]


class MaskedFlow(nn.Module):
    """A standard normal, changed by blocks of MADE, each followed by a reversed order.

    A masked autoregressive flow takes its conditions from the code, so that a density takes one pass of
    each block and a sample one a number; with `inverse` from the noise, and it is the other way round.

    Args:
        size: How many numbers, at least 2.
        width: Units of a hidden layer.
        layers: Hidden layers of a block.
        blocks: How many.
        inverse: Whether it is an inverse autoregressive flow.
    """

    def __init__(self, size: int, *, width: int, layers: int, blocks: int, inverse: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MADE(size, width=width, layers=layers) for _ in range(blocks))
        self.inverse = inverse

    @property
    def blocks(self) -> list[MADE]:
        """From the code to the noise."""
        return [block for block in self.layers if isinstance(block, MADE)]

    def log_prob(self, z: Float[Tensor, "batch size"]) -> Float[Tensor, " batch"]:
        """Log of the density; nats."""
        slope = torch.zeros_like(z[:, 0])
        for block in self.blocks:
            if self.inverse:
                z, logscale = block.unrolled(z, inverse=True)
            else:
                mean, logscale = block(z)
                z = (z - mean) * (-logscale).exp()
            slope = slope - logscale.sum(-1)
            z = z.flip(-1)
        return log_standard_normal(z) + slope

    def sample(self, noise: Float[Tensor, "batch size"]) -> Float[Tensor, "batch size"]:
        """What standard normal noise becomes."""
        z = noise
        for block in reversed(self.blocks):
            z = z.flip(-1)
            if self.inverse:
                mean, logscale = block(z)
                z = mean + logscale.exp() * z
            else:
                z, _ = block.unrolled(z, inverse=False)
        return z
