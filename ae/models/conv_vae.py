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

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import mlp, summit
from ae.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)


class ConvVAE(Autoencoder):
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

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    in_turn: bool = True
    beta: Float[Tensor, ""]

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
        self.register_buffer("beta", torch.tensor(beta))
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

    def logits(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """What the decoder says of each pixel, before the logistic function."""
        planes = self.decoder(z).reshape(len(z), *self.summit)
        for expansion in self.expansions:
            planes = expansion(planes.relu())
        pixels: Tensor = planes.flatten(-3)
        return pixels

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        return self.logits(z).sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.logits(z))
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={"reconstruction": reconstruction, "kl": kl},
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, logvar = self.posterior(x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return self.log_joint(x, {"z": z}) - log_normal(z, mean, logvar)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return log_standard_normal(z) + log_bernoulli(x, self.logits(z))
