"""What can be known of a pixel without knowing the image: its variance over a training set.

The best that a denoiser by factors, or a Gaussian density, of varianceMNIST reaches without a code;
`ae.models.gated_denoising` and `ae.models.variance_vae` must find more.

Exercises of the course CS-E4890 Deep Learning of Aalto University, as solved by H. Do,
https://github.com/huongdo108/Bottleneck-Denoising-Variational-Autoencoders
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Noise, Objective

CHUNK = 2000  # examples that the fit looks at together


class ShapeFree(Autoencoder):
    """Every pixel normal with mean 0 and a variance of its own, the same for all images.

    Args:
        features: Number of pixels.
        sigma: Standard deviation of the normal noise that `reconstruct` takes away.
        min_logvar: Least log variance of a pixel, for `deviation`.
    """

    variance: Float[Tensor, " features"]

    def __init__(self, features: int, *, sigma: float, min_logvar: float) -> None:
        super().__init__()
        self.register_buffer("variance", torch.zeros(features))
        self.sigma, self.min_logvar = sigma, min_logvar
        self.draws = {}

    def fit(self, x: Float[Tensor, "examples features"]) -> None:
        """The mean over examples of x^2, pixel by pixel."""
        sums = [(piece.double() ** 2).sum(0) for piece in torch.split(x, CHUNK)]
        self.variance.copy_(torch.stack(sums).sum(0) / len(x))

    def gain(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The best factor of every pixel, variance / (variance + sigma^2)."""
        return (self.variance / (self.variance + self.sigma**2)).expand(x.shape)

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """What is left of noisy examples."""
        return x * self.gain(x)

    def deviation(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The standard deviation of every pixel, at least that of `min_logvar`."""
        return self.variance.clamp(min=math.exp(self.min_logvar)).sqrt().expand(x.shape)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log N(x; 0, deviation^2), without (features / 2) log 2 pi, which the fit minimised."""
        deviation = self.deviation(batch.x)
        reconstruction = (0.5 * (batch.x / deviation) ** 2 + deviation.log()).sum(-1)
        return Objective(reconstruction, {"bound": -reconstruction})
