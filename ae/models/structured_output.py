"""Conditional variational autoencoder for structured outputs: an image is completed from a part of it.

Sohn, Lee and Yan, Learning Structured Output Representation using Deep Conditional Generative
Models, NIPS 2015,
https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models;
the networks are those of Pyro's tutorial on it.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.maths.probability import kl_between_normals, log_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

MISSING = -1.0  # the value of a pixel that is not given


class CVAE(Autoencoder):
    """p(y given x) = int p(y given z) p(z given x), x the given quadrants of an image, y the others.

    A baseline network guesses y from x; the prior network sees x with that guess, the recognition
    network the whole image, and both give a normal z; the generation network makes pixels of it.
    ReLU, layers as torch's begin. `objective` leaves the baseline as it is: a stage that trains by
    `guess` goes before.

    Args:
        features: Number of pixels of a square image whose side is even.
        quadrants: How many are given: 1, the lower left; 2, the left half; 3, all but the lower
            right.
        hidden: Widths of the layers of each of the four networks.
        latent: Size of z.
    """

    given: Float[Tensor, " features"]

    def __init__(self, features: int, *, quadrants: int, hidden: list[int], latent: int) -> None:
        super().__init__()
        self.register_buffer("given", _given(features, quadrants))
        self.baseline = mlp([features, *hidden, features], nn.ReLU)
        self.prior = mlp([features, *hidden, 2 * latent], nn.ReLU)
        self.recognition = mlp([features, *hidden, 2 * latent], nn.ReLU)
        self.generation = mlp([latent, *hidden, features], nn.ReLU)
        self.draws = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One z, but none for the baseline."""
        return {} if objective == "guess" else self.draws

    def baseline_logits(
        self, x: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch features"]:
        """The baseline's guess, from the given pixels of x alone."""
        logits: Tensor = self.baseline(torch.where(self.given > 0, x, MISSING))
        return logits

    def conditional_prior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of p(z given x), from the given pixels and the baseline's guess."""
        return self._prior(x, self.baseline_logits(x))

    def _prior(
        self, x: Float[Tensor, "batch features"], guess: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        seen = torch.where(self.given > 0, x, guess.sigmoid().detach())
        mean, log_std = self.prior(seen).chunk(2, -1)
        return mean, 2 * log_std

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x, y), from the whole image."""
        mean, log_std = self.recognition(x).chunk(2, -1)
        return mean, 2 * log_std

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x, y)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.generation(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The image, its missing pixels guessed by the baseline."""
        return torch.where(self.given > 0, x, self.baseline_logits(x).sigmoid())

    def complete(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch features"]:
        """The image, its missing pixels made from one z of the conditional prior."""
        mean, logvar = self.conditional_prior(x)
        pixels = self.decode(mean + (logvar / 2).exp() * noise["z"])
        return torch.where(self.given > 0, x, pixels)

    def guess(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(y given x) of the baseline, each pixel for itself; nats per image."""
        loss = -self._log_pixels(batch.x, self.baseline_logits(batch.x))
        return Objective(loss=loss, parts={"baseline": loss})

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """log q(z given x, y) - log p(y, z given x) at one sample of q; nats per image.

        Its mean over z is at least -log p(y given x). `kl` is that between the two normals;
        `baseline` is what the guess costs.
        """
        posterior, guess = self.posterior(batch.x), self.baseline_logits(batch.x)
        prior = self._prior(batch.x, guess)
        z = posterior[0] + (posterior[1] / 2).exp() * noise["z"]
        reconstruction = -self._log_pixels(batch.x, self.generation(z))
        ratio = log_normal(z, *posterior) - log_normal(z, *prior)
        baseline = -self._log_pixels(batch.x, guess).detach()
        return Objective(
            loss=reconstruction + ratio,
            parts={
                "reconstruction": reconstruction,
                "kl": kl_between_normals(*posterior, *prior),
                "baseline": baseline,
            },
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(y, z given x) - log q(z given x, y) at one sample of q; nats."""
        mean, logvar = self.posterior(x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return self.log_joint(x, {"z": z}) - log_normal(z, mean, logvar)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(y, z given x) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return self._log_pixels(x, self.generation(z)) + log_normal(z, *self.conditional_prior(x))

    def log_prior_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(y given z) at one sample of the conditional prior, whose mean weight is p(y given x)."""
        mean, logvar = self.conditional_prior(x)
        return self._log_pixels(x, self.generation(mean + (logvar / 2).exp() * noise["z"]))

    def _log_pixels(
        self, x: Float[Tensor, "batch features"], logits: Float[Tensor, "batch features"]
    ) -> Float[Tensor, " batch"]:
        """log Bernoulli of the missing pixels."""
        each = x * logits - nn.functional.softplus(logits)
        return ((1 - self.given) * each).sum(-1)


def _given(features: int, quadrants: int) -> Float[Tensor, " features"]:
    """1 where a pixel is given, else 0."""
    side = math.isqrt(features)
    if side**2 != features or side % 2 or quadrants not in (1, 2, 3):
        raise ValueError(
            f"features {features}, quadrants {quadrants}: expected a square image of even side, and "
            "1, 2 or 3"
        )
    half, given = side // 2, torch.zeros(side, side)
    given[half:, :half] = 1
    if quadrants > 1:
        given[:, :half] = 1
    if quadrants > 2:
        given[:half, :] = 1
    return given.flatten()
