"""A variational autoencoder to begin with: `ae new` copies this file beside a spec."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class VAE(GaussianCode):
    """q(z given x) = N(mean, diag(exp(logvar))), p(x given z) = Bernoulli, p(z) = N(0, I)."""

    beta: Tensor
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})  # runs that differ in it train at once

    def __init__(self, features: int, *, hidden: int, latent: int, beta: float) -> None:
        super().__init__()
        self.encoder = mlp([features, hidden, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, hidden, features], nn.ReLU)
        self.register_buffer("beta", torch.tensor(beta))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)
