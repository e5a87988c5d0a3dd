"""The Fréchet distance of two Gaussians.

D. C. Dowson and B. V. Landau, The Fréchet Distance between Multivariate Normal Distributions, Journal of
Multivariate Analysis 12, 1982; as a measure of samples M. Heusel et al., GANs Trained by a Two
Time-Scale Update Rule Converge to a Local Nash Equilibrium, NeurIPS 2017,
https://arxiv.org/abs/1706.08500.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def squared_distance(
    first: tuple[Float[Tensor, " size"], Float[Tensor, "size size"]],
    second: tuple[Float[Tensor, " size"], Float[Tensor, "size size"]],
) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)) of means and covariances.

    Covariances may be singular; what rounding makes of an eigenvalue below 0 counts as 0.
    """
    (m1, s1), (m2, s2) = first, second
    values, axes = torch.linalg.eigh(s1)
    root = axes * values.clamp(min=0).sqrt() @ axes.mT
    shared = torch.linalg.eigvalsh(root @ s2 @ root).clamp(min=0).sqrt().sum()
    return float(((m1 - m2) ** 2).sum() + s1.trace() + s2.trace() - 2 * shared)


def gaussian(
    x: Float[Tensor, "samples size"],
) -> tuple[Float[Tensor, " size"], Float[Tensor, "size size"]]:
    """Mean and covariance of samples, in double precision; divided by one less than their number."""
    x = x.double()
    mean = x.mean(0)
    centred = x - mean
    return mean, centred.mT @ centred / (len(x) - 1)
