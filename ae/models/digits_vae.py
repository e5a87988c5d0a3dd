"""Variational autoencoder of two levels of codes for small images whose pixels are a few levels.

J. M. Tomczak, Deep Generative Modeling, Springer 2022, chapter 4; the code is jmtomczak/intro_dgm at
28bbc85, vaes/vae_hierarchical_example.ipynb, https://github.com/jmtomczak/intro_dgm. The model of one
level is `ae.models.prior_vae.PriorVAE` with the standard prior.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import hardtanh

from ae.maths.distributions import Categorical
from ae.maths.probability import (
    kl_between_normals,
    kl_to_standard_normal,
    log_normal,
    log_standard_normal,
    sample_normal,
)
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

SLOPE = 1.702  # of the notebook's own GELU, x sigmoid(1.702 x)
LOGVAR = (-7.0, 2.0)  # the notebook's limits of log variances


class HierarchicalVAE(Autoencoder):
    """p(z2) p(z1 given z2) p(x given z1), and a posterior that goes down the same way.

    The encoder gives a Gaussian q(z2 given x), and how far q(z1 given z2, x) lies from p(z1 given
    z2): a step of the mean, and a factor of the variance. Batch normalisation; layers and the limits
    of the log variances are the notebook's.

    Args:
        features: Number of pixels.
        width: Of every hidden layer.
        latent: Size of z2; z1 is twice as large.
        levels: Of a pixel.
        floor: Least probability of a level in the likelihood.
    """

    in_turn: bool = True  # a normalisation of many members' batches rounds otherwise than of one's

    def __init__(
        self, features: int, *, width: int, latent: int, levels: int, floor: float
    ) -> None:
        super().__init__()
        low, wide = 2 * latent, width
        self.first = nn.Sequential(*_normed(features, wide), nn.Linear(wide, wide), nn.GELU())
        self.second = nn.Sequential(*_normed(wide, wide), nn.Linear(wide, wide), nn.LeakyReLU())
        self.step = nn.Sequential(*_normed(wide, wide), nn.Linear(wide, 2 * low))
        self.top = nn.Sequential(*_normed(wide, wide), nn.Linear(wide, 2 * latent))
        self.prior = nn.Sequential(*_normed(latent, wide), nn.Linear(wide, 2 * low))
        self.decoder = nn.Sequential(
            *_normed(low, wide), *_normed(wide, wide), nn.Linear(wide, features * levels)
        )
        self.features, self.levels, self.floor = features, levels, floor
        self.draws = {"z1": Draw("normal", (low,)), "z2": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z1) + KL of z2 + KL of z1 given z2, one sample; nats per image."""
        top, step = self._bottom_up(batch.x)
        z2 = sample_normal(*top, noise["z2"])
        prior = self._prior(z2)
        mean, logvar = prior[0] + step[0], prior[1] + step[1]
        z1 = sample_normal(mean, logvar, noise["z1"])
        reconstruction = -self._pixels(z1).log_prob(batch.x)
        kl_1 = kl_between_normals(mean, logvar, *prior)
        kl_2 = kl_to_standard_normal(*top)
        loss = reconstruction + kl_1 + kl_2
        parts = {"reconstruction": reconstruction, "kl_1": kl_1, "kl_2": kl_2, "bound": -loss}
        return Objective(loss=loss, parts=parts)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z2 given x)."""
        return self._bottom_up(x)[0][0]

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z2)."""
        return noise["z2"]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The mean of the pixels given z2, z1 taken at its mean given z2; in [0, 1]."""
        return self._pixels(self._prior(z)[0]).mean

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the means of both levels and back."""
        top, step = self._bottom_up(x)
        return self._pixels(self._prior(top[0])[0] + step[0]).mean

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z1, z2) - log q(z1, z2 given x) at one sample of the posterior; nats."""
        top, step = self._bottom_up(x)
        z2 = sample_normal(*top, noise["z2"])
        prior = self._prior(z2)
        mean, logvar = prior[0] + step[0], prior[1] + step[1]
        z1 = sample_normal(mean, logvar, noise["z1"])
        log_q = log_normal(z2, *top) + log_normal(z1, mean, logvar)
        return self.log_joint(x, {"z1": z1, "z2": z2}) - log_q

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z1, z2) at the codes `latent["z1"]` and `latent["z2"]`; nats."""
        z1, z2 = latent["z1"], latent["z2"]
        log_prior = log_standard_normal(z2) + log_normal(z1, *self._prior(z2))
        return log_prior + self._pixels(z1).log_prob(x)

    def _bottom_up(self, x: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Mean and log variance of z2; step of the mean and of the log variance of z1."""
        r1 = self.first(_whole(x, self.levels))
        (mean, logvar), (shift, factor) = (
            network.chunk(2, -1) for network in (self.top(self.second(r1)), self.step(r1))
        )
        return (mean, hardtanh(logvar, *LOGVAR)), (shift, hardtanh(factor, *LOGVAR))

    def _prior(self, z2: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of p(z1 given z2)."""
        mean, logvar = self.prior(z2).chunk(2, -1)
        return mean, logvar

    def _pixels(self, z1: Tensor) -> Categorical:
        logits: Tensor = self.decoder(z1)
        return Categorical.of(logits.view(-1, self.features, self.levels), self.floor)


class _GELU(nn.Module):
    """x sigmoid(1.702 x), the notebook's own."""

    def forward(self, x: Float[Tensor, "batch units"]) -> Float[Tensor, "batch units"]:
        return x * (SLOPE * x).sigmoid()


def _normed(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Linear(inputs, outputs), _GELU(), nn.BatchNorm1d(outputs)


def _whole(x: Float[Tensor, "batch features"], levels: int) -> Float[Tensor, "batch features"]:
    """Levels as whole numbers from 0."""
    return (x * (levels - 1)).round()
