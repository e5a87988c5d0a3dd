"""Log densities and divergences, summed over the last axis, in nats."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

Sampling = Literal["weighted", "stratified"]


def log_normal(
    z: Float[Tensor, "*#batch latent"],
    mean: Float[Tensor, "*#batch latent"],
    logvar: Float[Tensor, "*#batch latent"],
) -> Float[Tensor, "*batch"]:
    """log N(z; mean, diag(exp(logvar)))."""
    square = (z - mean) ** 2 / logvar.exp()
    return -0.5 * (square + logvar + math.log(2 * math.pi)).sum(-1)


def sample_normal(
    mean: Float[Tensor, "*#batch latent"],
    logvar: Float[Tensor, "*#batch latent"],
    noise: Float[Tensor, "*#batch latent"],
) -> Float[Tensor, "*batch latent"]:
    """A sample of N(mean, diag(exp(logvar))), of noise that is standard normal."""
    return mean + (logvar / 2).exp() * noise


def log_standard_normal(z: Float[Tensor, "*batch latent"]) -> Float[Tensor, "*batch"]:
    """log N(z; 0, I)."""
    return -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)


def log_bernoulli(
    x: Float[Tensor, "*#batch features"], logits: Float[Tensor, "*#batch features"]
) -> Float[Tensor, "*batch"]:
    """log Bernoulli(x; sigmoid(logits)); `x` may lie between 0 and 1."""
    return (x * logits + logsigmoid(-logits)).sum(-1)


def log_normal_cholesky(
    z: Float[Tensor, "*#batch latent"],
    mean: Float[Tensor, "*#batch latent"],
    factor: Float[Tensor, "*#batch latent latent"],
) -> Float[Tensor, "*batch"]:
    """log N(z; mean, L L^T), where `factor` is L: lower triangular, its diagonal positive."""
    residual = (z - mean).unsqueeze(-1)
    whitened: Tensor = torch.linalg.solve_triangular(factor, residual, upper=False)
    logdet = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    square = (whitened**2).sum((-2, -1))
    return -0.5 * (square + z.shape[-1] * math.log(2 * math.pi)) - logdet


def log_discretised_logistic(
    x: Float[Tensor, "*#batch features"],
    mean: Float[Tensor, "*#batch features"],
    logscale: Float[Tensor, "*#batch features"],
    levels: int,
) -> Float[Tensor, "*batch"]:
    """Log probability of grey levels k / (levels - 1), a logistic density integrated over each.

    Level k has the interval from k / levels to (k + 1) / levels; the first and the last reach to
    infinity, so that the probabilities of all levels sum to 1. A log probability, not a density:
    never above 0.
    """
    level = (x * (levels - 1)).round()
    lower = (level / levels - mean) * (-logscale).exp()
    width = (-logscale).exp() / levels
    # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))
    inner = logsigmoid(lower + width) + logsigmoid(-lower) + (-torch.expm1(-width)).log()
    first, last = logsigmoid(lower + width), logsigmoid(-lower)
    return torch.where(level == 0, first, torch.where(level == levels - 1, last, inner)).sum(-1)


def log_discretised_normal(
    x: Float[Tensor, "*#batch #features"],
    mean: Float[Tensor, "*#batch #features"],
    std: Float[Tensor, "*#batch #features"],
    levels: int,
) -> Float[Tensor, "*batch"]:
    """Log probability of grey levels k / (levels - 1), a normal density integrated about each.

    Level k has the interval of a level's width about it; the first and the last reach to infinity, so
    that the probabilities of all levels sum to 1. In double precision; never above 0.
    """
    top = levels - 1
    level = (x.double() * top).round()
    upper = ((level + 0.5) / top - mean.double()) / std.double()
    lower = ((level - 0.5) / top - mean.double()) / std.double()
    # In the lower tail, where the two are told apart: Phi(b) - Phi(a) = Phi(-a) - Phi(-b).
    flip = lower + upper > 0
    a, b = torch.where(flip, -upper, lower), torch.where(flip, -lower, upper)
    low, high = torch.special.log_ndtr(a), torch.special.log_ndtr(b)
    inner = high + torch.log1p(-(low - high).exp())
    first, last = torch.special.log_ndtr(upper), torch.special.log_ndtr(-lower)
    each = torch.where(level == 0, first, torch.where(level == top, last, inner))
    return each.sum(-1)


def kl_to_standard_normal(
    mean: Float[Tensor, "*batch latent"], logvar: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, diag(exp(logvar))) || N(0, I)), never negative.

    Kingma and Welling (2014), appendix B.
    """
    return 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(-1)


def kl_between_normals(
    mean: Float[Tensor, "*#batch latent"],
    logvar: Float[Tensor, "*#batch latent"],
    prior_mean: Float[Tensor, "*#batch latent"],
    prior_logvar: Float[Tensor, "*#batch latent"],
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, diag(exp(logvar))) || N(prior_mean, diag(exp(prior_logvar)))), never negative."""
    ratio = logvar - prior_logvar
    square = (mean - prior_mean) ** 2 / prior_logvar.exp()
    return 0.5 * (square + ratio.exp() - 1 - ratio).sum(-1)


def log_aggregate(
    z: Float[Tensor, "batch latent"],
    mean: Float[Tensor, "batch latent"],
    logvar: Float[Tensor, "batch latent"],
    *,
    examples: int,
    sampling: Sampling,
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """Estimates of log q(z) and of sum_j log q(z_j), where q is the mean of N over all examples.

    From a batch of the examples' Gaussians, of each of which z is one sample; in nats. Chen et al.
    (2018), appendix C; the sums are over the B images m of the batch:

    - `weighted`: sum_m q(z given m) / (examples B). From the whole set at once, log(examples) below
      log q(z).
    - `stratified`: the image that z is of has the weight 1 / examples, the next of the batch
      (examples - B + 1) / (examples (B - 1)), the others 1 / (B - 1). The expectation over batches
      is q(z).

    Raises:
        ValueError: The batch is larger than the examples, or of one image and stratified.
    """
    weights = _shares(z, examples, sampling).log()
    square = (z.unsqueeze(1) - mean) ** 2 / logvar.exp()
    each = -0.5 * (square + logvar + math.log(2 * math.pi))  # log q(z_j of row given column)
    joint = (each.sum(-1) + weights).logsumexp(1)
    apart = (each + weights.unsqueeze(-1)).logsumexp(1).sum(-1)
    return joint, apart


def _shares(
    z: Float[Tensor, "batch latent"], examples: int, sampling: Sampling
) -> Float[Tensor, "batch batch"]:
    """What the density given the column's image counts for the code of the row's."""
    batch = len(z)
    if batch > examples or (batch == 1 and sampling == "stratified"):
        raise ValueError(f"batch {batch}: expected 2 to {examples} images, the training set's size")
    if sampling == "weighted":
        return z.new_full((batch, batch), 1 / (examples * batch))
    own = torch.eye(batch, dtype=z.dtype, device=z.device)
    following, others = own.roll(1, 1), batch - 1
    rest = (1 - own - following) / others
    return own / examples + following * (examples - others) / (examples * others) + rest
