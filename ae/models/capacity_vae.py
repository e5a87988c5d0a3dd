"""Variational autoencoder whose divergence is led to a capacity that grows.

Burgess et al., Understanding disentangling in beta-VAE, 2018, https://arxiv.org/abs/1804.03599.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import Activation, decoder, encoder
from ae.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)


class CapacityVAE(Autoencoder):
    """-E log p(x given z) + gamma |KL(q(z given x), p(z)) - C|, with C raised during training.

    C is `capacity` times the buffer `opened`, which is 1 unless a schedule moves it from 0: the
    same share for every capacity, so runs that differ in it keep one schedule and train in one
    stack. The paper's network is `planes = [32, 32, 32, 32]`, `hidden = [256, 256]`, all ReLU, for
    64 x 64 pixels.

    Args:
        features: Number of pixels times colours.
        colours: Planes of an image; it is square where there are convolutions.
        planes: Of each convolution; each halves the side of the image. None: linear layers alone.
        hidden: Widths between the last convolution, or the pixels, and the code.
        activation: Of the encoder; the decoder mirrors it.
        latent: Size of the code.
        gamma: Weight of the distance from the capacity.
        capacity: What C comes to, in nats.
        distance: Of each `image`'s divergence from C, as equation 8 has it; or of the mean over the
            `batch`, as published implementations have it.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"gamma", "capacity"})
    gamma: Float[Tensor, ""]
    capacity: Float[Tensor, ""]
    opened: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        activation: Activation,
        latent: int,
        gamma: float,
        capacity: float,
        distance: Literal["image", "batch"],
    ) -> None:
        super().__init__()
        self.encoder = encoder(
            features,
            2 * latent,
            colours=colours,
            planes=planes,
            hidden=hidden,
            activation=activation,
        )
        self.decoder = decoder(
            latent,
            features,
            colours=colours,
            planes=planes,
            hidden=hidden[::-1],
            activation=activation,
        )
        self.in_turn = bool(planes)
        self.register_buffer("gamma", torch.tensor(float(gamma)))
        self.register_buffer("capacity", torch.tensor(float(capacity)))
        self.register_buffer("opened", torch.tensor(1.0))
        self.distance = distance
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x).chunk(2, -1)
        return mean, logvar

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 8 with one sample of z; nats per image. `capacity` is the present C."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.decoder(z))
        kl = kl_to_standard_normal(mean, logvar)
        capacity = self.capacity * self.opened
        led = kl if self.distance == "image" else kl.mean().expand_as(kl)
        return Objective(
            loss=reconstruction + self.gamma * (led - capacity).abs(),
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "bound": -reconstruction - kl,
                "capacity": capacity.expand_as(kl),
            },
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
        return log_standard_normal(z) + log_bernoulli(x, self.decoder(z))
