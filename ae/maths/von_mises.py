"""The von Mises-Fisher distribution on the unit sphere in m dimensions, and the uniform one.

Davidson, Falorsi, De Cao, Kipf and Tomczak, Hyperspherical variational auto-encoders, UAI 2018,
https://arxiv.org/abs/1804.00891; samples by Wood, Simulation of the von Mises Fisher distribution,
Communications in Statistics 23, 1994.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ae.maths.bessel import bessel

PROPOSALS = 16  # of which the first that is accepted is taken; all fail once in 10^7


def log_area(m: int) -> float:
    """Log of the area of the unit sphere in m dimensions: 2 pi^(m/2) / Gamma(m/2)."""
    return math.log(2) + m / 2 * math.log(math.pi) - math.lgamma(m / 2)


def log_normaliser(m: int, kappa: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """log C of the density C exp(kappa (mean . z - 1)): the largest exponent is taken out."""
    order = m / 2 - 1
    return order * kappa.log() - m / 2 * math.log(2 * math.pi) - bessel(order, kappa).log_ive


def log_prob(
    z: Float[Tensor, "*#batch m"], mean: Float[Tensor, "*#batch m"], kappa: Float[Tensor, "*#batch"]
) -> Float[Tensor, "*batch"]:
    """log of the density at unit vectors, of mean direction `mean` and concentration kappa; nats."""
    return kappa * ((mean * z).sum(-1) - 1) + log_normaliser(z.shape[-1], kappa)


def kl_to_uniform(m: int, kappa: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """KL(vMF(mean, kappa) || uniform), for any mean: kappa A + log C + log area, A = E(mean . z)."""
    order = m / 2 - 1
    values = bessel(order, kappa)
    normaliser = order * kappa.log() - m / 2 * math.log(2 * math.pi) - values.log_ive
    return kappa * (values.ratio - 1) + normaliser + log_area(m)


def sample(
    mean: Float[Tensor, "batch m"],
    kappa: Float[Tensor, " batch"],
    *,
    spheres: Float[Tensor, "batch proposals m"],
    uniform: Float[Tensor, "batch proposals"],
    tangent: Float[Tensor, "batch m"],
) -> Float[Tensor, "batch m"]:
    """A sample of vMF(mean, kappa), with the derivative of what was accepted by kappa and mean.

    As in the authors' program the derivative takes the accepted proposal as given.

    Args:
        mean: Unit vectors.
        kappa: Concentrations above 0.
        spheres: Standard normal; where the proposals come from.
        uniform: On [0, 1); decides which of them are accepted.
        tangent: Standard normal; where on the circle of equal distance from the mean the sample is.
    """
    w = cosine(kappa, spheres, uniform)
    aside = unit(tangent[:, 1:])
    first = torch.cat(
        [w.unsqueeze(-1), (1 - w**2).clamp(min=1e-10).sqrt().unsqueeze(-1) * aside], -1
    )
    return reflected(first, mean)


def cosine(
    kappa: Float[Tensor, " batch"],
    spheres: Float[Tensor, "batch proposals m"],
    uniform: Float[Tensor, "batch proposals"],
) -> Float[Tensor, " batch"]:
    """mean . z of a sample, by rejection from a transformed point of the uniform sphere."""
    m = spheres.shape[-1]
    beta = (1 + unit(spheres)[..., 0]) / 2  # Beta((m - 1) / 2, (m - 1) / 2)
    k = kappa.unsqueeze(-1)
    b = (m - 1) / (2 * k + (4 * k**2 + (m - 1) ** 2).sqrt())
    w = (1 - (1 + b) * beta) / (1 - (1 - b) * beta)
    taken = accepted(w, k, b, uniform, m).to(w.dtype).argmax(-1, keepdim=True)  # the first
    return w.gather(-1, taken).squeeze(-1)


def accepted(
    w: Float[Tensor, "batch proposals"],
    kappa: Float[Tensor, "batch 1"],
    b: Float[Tensor, "batch 1"],
    uniform: Float[Tensor, "batch proposals"],
    m: int,
) -> Bool[Tensor, "batch proposals"]:
    """Which proposals are taken: k w + (m - 1) log(1 - x w) - c >= log u, x the envelope's mode."""
    x = (1 - b) / (1 + b)
    c = kappa * x + (m - 1) * (1 - x**2).log()
    return kappa * w + (m - 1) * (1 - x * w).log() - c >= uniform.log()


def reflected(
    z: Float[Tensor, "batch m"], mean: Float[Tensor, "batch m"]
) -> Float[Tensor, "batch m"]:
    """z mirrored so that the first axis becomes `mean` (Householder)."""
    axis = unit(torch.cat([1 - mean[:, :1], -mean[:, 1:]], -1))
    return z - 2 * (z * axis).sum(-1, keepdim=True) * axis


def unit(z: Float[Tensor, "*batch m"]) -> Float[Tensor, "*batch m"]:
    """The vector of length 1 in the same direction; one that is next to nothing stays so."""
    length: Tensor = torch.linalg.vector_norm(z, dim=-1, keepdim=True)
    return z / length.clamp(min=1e-6)
