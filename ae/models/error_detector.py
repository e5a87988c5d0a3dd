"""Autoencoder of what is normal, whose error says what is not.

Torabi, Mirtaheri and Greco, Practical autoencoder based anomaly detection by using vector
reconstruction error, Cybersecurity 6:1, 2023, https://doi.org/10.1186/s42400-022-00134-9
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Noise, Objective


class ErrorDetector(Autoencoder):
    """ReLU layers down to a linear code, mirrored back to logistic pixels; squared error.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        detail: What a detector sees of the error: 1 each pixel's own (the paper's vector), 0 their
            mean (the usual single number). Training does not depend on it, and a sweep of it
            trains in one stack.
    """

    detail: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"detail"})

    def __init__(self, features: int, *, hidden: list[int], latent: int, detail: float) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.register_buffer("detail", torch.tensor(float(detail)))
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code."""
        z: Tensor = self.encoder(x)
        return z

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1)."""
        pixels: Tensor = self.decoder(self.encode(x)).sigmoid()
        return pixels

    def errors(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The mean squared error, and `detail` of what each pixel's own differs from it by."""
        square = (self.reconstruct(x) - x) ** 2
        mean = square.mean(-1, keepdim=True)
        return mean + self.detail * (square - mean)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error per pixel."""
        squared_error = ((self.reconstruct(batch.x) - batch.x) ** 2).mean(-1)
        return Objective(loss=squared_error, parts={"squared_error": squared_error})
