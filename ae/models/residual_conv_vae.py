"""Convolutional variational autoencoder with residual blocks.

The repository igreat/variational-autoencoders-pytorch, at 919c00c (February 2023):
https://github.com/igreat/variational-autoencoders-pytorch
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Normal
from ae.maths.probability import kl_to_standard_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

BLOCKS = 3  # each halves the side of the image, rounding down


class ResidualConvVAE(GaussianCode):
    """Residual blocks with max-pooling down, nearest-neighbour upsampling up; squared error and KL.

    Convolutions before a normalisation have no bias, which it would take away. The loss takes
    p(x given z) = N(decode(z), I / 2) in units of `std`, without its constant. The
    decoder's sides fit images of 28 x 28 and 32 x 32.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        planes: Of every hidden convolution; half as many before the last.
        latent: Size of the code.
        mean: Subtracted from the pixels.
        std: The pixels are divided by it, so that the squared error is in its unit.
    """

    in_turn: bool = True

    def __init__(
        self, features: int, *, colours: int, planes: int, latent: int, mean: float, std: float
    ) -> None:
        super().__init__()
        side = math.isqrt(features // colours)
        if colours * side**2 != features or side not in (28, 32):
            raise ValueError(
                f"features {features}: expected {colours} planes of 28 x 28 or 32 x 32"
            )
        small = side >> BLOCKS
        self.image, self.mean, self.std = (colours, side, side), mean, std
        self.encoder = nn.Sequential(
            nn.ZeroPad2d((1, 2, 1, 2)),  # as padding="same" does for an even kernel
            nn.Conv2d(colours, planes, 4, bias=False),
            nn.InstanceNorm2d(planes, affine=True),
            nn.ReLU(),
            *(Residual(planes) for _ in range(BLOCKS)),
            nn.Conv2d(planes, 2 * latent, small),
        )
        self.decoder = nn.Sequential(
            *_expansion(latent, planes, small),
            nn.Upsample(scale_factor=2),
            *_expansion(planes, planes, 3),
            *_expansion(planes, planes, 3),
            *_expansion(planes, planes, 3),
            nn.Upsample(scale_factor=2),
            *_expansion(planes, planes // 2, 3),
            nn.ConvTranspose2d(planes // 2, colours, 3, bias=False),
            nn.BatchNorm2d(colours),
        )
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        planes = ((x - self.mean) / self.std).reshape(len(x), *self.image)
        mean, logvar = self.encoder(planes).flatten(-3).chunk(2, -1)
        return mean, logvar

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z) in the pixels' own unit, of variance std^2 / 2; its mean may leave [0, 1]."""
        mean = self._standard(z) * self.std + self.mean
        return Normal(mean, torch.full_like(mean, math.log(self.std**2 / 2)))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """|x - x^|^2 / std^2 + KL(q(z given x), p(z)), one sample of z, per image."""
        mean, logvar = self.posterior(batch.x)
        z = sample_normal(mean, logvar, noise["z"])
        standard = (batch.x - self.mean) / self.std
        squared_error = ((standard - self._standard(z)) ** 2).sum(-1)
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(loss=squared_error + kl, parts={"squared_error": squared_error, "kl": kl})

    def _standard(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The mean of p(x given z), less `mean` and divided by `std`."""
        pixels: Tensor = self.decoder(z[..., None, None]).flatten(-3)
        return pixels


class Residual(nn.Module):
    """conv - norm - ReLU - conv - norm, plus its input; then max-pooling by 2 and ReLU."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(planes, planes, 3, padding=1, bias=False),
            nn.InstanceNorm2d(planes, affine=True),
            nn.ReLU(),
            nn.Conv2d(planes, planes, 3, padding=1, bias=False),
            nn.InstanceNorm2d(planes, affine=True),
        )
        self.pool = nn.MaxPool2d(2)

    def forward(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes half half"]:
        """Planes of half the side, rounded down."""
        halved: Tensor = self.pool(self.branch(x) + x).relu()
        return halved


def _expansion(inputs: int, outputs: int, kernel: int) -> tuple[nn.Module, ...]:
    return (
        nn.ConvTranspose2d(inputs, outputs, kernel, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
