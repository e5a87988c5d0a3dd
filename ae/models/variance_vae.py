"""Variational autoencoders that give every pixel a mean and a variance of its own.

Exercises of the course CS-E4890 Deep Learning of Aalto University, as solved by H. Do,
https://github.com/huongdo108/Bottleneck-Denoising-Variational-Autoencoders.
The dense network is a small version for a CPU.
"""

import math

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import Dense, mlp
from ae.probability import kl_to_standard_normal


def floored(
    logvar: Float[Tensor, "batch features"], least: float
) -> Float[Tensor, "batch features"]:
    """least + softplus(logvar - least): never below `least`, and logvar itself far above it."""
    return least + softplus(logvar - least)


def variational(
    x: Float[Tensor, "batch features"],
    mean: Float[Tensor, "batch features"],
    logvar: Float[Tensor, "batch features"],
    kl: Float[Tensor, " batch"],
) -> Objective:
    """-E log p(x given z) + KL(q(z given x), p(z)), without (features / 2) log 2 pi; nats.

    Mean and log variance are the pixels'. The loss is below 0 where variances are small.
    """
    reconstruction = 0.5 * (logvar + (x - mean) ** 2 / logvar.exp()).sum(-1)
    loss = reconstruction + kl
    return Objective(loss, {"bound": -loss, "reconstruction": reconstruction, "kl": kl})


class VarianceVAE(Autoencoder):
    """q(z given x) and p(x given z) Gaussian, both with means and variances from the networks.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        min_logvar: Least log variance of a pixel, which it approaches softly.
        squared: Whether the encoder sees x^2, whose mean tells a pixel's variance, or x.
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, min_logvar: float, squared: bool
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], 2 * features], nn.ReLU)
        self.min_logvar, self.squared = min_logvar, squared
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x**2 if self.squared else x).chunk(2, -1)
        return mean, logvar

    def pixels(
        self, z: Float[Tensor, "batch latent"]
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, "batch features"]]:
        """Mean and log variance of p(x given z)."""
        mean, logvar = self.decoder(z).chunk(2, -1)
        return mean, floored(logvar, self.min_logvar)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The mean of every pixel, through the mean of the code."""
        return self.pixels(self.encode(x))[0]

    def deviation(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The standard deviation of every pixel, through the mean of the code."""
        return (self.pixels(self.encode(x))[1] / 2).exp()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """`variational` with one sample of z."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return variational(batch.x, *self.pixels(z), kl_to_standard_normal(mean, logvar))


class ConvVarianceVAE(Autoencoder):
    """As `VarianceVAE`, with two convolutions either side of the code and two heads at the end.

    Args:
        features: Number of pixels of a square image.
        planes: Of the two convolutions, a list of two.
        hidden: Units between the convolutions and the code.
        latent: Size of the code.
        min_logvar: Least log variance of a pixel, which it approaches softly.
    """

    in_turn: bool = True

    def __init__(
        self, features: int, *, planes: list[int], hidden: int, latent: int, min_logvar: float
    ) -> None:
        super().__init__()
        few, many = planes
        side = math.isqrt(features)
        summit = (many, side - 8, side - 8)
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            *(nn.Conv2d(1, few, 5), nn.ReLU(), nn.Conv2d(few, many, 5), nn.ReLU()),
            nn.Flatten(),
            mlp([math.prod(summit), hidden, 2 * latent], nn.ReLU),
        )
        self.decoder = nn.Sequential(
            *(Dense(latent, hidden), nn.ReLU(), Dense(hidden, math.prod(summit)), nn.ReLU()),
            nn.Unflatten(1, summit),
            *(nn.ConvTranspose2d(many, few, 5), nn.ReLU()),
        )
        self.mean = nn.ConvTranspose2d(few, 1, 5)
        self.logvar = nn.ConvTranspose2d(few, 1, 5)
        self.min_logvar = min_logvar
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x).chunk(2, -1)
        return mean, logvar

    def pixels(
        self, z: Float[Tensor, "batch latent"]
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, "batch features"]]:
        """Mean and log variance of p(x given z)."""
        planes = self.decoder(z)
        logvar: Tensor = self.logvar(planes).flatten(1)
        return self.mean(planes).flatten(1), floored(logvar, self.min_logvar)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The mean of every pixel, through the mean of the code."""
        return self.pixels(self.encode(x))[0]

    def deviation(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The standard deviation of every pixel, through the mean of the code."""
        return (self.pixels(self.encode(x))[1] / 2).exp()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """`variational` with one sample of z."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return variational(batch.x, *self.pixels(z), kl_to_standard_normal(mean, logvar))
