"""Models whose log p(x) is known, for the estimators of it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from ae.maths.probability import log_normal, log_standard_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.models.vae import VAE
from ae.training.stack import Stack

A, B, LOGVAR = 1.5, 0.8, -1.0


class TwoLayers(Autoencoder):
    """z2 -> z1 -> x in one dimension each, all Gaussian, with a posterior that is wrong by `off`."""

    def __init__(self, features: int, off: float) -> None:
        super().__init__()
        self.off = nn.Parameter(torch.tensor([off]))
        self.draws = {"z1": Draw("normal", (1,)), "z2": Draw("normal", (1,))}

    def log_weights(self, x: Tensor, noise: Noise) -> Tensor:
        wide = torch.zeros_like(x)
        z1, z2 = x / A + self.off + noise["z1"], noise["z2"]
        posterior = log_normal(z1, x / A + self.off, wide) + log_standard_normal(z2)
        return self.log_joint(x, {"z1": z1, "z2": z2}) - posterior

    def log_joint(self, x: Tensor, latent: Noise) -> Tensor:
        spread = torch.full_like(x, LOGVAR)
        below = log_normal(x, A * latent["z1"], spread)
        return (
            below
            + log_normal(latent["z1"], B * latent["z2"], spread)
            + log_standard_normal(latent["z2"])
        )

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


def two_layers(offs: list[float]) -> Stack:
    """A seed for every error of the posterior."""
    stack = Stack([lambda: TwoLayers(1, 0.0)] * len(offs), range(len(offs)))
    stack.load({"off": torch.tensor(offs).unsqueeze(1)})
    return stack


def evidence_of_two_layers(x: Float[Tensor, "batch 1"]) -> Float[Tensor, " batch"]:
    """log p(x), every layer marginalised."""
    variance = A**2 * (B**2 + math.exp(LOGVAR)) + math.exp(LOGVAR)
    return Normal(0.0, math.sqrt(variance)).log_prob(x).squeeze(-1)


def narrow_vae(seeds: int) -> Stack:
    """VAEs with a code of one dimension, over which one can sum, after some training."""
    stack = Stack([lambda: VAE(6, hidden=[5], latent=1, init=0.5, beta=1.0)] * seeds, range(seeds))
    x = six_bits(200)
    optimizer = torch.optim.Adam(stack.parameters.values(), lr=0.02)
    g = torch.Generator().manual_seed(5)
    for _ in range(200):
        noise = torch.randn(200, 1, generator=g)
        loss = stack.share("objective", Batch(x), {"z": noise}).loss.mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return stack


def six_bits(count: int) -> Float[Tensor, "count 6"]:
    """Three bits and their complements, a tenth of them turned over."""
    g = torch.Generator().manual_seed(7)
    half = torch.rand(count, 1, generator=g).round().expand(-1, 3)
    noise = (torch.rand(count, 6, generator=g) < 0.1).to(half.dtype)
    return (torch.cat([half, 1 - half], 1) - noise).abs()


def evidence_on_a_grid(stack: Stack, x: Float[Tensor, "batch 6"]) -> Float[Tensor, "seed batch"]:
    """log p(x) by summing over the code."""
    grid = torch.linspace(-9, 9, 4001).unsqueeze(1)
    with torch.no_grad():
        logits = torch.logit(stack.share("decode", grid)).unsqueeze(1)  # seed, 1, grid, pixel
    pixels = x.unsqueeze(1).expand(logits.shape[0], -1, len(grid), -1)
    log_likelihood = -binary_cross_entropy_with_logits(
        logits.expand_as(pixels), pixels, reduction="none"
    ).sum(-1)
    joint = log_likelihood + Normal(0.0, 1.0).log_prob(grid.squeeze(-1))
    return joint.logsumexp(-1) + math.log(18 / 4000)
