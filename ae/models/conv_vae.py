"""Convolutional variational autoencoder with a weight on the divergence.

Higgins et al., beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework,
ICLR 2017, https://openreview.net/forum?id=Sy2fzU9gl; four convolutions of 32, 32, 64 and 64 planes
and ten latents are those of Burgess et al., https://arxiv.org/abs/1804.03599, for 64 x 64 pixels.
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Bernoulli
from ae.maths.networks import mlp, summit
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class ConvVAE(GaussianCode):
    """Strided 4 x 4 convolutions with ReLU, one hidden layer, a Gaussian code, a mirrored decoder.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        planes: Of each convolution; each halves the side of the image.
        hidden: Units between the last convolution and the code.
        latent: Size of the code.
        beta: Weight of the divergence; 1 gives the bound on log p(x). A sweep of it trains in one
            stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: int,
        latent: int,
        beta: float,
    ) -> None:
        super().__init__()
        self.summit = summit(features, colours, planes)
        side = self.summit[1] << len(planes)
        self.image = (colours, side, side)
        down, up = [colours, *planes], [*planes[::-1], colours]
        flat = math.prod(self.summit)
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in pairwise(down))
        self.encoder = mlp([flat, hidden, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, hidden, flat], nn.ReLU)
        self.expansions = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in pairwise(up))
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        planes = x.reshape(len(x), *self.image)
        for convolution in self.convolutions:
            planes = convolution(planes).relu()
        mean, logvar = self.encoder(planes.flatten(-3)).chunk(2, -1)
        return mean, logvar

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Bernoulli:
        """p(x given z)."""
        planes = self.decoder(z).reshape(len(z), *self.summit)
        for expansion in self.expansions:
            planes = expansion(planes.relu())
        return Bernoulli(planes.flatten(-3))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(
            loss=terms.reconstruction + self.beta * terms.kl,
            parts={"reconstruction": terms.reconstruction, "kl": terms.kl},
        )
