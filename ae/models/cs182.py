"""Autoencoder and variational autoencoder of a teaching notebook, fully connected, on digits.

C. Mitra, J. Zhang, J. You and M. Huang, All About Autoencoders, project of the course CS 182, UC
Berkeley, 2023, https://github.com/chancharikmitra/CS182_All_About_Autoencoders (AE_vs_VAE). Its
helper puts a ReLU after every layer, those that give the code and the image included: codes, means,
log standard deviations and pixels are never negative, and a posterior is never narrower than the
prior. A bottleneck, which the notebook has not, is linear.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.maths.probability import log_normal, log_standard_normal, sample_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class AE(Autoencoder):
    """x from relu(decoder(relu(encoder(x))), trained by the mean squared error of a pixel.

    Args:
        features: Number of pixels.
        latent: Size of the code; every layer between halves the width, see `halved`.
        bottleneck: Size of a linear code laid between encoder and decoder, which then is the code;
            0 for none.
        noise: Standard deviation of Gaussian noise on the input in training, whose result is held
            within [0, 1]; 0 trains on clean images. A sweep of it trains in one stack.
    """

    noise: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"noise"})

    def __init__(self, features: int, *, latent: int, bottleneck: int, noise: float) -> None:
        super().__init__()
        self.encoder = encoder(features, latent, bottleneck)
        self.decoder = decoder(features, latent, bottleneck)
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.draws = {"x": Draw("normal", (features,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code; without a bottleneck never negative."""
        code: Tensor = self.encoder(x)
        return code

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """Pixels, never negative."""
        pixels: Tensor = self.decoder(z)
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back, from input that is taken as it is."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean over pixels of the squared difference from the clean image."""
        made = self.reconstruct(noisy(batch.x, self.noise, noise["x"]))
        error = ((batch.x - made) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})


class VAE(Autoencoder):
    """q(z given x) = N(mean, diag(std^2)), p(z) = N(0, I): two encoders and one decoder.

    Args:
        features: Number of pixels.
        latent: Size of the code; every layer between halves the width, see `halved`.
        bottleneck: As in `AE`, for mean and log standard deviation each.
        noise: As in `AE`.
        weight: Of log q(z given x) - log p(z), against the mean squared error of a pixel. A sweep
            of it trains in one stack.
    """

    noise: Float[Tensor, ""]
    weight: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"noise", "weight"})

    def __init__(
        self, features: int, *, latent: int, bottleneck: int, noise: float, weight: float
    ) -> None:
        super().__init__()
        self.mean = encoder(features, latent, bottleneck)
        self.logstd = encoder(features, latent, bottleneck)
        self.decoder = decoder(features, latent, bottleneck)
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.draws = {
            "x": Draw("normal", (features,)),
            "z": Draw("normal", (bottleneck or latent,)),
        }

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x); without a bottleneck neither ever negative."""
        return self.mean(x), 2 * self.logstd(x)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """Pixels, never negative."""
        pixels: Tensor = self.decoder(z)
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def terms(
        self,
        x: Float[Tensor, "batch features"],
        target: Float[Tensor, "batch features"],
        z_noise: Float[Tensor, "batch latent"],
    ) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"], Float[Tensor, " batch"]]:
        """Mean squared error of a pixel, log q(z given x) and log p(z), for one sample of z."""
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, z_noise)
        error = ((target - self.decode(z)) ** 2).mean(-1)
        return error, log_normal(z, mean, logvar), log_standard_normal(z)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error of a pixel + weight (log q(z given x) - log p(z)), one sample of z."""
        x = noisy(batch.x, self.noise, noise["x"])
        error, log_q, log_p = self.terms(x, batch.x, noise["z"])
        loss = error + self.weight * (log_q - log_p)
        return Objective(loss=loss, parts={"loss": loss, "squared_error": error})


def noisy(
    x: Float[Tensor, "batch features"],
    scale: Float[Tensor, ""],
    noise: Float[Tensor, "batch features"],
) -> Float[Tensor, "batch features"]:
    """x + scale noise, held within [0, 1]; images that are there already stay as they are at 0."""
    return (x + scale * noise).clamp(0, 1)


def halved(features: int, latent: int) -> list[int]:
    """Widths of an encoder: the power of two below `features`, then halves down to `latent`."""
    widths = [features, 2 ** int(math.log2(features))]
    while widths[-1] != latent:
        widths.append(max(widths[-1] // 2, latent))
    return widths


def doubled(latent: int, features: int) -> list[int]:
    """Widths of a decoder: the power of two above `latent`, then doubles up to `features`."""
    widths = [latent, 2 ** math.ceil(math.log2(latent))]
    while widths[-1] != features:
        widths.append(min(widths[-1] * 2, features))
    return widths


def rectified(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers of these widths, each of them followed by a ReLU."""
    return nn.Sequential(*mlp(widths, nn.ReLU), nn.ReLU())


def encoder(features: int, latent: int, bottleneck: int) -> nn.Sequential:
    """The helper's layers down to `latent`, and a linear one to the bottleneck if there is one."""
    layers = rectified(halved(features, latent))
    return nn.Sequential(*layers, *mlp([latent, bottleneck], nn.ReLU)) if bottleneck else layers


def decoder(features: int, latent: int, bottleneck: int) -> nn.Sequential:
    """The helper's layers up from `latent`, after one to it from the bottleneck if there is one."""
    layers = rectified(doubled(latent, features))
    return nn.Sequential(*rectified([bottleneck, latent]), *layers) if bottleneck else layers
