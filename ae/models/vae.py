"""Variational autoencoder: Gaussian posterior, Bernoulli pixels, fully connected.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114;
the weight beta is that of Higgins et al., beta-VAE, ICLR 2017; the other way to train the same two
networks is the wake-sleep algorithm of Hinton, Dayan, Frey and Neal, Science 268, 1995.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import mlp, normal_
from ae.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)


class VAE(Autoencoder):
    """q(z given x) = N(mean, diag(exp(logvar))), p(x given z) = Bernoulli, p(z) = N(0, I).

    Hidden layers are tanh, as in the paper's appendix C; the decoder mirrors the encoder.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        init: Standard deviation of all initial parameters, biases too; or `fan_in` for every layer
            uniform on plus and minus 1 / sqrt(its inputs).
        beta: Weight of the divergence; 1 gives the bound on log p(x). A sweep of it trains in one
            stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    beta: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        init: float | Literal["fan_in"],
        beta: float,
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.Tanh)
        if init != "fan_in":  # which is what torch's linear layers begin with
            normal_(self, init)
        self.register_buffer("beta", torch.tensor(beta))
        self.draws = {"z": Draw("normal", (latent,))}
        self._dreams = {
            "z": Draw("normal", (latent,)),
            "cause": Draw("normal", (latent,)),
            "pixels": Draw("uniform", (features,)),
        }

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One z an image; `wake_sleep` dreams an image of its own besides."""
        return self._dreams if objective == "wake_sleep" else self.draws

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x).chunk(2, -1)
        return mean, logvar

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.decoder(z))
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl},
        )

    def wake_sleep(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + -log q(cause given dream), each for one of the two networks.

        Wake: the decoder learns x from z of q(z given x). Sleep: the encoder learns the cause, of
        p(z), from the image that the decoder dreams of it. No gradient passes a sample, so the
        losses share no parameter. `bound` is that of `objective`, which this does not maximise.
        """
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.decoder(z.detach()))
        kl = kl_to_standard_normal(mean, logvar)
        dream = (noise["pixels"] < self.decode(noise["cause"])).to(batch.x.dtype)
        sleep = -log_normal(noise["cause"], *self.posterior(dream))
        return Objective(
            loss=reconstruction + sleep,
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "sleep": sleep,
                "bound": -reconstruction - kl,
            },
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, logvar = self.posterior(x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return self.log_joint(x, {"z": z}) - log_normal(z, mean, logvar)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return log_standard_normal(z) + log_bernoulli(x, self.decoder(z))
