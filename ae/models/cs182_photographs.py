"""Three autoencoders of a teaching notebook on small photographs: plain, variational, with a codebook.

C. Mitra, J. Zhang, J. You and M. Huang, All About Autoencoders, project of the course CS 182, UC
Berkeley, 2023, at 5f93158, https://github.com/chancharikmitra/CS182_All_About_Autoencoders (VQ_VAE).
What its code does is followed where its text says otherwise: the layers of a residual stack are one
layer, normalisation included, applied many times; the encoder's stack has them many and narrow, as its
two last arguments are exchanged; the variational one's mean and deviation share their last layer.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.probability import log_normal, log_standard_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.models.codebook_code import SHRINKS, CodebookCode, Quantised, square_planes

COLOURS = 3  # of an image


class Repeated(nn.Module):
    """x + f(x), f of ReLU, 3 x 3, normalisation, ReLU, 1 x 1, normalisation; `times` over; then ReLU."""

    def __init__(self, planes: int, residual_planes: int, times: int) -> None:
        super().__init__()
        self.times = times
        self.layer = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(planes, residual_planes, 3, 1, 1),
            nn.BatchNorm2d(residual_planes),
            nn.ReLU(),
            nn.Conv2d(residual_planes, planes, 1),
            nn.BatchNorm2d(planes),
        )

    def forward(
        self, h: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """Planes of the same number and size."""
        for _ in range(self.times):
            h = h + self.layer(h)
        return h.relu()


def encoder(planes: int, residual_planes: int, times: int) -> nn.Sequential:
    """Two convolutions that halve the side and one that does not, normalised; a residual stack."""
    return nn.Sequential(
        nn.Conv2d(COLOURS, planes // 2, 4, 2, 1),
        nn.BatchNorm2d(planes // 2),
        nn.ReLU(),
        nn.Conv2d(planes // 2, planes, 4, 2, 1),
        nn.BatchNorm2d(planes),
        nn.ReLU(),
        nn.Conv2d(planes, planes, 3, 1, 1),
        nn.BatchNorm2d(planes),
        Repeated(planes, residual_planes, times),
    )


def decoder(width: int, planes: int, residual_planes: int, times: int) -> nn.Sequential:
    """A transposed convolution that keeps the side, a residual stack, and two that double it."""
    return nn.Sequential(
        nn.ConvTranspose2d(width, planes, 3, 1, 1),
        Repeated(planes, residual_planes, times),
        nn.ConvTranspose2d(planes, planes // 2, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(planes // 2, COLOURS, 4, 2, 1),
    )


class CourseVQVAE(CodebookCode):
    """|x - x^|^2 / variance + |sg(z) - e|^2 + beta |z - sg(e)|^2, means; e is nearest to z.

    Args:
        features: Number of pixels times colours, three; images are square, their side a multiple of 4.
        planes: Of the hidden layers.
        narrow: Planes inside the encoder's residual layer.
        many: How often that is applied.
        wide, few: The same of the decoder.
        width: Size of an entry.
        entries: Of the codebook, which starts uniform within 1 / entries either side of 0.
        beta: Weight of the commitment.
        variance: By which the squared error is divided.
    """

    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        planes: int,
        narrow: int,
        many: int,
        wide: int,
        few: int,
        width: int,
        entries: int,
        beta: float,
        variance: float,
    ) -> None:
        super().__init__()
        self.image, self.beta, self.variance = square_planes(features, COLOURS), beta, variance
        self.side = self.image[1] // SHRINKS
        self.encoder = nn.Sequential(encoder(planes, narrow, many), nn.Conv2d(planes, width, 1))
        self.decoder = decoder(width, planes, wide, few)
        self.codebook = nn.Parameter(
            torch.empty(entries, width).uniform_(-1 / entries, 1 / entries)
        )
        self.draws = {}

    def quantise(self, z: Float[Tensor, "batch places width"], noise: Noise) -> Quantised:
        """The codebook learns by the gradient of its own term."""
        return self._quantised_by_gradient(z)


class CourseVAE(Autoencoder):
    """|x - x^|^2, a mean over pixels, + weight (log q(z given x) - log p(z)), one sample of z.

    Without `variational` z is the mean and the second term is left out: the notebook's plain
    autoencoder. With it, mean and deviation come of two encoders and one linear layer that they share;
    the deviation is exp(sigmoid(.)), never below 1, so no posterior is narrower than the prior.

    Args:
        features, planes, narrow, many, wide, few: As in `CourseVQVAE`.
        latent: Size of the code.
        variational: Whether it is.
        weight: Of the divergence's estimate. A sweep of it trains in one stack.
        noise: Standard deviation of normal noise on the input in training, 0 for none: as in the
            notebook the sum is held within [0, 1] although pixels are from -0.5 to 0.5: the darker half
            is lost. A sweep of it trains in one stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"noise", "weight"})
    in_turn: bool = True
    noise: Float[Tensor, ""]
    weight: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        planes: int,
        narrow: int,
        many: int,
        wide: int,
        few: int,
        latent: int,
        variational: bool,
        weight: float,
        noise: float,
    ) -> None:
        super().__init__()
        _, self.side, _ = square_planes(features, COLOURS)
        self.planes, self.variational = planes, variational
        numbers = planes * (self.side // SHRINKS) ** 2
        self.mean = encoder(planes, narrow, many)
        self.logstd = encoder(planes, narrow, many) if variational else None
        self.down, self.up = nn.Linear(numbers, latent), nn.Linear(latent, numbers)
        self.decoder = decoder(planes, planes, wide, few)
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.draws = {"x": Draw("normal", (features,))}
        if variational:
            self.draws["z"] = Draw("normal", (latent,))

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self._down(self.mean, x)

    def _down(
        self, network: nn.Module, x: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch latent"]:
        """An encoder and the linear layer."""
        planes = network((x - 0.5).reshape(len(x), COLOURS, self.side, self.side))
        return self.down(planes.flatten(1))  # type: ignore[no-any-return]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The image; it may leave [0, 1]."""
        small = self.side // SHRINKS
        planes = self.up(z).reshape(len(z), self.planes, small, small)
        pixels: Tensor = self.decoder(planes).flatten(1)
        return pixels + 0.5

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back, from images that are taken as they are."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error of a pixel of the clean image, and the divergence's estimate."""
        noisy = (batch.x - 0.5 + self.noise * noise["x"]).clamp(0, 1) + 0.5
        x = torch.where(self.noise > 0, noisy, batch.x)
        z = mean = self.encode(x)
        ratio = torch.zeros_like(z[:, 0])
        if self.logstd is not None:
            logstd = self._down(self.logstd, x).sigmoid()
            z = mean + logstd.exp() * noise["z"]
            ratio = log_normal(z, mean, 2 * logstd) - log_standard_normal(z)
        error = ((self.decode(z) - batch.x) ** 2).mean(-1)
        loss = error + self.weight * ratio
        return Objective(loss=loss, parts={"squared_error": error, "log_ratio": ratio})
