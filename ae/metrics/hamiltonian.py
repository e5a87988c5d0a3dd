"""Hamiltonian Monte Carlo for many independent chains at once.

Neal, MCMC using Hamiltonian dynamics, 2011, https://arxiv.org/abs/1206.1901. Step sizes adapt as in
Wu, Burda, Salakhutdinov and Grosse, On the Quantitative Analysis of Decoder-Based Generative Models,
ICLR 2017, https://arxiv.org/abs/1611.04273, and their published code. Chains of one target share a
step size: one that a chain adapted to where it has been would no longer leave the target as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

LEAST, MOST = 1e-4, 0.5  # step sizes
TARGET = 0.65  # share of proposals to accept
MEMORY = 0.9  # of the running mean of acceptance
RISE, FALL = 1.02, 0.98

Density = Callable[[Float[Tensor, "*chain latent"]], Float[Tensor, "*chain"]]
"""A log density, up to a constant, of every chain by itself."""


@dataclass
class Chains:
    """Where chains are, how far they step, and how often they moved of late.

    Attributes:
        z: The chains' positions.
        axis: Along this axis of `z` lie chains of one target.
        step: Size of a leapfrog step, one a target.
        accepted: Running mean of the share of its chains that moved.
    """

    z: Float[Tensor, "*chain latent"]
    axis: int
    step: Float[Tensor, "*target"]
    accepted: Float[Tensor, "*target"]

    @classmethod
    def at(cls, z: Float[Tensor, "*chain latent"], axis: int, step: float) -> "Chains":
        """Chains that start at `z` with leapfrog steps of that size."""
        target = torch.ones_like(z[..., 0]).mean(axis, keepdim=True)
        return cls(z, axis, step * target, TARGET * target)

    def move(
        self,
        density: Density,
        momentum: Float[Tensor, "*chain latent"],
        uniform: Float[Tensor, "*chain"],
        leapfrogs: int,
    ) -> None:
        """One transition that leaves `density` as it is, then adapt the step size.

        `momentum` is standard normal, `uniform` on [0, 1).
        """
        z, log_ratio = trajectory(density, self.z, momentum, self.step, leapfrogs)
        accept = uniform.log() < log_ratio  # NaN of a trajectory that flew off is not below
        self.z = torch.where(accept.unsqueeze(-1), z, self.z)
        share = accept.to(z.dtype).mean(self.axis, keepdim=True)
        self.accepted = MEMORY * self.accepted + (1 - MEMORY) * share
        factor = torch.where(self.accepted > TARGET, RISE, FALL)
        self.step = (self.step * factor).clamp(LEAST, MOST)


def trajectory(
    density: Density,
    z: Float[Tensor, "*chain latent"],
    momentum: Float[Tensor, "*chain latent"],
    step: Float[Tensor, "*#chain"],
    leapfrogs: int,
) -> tuple[Float[Tensor, "*chain latent"], Float[Tensor, "*chain"]]:
    """Where leapfrog steps lead, and the log of the ratio by which that is accepted."""
    size = step.unsqueeze(-1)
    before, slope = _with_slope(density, z)
    before = before - 0.5 * (momentum**2).sum(-1)
    for _ in range(leapfrogs):
        momentum = momentum + 0.5 * size * slope
        z = z + size * momentum
        after, slope = _with_slope(density, z)
        momentum = momentum + 0.5 * size * slope
    return z, after - 0.5 * (momentum**2).sum(-1) - before


def _with_slope(density: Density, z: Tensor) -> tuple[Tensor, Tensor]:
    """The log density and its gradient; chains do not depend on each other."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        value = density(z)
        (slope,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), slope
