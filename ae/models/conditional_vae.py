"""Conditional variational autoencoder: a VAE of images given their labels.

Kingma, Mohamed, Rezende and Welling, Semi-supervised Learning with Deep Generative Models, NIPS
2014, https://arxiv.org/abs/1406.5298, model M2 where every label is known; Sohn, Lee and Yan,
Learning Structured Output Representation using Deep Conditional Generative Models, NIPS 2015.
"""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ae.maths.networks import mlp
from ae.maths.probability import kl_to_standard_normal, log_bernoulli, sample_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class ConditionalVAE(Autoencoder):
    """q(z given x, y) = N(mean, diag(exp(logvar))), p(x given z, y) = Bernoulli, p(z) = N(0, I).

    Both networks take the label beside their input, as a vector with a 1 in its place; what is
    left for z is what the label does not say. Hidden layers are tanh, the decoder mirrors the
    encoder, and layers begin as torch's do.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        classes: Number of labels.
        beta: Weight of the divergence; 1 gives the bound on log p(x given y). A sweep of it trains
            in one stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, classes: int, beta: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features + classes, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent + classes, *hidden[::-1], features], nn.Tanh)
        self.classes = classes
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"], y: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x, y)."""
        mean, logvar = self.encoder(self._beside(x, y)).chunk(2, -1)
        return mean, logvar

    def decode(
        self, z: Float[Tensor, "batch latent"], y: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(self._beside(z, y)).sigmoid()
        return pixels

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z, y) + beta KL(q(z given x, y), p(z)), one sample of z; nats per image.

        `bound` is the one on log p(x given y), whatever beta is.
        """
        assert batch.y is not None
        mean, logvar = self.posterior(batch.x, batch.y)
        z = sample_normal(mean, logvar, noise["z"])
        reconstruction = -log_bernoulli(batch.x, self.decoder(self._beside(z, batch.y)))
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl},
        )

    def _beside(
        self, values: Float[Tensor, "batch inputs"], y: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch both"]:
        return torch.cat([values, one_hot(y, self.classes).to(values)], -1)
