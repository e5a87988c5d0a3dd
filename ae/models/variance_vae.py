"""Variational autoencoders that give every pixel a mean and a variance of its own.

Exercises of the course CS-E4890 Deep Learning of Aalto University, as solved by H. Do,
https://github.com/huongdo108/Bottleneck-Denoising-Variational-Autoencoders.
The dense network is a small version for a CPU.
"""

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.distributions import Normal
from ae.maths.networks import Dense, mlp
from ae.maths.probability import kl_to_standard_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


def floored(
    logvar: Float[Tensor, "batch features"], least: float
) -> Float[Tensor, "batch features"]:
    """least + softplus(logvar - least): never below `least`, and logvar itself far above it."""
    return least + softplus(logvar - least)


def variational(
    posterior: tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]],
    pixels: Callable[[Tensor], Normal],
    x: Float[Tensor, "batch features"],
    noise: Float[Tensor, "batch latent"],
) -> Objective:
    """-E log p(x given z) + KL(q(z given x), p(z)), without (features / 2) log 2 pi; nats.

    Of one sample of the posterior, whose mean and log variance are given. The loss is below 0 where
    the pixels' variances are small.
    """
    mean, logvar = pixels(sample_normal(*posterior, noise))
    reconstruction = 0.5 * (logvar + (x - mean) ** 2 / logvar.exp()).sum(-1)
    kl = kl_to_standard_normal(*posterior)
    loss = reconstruction + kl
    return Objective(loss, {"bound": -loss, "reconstruction": reconstruction, "kl": kl})


class VarianceVAE(GaussianCode):
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

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z), its log variances above `min_logvar`."""
        mean, logvar = self.decoder(z).chunk(2, -1)
        return Normal(mean, floored(logvar, self.min_logvar))

    def deviation(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The standard deviation of every pixel, through the mean of the code."""
        return (self.pixels(self.encode(x)).logvar / 2).exp()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """`variational` with one sample of z."""
        return variational(self.posterior(batch.x), self.pixels, batch.x, noise["z"])


class ConvVarianceVAE(GaussianCode):
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
        flat = many * (side - 8) ** 2
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            *(nn.Conv2d(1, few, 5), nn.ReLU(), nn.Conv2d(few, many, 5), nn.ReLU()),
            nn.Flatten(),
            mlp([flat, hidden, 2 * latent], nn.ReLU),
        )
        self.decoder = nn.Sequential(
            *(Dense(latent, hidden), nn.ReLU(), Dense(hidden, flat), nn.ReLU()),
            nn.Unflatten(1, (many, side - 8, side - 8)),
            *(nn.ConvTranspose2d(many, few, 5), nn.ReLU()),
        )
        self.mean = nn.ConvTranspose2d(few, 1, 5)
        self.logvar = nn.ConvTranspose2d(few, 1, 5)
        self.min_logvar = min_logvar
        self.draws = {"z": Draw("normal", (latent,))}

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z), its log variances above `min_logvar`."""
        planes = self.decoder(z)
        logvar: Tensor = self.logvar(planes).flatten(1)
        return Normal(self.mean(planes).flatten(1), floored(logvar, self.min_logvar))

    def deviation(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The standard deviation of every pixel, through the mean of the code."""
        return (self.pixels(self.encode(x)).logvar / 2).exp()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """`variational` with one sample of z."""
        return variational(self.posterior(batch.x), self.pixels, batch.x, noise["z"])
