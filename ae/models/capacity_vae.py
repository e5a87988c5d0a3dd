"""Variational autoencoder whose divergence is led to a capacity that grows.

Burgess et al., Understanding disentangling in beta-VAE, 2018, https://arxiv.org/abs/1804.03599.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.networks import Activation, encoder_and_decoder
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class CapacityVAE(GaussianCode):
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
        distance: Of each `image`'s divergence from C, as equation 8 has it; or of the mean over the
            `batch`, as published implementations have it.
        gamma: Weight of the distance from the capacity.
        capacity: What C comes to, in nats.
    """

    gamma: Float[Tensor, ""]
    capacity: Float[Tensor, ""]
    opened: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"gamma", "capacity"})

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        activation: Activation,
        latent: int,
        distance: Literal["image", "batch"],
        gamma: float,
        capacity: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_and_decoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation=activation
        )
        self.in_turn = bool(planes)
        self.distance = distance
        self.register_buffer("gamma", torch.tensor(float(gamma)))
        self.register_buffer("capacity", torch.tensor(float(capacity)))
        self.register_buffer("opened", torch.tensor(1.0))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 8 with one sample of z; nats per image. `capacity` is the present C."""
        terms = self.elbo_terms(batch.x, noise)
        capacity = self.capacity * self.opened
        led = terms.kl if self.distance == "image" else terms.kl.mean().expand_as(terms.kl)
        return Objective(
            loss=terms.reconstruction + self.gamma * (led - capacity).abs(),
            parts={**terms.parts, "capacity": capacity.expand_as(terms.kl)},
        )
