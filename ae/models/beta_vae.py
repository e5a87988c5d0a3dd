"""beta-VAE: a variational autoencoder whose divergence from the prior weighs more.

Higgins et al., beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework,
ICLR 2017, https://openreview.net/forum?id=Sy2fzU9gl; of its appendix the fully connected network for
2-D shapes and the convolutional one for photographs. The weight counts nats: beta = 4 with 10
numbers and 4096 pixels is the paper's normalised 4 x 10 / 4096.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import decoder, encoder, mlp
from ae.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)


class BetaVAE(Autoencoder):
    """-E log p(x given z) + beta KL(q(z given x), p(z)); Bernoulli pixels, a Gaussian posterior.

    The encoder's hidden units are rectified, the decoder's tanh. Layers begin as torch's do, uniform
    on plus and minus 1 / sqrt(inputs): the paper does not say.

    Args:
        features: Number of pixels.
        encoder: Widths between the data and the code.
        latent: Size of the code.
        decoder: Widths between the code and the data.
        beta: Weight of the divergence; 1 gives the bound on log p(x). A sweep of it trains in one
            stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    beta: Float[Tensor, ""]

    def __init__(
        self, features: int, *, encoder: list[int], latent: int, decoder: list[int], beta: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *encoder, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, *decoder, features], nn.Tanh)
        self.register_buffer("beta", torch.tensor(beta))
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
        """The probability that each pixel is white, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image (the paper's equation 4)."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.decoder(z))
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl},
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


class ConvBetaVAE(Autoencoder):
    """-E log N(x; mean(z), sigma^2) + beta KL(q(z given x), p(z)); convolutions, Gaussian pixels.

    The paper's network is `planes = [32, 32, 64, 64]`, `hidden = [256]` for 64 x 64 pixels, all units
    rectified. A pixel's mean is the logistic function of the decoder's last layer.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        planes: Of each convolution; each halves the side of the image.
        hidden: Widths between the last convolution and the code; the decoder mirrors them.
        latent: Size of the code.
        sigma: Standard deviation of a pixel, given the code.
        beta: Weight of the divergence; 1 gives the bound on log p(x).
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta", "sigma"})
    in_turn: bool = True
    beta: Float[Tensor, ""]
    sigma: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        latent: int,
        sigma: float,
        beta: float,
    ) -> None:
        super().__init__()
        self.encoder = encoder(
            features, 2 * latent, colours=colours, planes=planes, hidden=hidden, activation="relu"
        )
        self.decoder = decoder(
            latent,
            features,
            colours=colours,
            planes=planes,
            hidden=hidden[::-1],
            activation="relu",
        )
        self.register_buffer("sigma", torch.tensor(sigma))
        self.register_buffer("beta", torch.tensor(beta))
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
        """The mean of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def log_pixels(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, " batch"]:
        """log p(x given z); nats."""
        mean = self.decode(z)
        return log_normal(x, mean, 2 * self.sigma.log().expand_as(mean))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -self.log_pixels(batch.x, z)
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl},
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
        return log_standard_normal(z) + self.log_pixels(x, z)
