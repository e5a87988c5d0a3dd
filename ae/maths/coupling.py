"""A density made of a standard normal one by coupling layers: half of the numbers move the other half.

L. Dinh, J. Sohl-Dickstein and S. Bengio, Density estimation using Real NVP, ICLR 2017,
https://arxiv.org/abs/1605.08803
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.maths.probability import log_standard_normal


class Couplings(nn.Module):
    """Layers that shift and scale the second half by the first, each followed by a reversed order.

    Leaky ReLU layers; a log scale lies within -1 and 1.

    Args:
        size: How many numbers, an even one.
        width: Units of the two hidden layers of the networks of shift and scale.
        count: How many layers.

    Raises:
        ValueError: The size is odd.
    """

    def __init__(self, size: int, *, width: int, count: int) -> None:
        super().__init__()
        if size % 2:
            raise ValueError(f"size {size}: expected an even one, of two halves")
        widths = [size // 2, width, width, size // 2]
        self.shifts = nn.ModuleList(mlp(widths, nn.LeakyReLU) for _ in range(count))
        self.scales = nn.ModuleList(mlp(widths, nn.LeakyReLU) for _ in range(count))

    def log_prob(self, z: Float[Tensor, "batch size"]) -> Float[Tensor, " batch"]:
        """Log of the density; nats."""
        slope = torch.zeros_like(z[:, 0])
        for shift, scale in zip(self.shifts, self.scales, strict=True):
            first, second = z.chunk(2, -1)
            log_scale = scale(first).tanh()
            z = torch.cat([first, (second - shift(first)) * (-log_scale).exp()], -1).flip(-1)
            slope = slope - log_scale.sum(-1)
        return log_standard_normal(z) + slope

    def sample(self, noise: Float[Tensor, "batch size"]) -> Float[Tensor, "batch size"]:
        """What standard normal noise becomes."""
        z = noise
        for shift, scale in zip(reversed(self.shifts), reversed(self.scales), strict=True):
            first, second = z.flip(-1).chunk(2, -1)
            z = torch.cat([first, second * scale(first).tanh().exp() + shift(first)], -1)
        return z
