"""Denoising autoencoders whose output is a factor for every pixel of the noisy input.

Exercises of the course CS-E4890 Deep Learning of Aalto University, as solved by H. Do,
https://github.com/huongdo108/Bottleneck-Denoising-Variational-Autoencoders:
on varianceMNIST, where a pixel x is normal with standard deviation s, no denoiser is better than
x_t s^2 / (s^2 + sigma^2), so the network learns the factor. The dense network is a small version
for a CPU.
"""

import math
from abc import abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class Gated(Autoencoder):
    """x_hat = x_t sigmoid(decoder(encode(x_t))), x_t = x + sigma n, n normal: abstract.

    A model adds its constructor, which sets `encoder`, `decoder`, `sigma` and `draws` with the noise
    `corruption`.
    """

    encoder: nn.Module
    decoder: nn.Module
    sigma: float

    @abstractmethod
    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code."""

    def gain(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The factor of every pixel, in (0, 1)."""
        gain: Tensor = self.decoder(self.encode(x)).sigmoid()
        return gain

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """What is left of noisy examples."""
        return x * self.gain(x)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error of the denoised example, mean over pixels."""
        noisy = batch.x + self.sigma * noise["corruption"]
        error = ((self.reconstruct(noisy) - batch.x) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})


class GatedDAE(Gated):
    """Denoises by a factor for every pixel: x_hat = x_t sigmoid(f(x_t)), x_t = x + sigma n.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        sigma: Standard deviation of the normal noise n that training adds.
        squared: Whether the encoder sees x_t^2, whose mean tells a pixel's variance, or x_t.
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, sigma: float, squared: bool
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.sigma, self.squared = sigma, squared
        self.draws = {"corruption": Draw("normal", (features,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code."""
        z: Tensor = self.encoder(x**2 if self.squared else x)
        return z


class ConvGatedDAE(Gated):
    """As `GatedDAE`, with two convolutions and batch normalisation either side of the code.

    As published, every convolution's ReLU comes before its normalisation, the last one's too, and
    the codes are taken in training mode: the statistics are always those of the present batch.

    Args:
        features: Number of pixels of a square image.
        planes: Of the two convolutions, a list of two.
        hidden: Units between the convolutions and the code.
        latent: Size of the code.
        sigma: Standard deviation of the normal noise n that training adds.
    """

    in_turn: bool = True

    def __init__(
        self, features: int, *, planes: list[int], hidden: int, latent: int, sigma: float
    ) -> None:
        super().__init__()
        few, many = planes
        side = math.isqrt(features)
        summit = (many, side - 4, side - 4)
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            *(nn.Conv2d(1, few, 5, padding=1), nn.ReLU(), _normalised(few)),
            *(nn.Conv2d(few, many, 5, padding=1), nn.ReLU(), _normalised(many)),
            nn.Flatten(),
            mlp([math.prod(summit), hidden, latent], nn.ReLU),
        )
        self.decoder = nn.Sequential(
            *(mlp([latent, hidden, math.prod(summit)], nn.ReLU), nn.ReLU()),
            nn.Unflatten(1, summit),
            *(nn.ConvTranspose2d(many, few, 5, padding=1), nn.ReLU(), _normalised(few)),
            *(nn.ConvTranspose2d(few, 1, 5, padding=1), nn.ReLU(), _normalised(1)),
            nn.Flatten(),
        )
        self.sigma = sigma
        self.draws = {"corruption": Draw("normal", (features,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code."""
        z: Tensor = self.encoder(x)
        return z


def _normalised(planes: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(planes, track_running_stats=False)
