"""Fractions of a broken stick: densities, divergences, and noise turned into samples; in nats.

A stick of length 1 is broken K - 1 times: v_k in (0, 1) is the share that break k takes of what the
breaks before it left. The K pieces are pi_k = v_k prod_{j<k} (1 - v_j), the last one the remainder,
and sum to 1. Nalisnick and Smyth, Stick-Breaking Variational Autoencoders, ICLR 2017,
https://arxiv.org/abs/1605.06197. Densities are of v and summed over the last axis.

A share may be so close to 0 or 1 that single precision cannot tell it from them. Hence samples
are pairs of logarithms, `Shares`, and nothing is computed from v itself.
"""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

Family = Literal["kumaraswamy", "gauss_logit", "gamma"]
"""A law of shares with two parameters: a and b, or a logit's mean and log variance."""

LEAST = 1e-30  # of -log(v) and -log(1 - v), which single precision can still invert
EULER = 0.5772156649015329


class Shares(NamedTuple):
    """log v and log(1 - v) of shares v, `taken` and `left`."""

    taken: Float[Tensor, "*batch breaks"]
    left: Float[Tensor, "*batch breaks"]


def log1mexp(t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """log(1 - exp(-t)) for t > 0, exact to rounding for small and large t, raised to 1e-30."""
    t = t.clamp(min=LEAST)
    small = t < math.log(2)
    return torch.where(
        small,
        (-torch.expm1(-torch.where(small, t, 1.0))).log(),
        torch.log1p(-torch.where(small, 1.0, t).neg().exp()),
    )


def pieces(shares: Shares) -> Float[Tensor, "*batch pieces"]:
    """pi, one longer than the breaks: v_k times all that the breaks before left, and the rest."""
    left = shares.left.cumsum(-1)
    before = torch.cat([torch.zeros_like(left[..., :1]), left[..., :-1]], -1)
    return torch.cat([shares.taken + before, left[..., -1:]], -1).exp()


def expected_pieces(concentration: float, count: int) -> list[float]:
    """E[pi_k] for `count` pieces of shares of Beta(1, concentration).

    r^(k-1) / (1 + concentration) with r = concentration / (1 + concentration), which decreases;
    the last piece is what is left, r^(count-1).
    """
    ratio = concentration / (1 + concentration)
    return [ratio**k / (1 + concentration) for k in range(count - 1)] + [ratio ** (count - 1)]


def log_beta_function(
    a: Float[Tensor, "*#shape"], b: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """log B(a, b)."""
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def log_beta_prior(shares: Shares, concentration: Float[Tensor, ""]) -> Float[Tensor, "*batch"]:
    """log density of Beta(1, concentration), summed over breaks."""
    return (concentration.log() + (concentration - 1) * shares.left).sum(-1)


def kumaraswamy(
    a: Float[Tensor, "*batch breaks"],
    b: Float[Tensor, "*batch breaks"],
    uniform: Float[Tensor, "*batch breaks"],
) -> Shares:
    """v = (1 - u^(1/b))^(1/a), equation 6, of Kumaraswamy(a, b) where u is uniform on (0, 1)."""
    taken = log1mexp(-uniform.log() / b) / a
    return Shares(taken, log1mexp(-taken))


def log_kumaraswamy(
    shares: Shares, a: Float[Tensor, "*batch breaks"], b: Float[Tensor, "*batch breaks"]
) -> Float[Tensor, "*batch"]:
    """log of a b v^(a-1) (1 - v^a)^(b-1), summed over breaks."""
    beyond = log1mexp(-a * shares.taken)  # log(1 - v^a)
    return (a.log() + b.log() + (a - 1) * shares.taken + (b - 1) * beyond).sum(-1)


def kl_kumaraswamy_beta(
    a: Float[Tensor, "*batch breaks"],
    b: Float[Tensor, "*batch breaks"],
    concentration: Float[Tensor, ""],
    *,
    terms: int,
) -> Float[Tensor, "*batch"]:
    """KL(Kumaraswamy(a, b) || Beta(1, concentration)), summed over breaks.

    -E log(1 - v) is the sum over m >= 1 of E[v^m] / m, E[v^m] = b B(1 + m / a, b), cut off after
    `terms` terms as in the paper. Where the concentration is above 1 the value is too low by what
    is cut off and may fall below 0.
    """
    m = torch.arange(1, terms + 1, dtype=a.dtype, device=a.device)
    power = m / a.unsqueeze(-1)
    share = b.unsqueeze(-1)
    moments = (share.log() + log_beta_function(1 + power, share)).exp()
    log_taken = -(EULER + torch.digamma(b) + 1 / b) / a  # E log v
    log_density = a.log() + b.log() + (a - 1) * log_taken - (b - 1) / b
    log_prior = concentration.log() - (concentration - 1) * (moments / m).sum(-1)
    return (log_density - log_prior).sum(-1)


def kl_beta_beta(
    a: Float[Tensor, "*batch breaks"],
    b: Float[Tensor, "*batch breaks"],
    concentration: Float[Tensor, ""],
) -> Float[Tensor, "*batch"]:
    """KL(Beta(a, b) || Beta(1, concentration)), summed over breaks."""
    both = torch.digamma(a + b)
    log_taken, log_left = torch.digamma(a) - both, torch.digamma(b) - both
    log_density = -log_beta_function(a, b) + (a - 1) * log_taken + (b - 1) * log_left
    return (log_density - concentration.log() - (concentration - 1) * log_left).sum(-1)


def logistic_normal(
    mean: Float[Tensor, "*batch breaks"],
    logvar: Float[Tensor, "*batch breaks"],
    normal: Float[Tensor, "*batch breaks"],
) -> Shares:
    """v = sigmoid(mean + exp(logvar / 2) n), where n is standard normal."""
    return from_logits(mean + (logvar / 2).exp() * normal)


def from_logits(logits: Float[Tensor, "*batch breaks"]) -> Shares:
    """v = sigmoid(logits)."""
    return Shares(logsigmoid(logits), logsigmoid(-logits))


def log_logistic_normal(
    shares: Shares, mean: Float[Tensor, "*batch breaks"], logvar: Float[Tensor, "*batch breaks"]
) -> Float[Tensor, "*batch"]:
    """log density of sigmoid of N(mean, exp(logvar)), summed over breaks."""
    square = (shares.taken - shares.left - mean) ** 2 / logvar.exp()
    log_normal = -0.5 * (square + logvar + math.log(2 * math.pi))
    return (log_normal - shares.taken - shares.left).sum(-1)


def kl_logistic_normal_beta(
    shares: Shares, logvar: Float[Tensor, "*batch breaks"], concentration: Float[Tensor, ""]
) -> Float[Tensor, "*batch"]:
    """KL(sigmoid of N(., exp(logvar)) || Beta(1, concentration)) by one sample, summed over breaks.

    Unbiased: the Gaussian's entropy is exact, the rest is a mean over v at the sample.
    """
    entropy = 0.5 * (logvar + math.log(2 * math.pi) + 1)
    log_jacobian = shares.taken + shares.left  # of the sigmoid: log v (1 - v)
    return -(entropy + log_jacobian).sum(-1) - log_beta_prior(shares, concentration)


def gamma_ratio(
    a: Float[Tensor, "*batch breaks"],
    b: Float[Tensor, "*batch breaks"],
    first: Float[Tensor, "*batch breaks"],
    second: Float[Tensor, "*batch breaks"],
) -> Shares:
    """v = x / (x + y), x of Gamma(a, 1) and y of Gamma(b, 1) by an approximate inverse.

    x = (u a Gamma(a))^(1/a), which is close for small u or a; hence v is of Beta(a, b) about.
    """
    return from_logits(_log_gamma(a, first) - _log_gamma(b, second))


def log_gamma_ratio(
    shares: Shares, a: Float[Tensor, "*batch breaks"], b: Float[Tensor, "*batch breaks"]
) -> Float[Tensor, "*batch"]:
    """log density of what `gamma_ratio` samples, approximate inverse and all; summed over breaks.

    log u is minus an exponential variable, so the logit of v is an asymmetric Laplace variable
    with the slopes a below its mode and b above.
    """
    mode = torch.lgamma(1 + a) / a - torch.lgamma(1 + b) / b
    away = shares.taken - shares.left - mode
    log_laplace = (a * b / (a + b)).log() - torch.where(away > 0, b * away, -a * away)
    return (log_laplace - shares.taken - shares.left).sum(-1)


def _log_gamma(
    shape: Float[Tensor, "*batch breaks"], uniform: Float[Tensor, "*batch breaks"]
) -> Float[Tensor, "*batch breaks"]:
    return (uniform.log() + torch.lgamma(1 + shape)) / shape


def broken(
    family: Family,
    first: Float[Tensor, "*batch breaks"],
    second: Float[Tensor, "*batch breaks"],
    noise: dict[str, Tensor],
    *,
    edge: float,
) -> Shares:
    """A sample of a family: of noise `n`, `u`, or `first` and `second`, uniform within `edge`."""
    if family == "gauss_logit":
        return logistic_normal(first, second, noise["n"])
    uniform = {name: edge + (1 - 2 * edge) * u for name, u in noise.items()}
    if family == "gamma":
        return gamma_ratio(first, second, uniform["first"], uniform["second"])
    return kumaraswamy(first, second, uniform["u"])


def log_density(
    family: Family,
    shares: Shares,
    first: Float[Tensor, "*batch breaks"],
    second: Float[Tensor, "*batch breaks"],
) -> Float[Tensor, "*batch"]:
    """log density of what `broken` samples, summed over breaks."""
    law = {
        "kumaraswamy": log_kumaraswamy,
        "gauss_logit": log_logistic_normal,
        "gamma": log_gamma_ratio,
    }[family]
    return law(shares, first, second)


def divergence(
    family: Family,
    shares: Shares,
    first: Float[Tensor, "*batch breaks"],
    second: Float[Tensor, "*batch breaks"],
    concentration: Float[Tensor, ""],
    *,
    terms: int,
) -> Float[Tensor, "*batch"]:
    """KL(family || Beta(1, concentration)), summed over breaks.

    By a series of so many `terms`, exactly, or of the one sample `shares`, as the families have it.
    """
    if family == "kumaraswamy":
        return kl_kumaraswamy_beta(first, second, concentration, terms=terms)
    if family == "gamma":
        return kl_beta_beta(first, second, concentration)
    return kl_logistic_normal_beta(shares, second, concentration)
