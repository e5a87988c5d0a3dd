"""Independent normal latent variables over places, and posteriors that are relative to a prior.

A. Vahdat and J. Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS 2020,
https://arxiv.org/abs/2007.03898; details as in https://github.com/NVlabs/NVAE.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from ae.maths.probability import kl_between_normals, log_normal, sample_normal

LIMIT = 5.0  # of every mean and logarithm of a deviation that a network says, softly


class Normals(NamedTuple):
    """Independent normals, one a latent variable of a group."""

    mean: Float[Tensor, "batch latent side side"]
    logvar: Float[Tensor, "batch latent side side"]


def bounded(said: Float[Tensor, "batch twice side side"]) -> Normals:
    """Means and log variances of what a network says: 5 tanh(. / 5) of mean and log deviation."""
    mean, logstd = (LIMIT * (said / LIMIT).tanh()).chunk(2, 1)
    return Normals(mean, 2 * logstd)


def relative(prior: Normals, said: Normals) -> Normals:
    """Section 3.2: N(mu + d_mu, sigma d_sigma), where the prior is N(mu, sigma)."""
    return Normals(prior.mean + said.mean, prior.logvar + said.logvar)


def divergence(q: Normals, p: Normals) -> Float[Tensor, "batch latent side side"]:
    """KL(q, p) of each latent variable; nats.

    Equation 2 where q is `relative` to p: (d_mu^2 / sigma^2 + d_sigma^2 - log d_sigma^2 - 1) / 2.
    """
    return kl_between_normals(*(t.unsqueeze(-1) for t in (*q, *p)))


def log_density(z: Float[Tensor, "batch latent side side"], p: Normals) -> Float[Tensor, " batch"]:
    """log p(z) of all latent variables of a group together; nats."""
    return log_normal(*(t.flatten(1) for t in (z, *p)))


def sampled(
    p: Normals, noise: Float[Tensor, "batch latent side side"]
) -> Float[Tensor, "batch latent side side"]:
    """A sample, of noise that is standard normal."""
    return sample_normal(*p, noise)
