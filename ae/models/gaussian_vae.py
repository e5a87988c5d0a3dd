"""Variational autoencoder for grey values: Gaussian posterior and Gaussian pixels.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114,
appendix C.2, for the Frey faces; the other way to train the same two networks is the wake-sleep
algorithm of Hinton, Dayan, Frey and Neal, Science 268, 1995.
"""

from jaxtyping import Float
from torch import Tensor, nn

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import mlp, normal_
from ae.probability import kl_to_standard_normal, log_normal, log_standard_normal


class GaussianVAE(Autoencoder):
    """q(z given x) and p(x given z) Gaussian with diagonal covariance, p(z) = N(0, I).

    Pixels have means in (0, 1) and log variances of at least `floor`: without one, the density of a
    pixel that is predicted well enough has no upper limit. Hidden layers are tanh.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        init: Standard deviation of all initial parameters, biases too.
        floor: Least log variance of a pixel. -11.08 is a standard deviation of one grey level of
            256.
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, init: float, floor: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent, *hidden[::-1], 2 * features], nn.Tanh)
        normal_(self, init)
        self.floor = floor
        self.draws = {"z": Draw("normal", (latent,))}
        self._dreams = {
            "z": Draw("normal", (latent,)),
            "cause": Draw("normal", (latent,)),
            "pixels": Draw("normal", (features,)),
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

    def pixels(
        self, z: Float[Tensor, "batch latent"]
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, "batch features"]]:
        """Mean, in (0, 1), and log variance, at least the floor, of p(x given z)."""
        mean, logvar = self.decoder(z).chunk(2, -1)
        return mean.sigmoid(), logvar.clamp(min=self.floor)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The mean of each pixel, in (0, 1)."""
        return self.pixels(z)[0]

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def pixel_logvar(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Log variance of each pixel of the reconstruction."""
        return self.pixels(self.encode(x))[1]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image."""
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_normal(batch.x, *self.pixels(z))
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + kl,
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
        reconstruction = -log_normal(batch.x, *self.pixels(z.detach()))
        kl = kl_to_standard_normal(mean, logvar)
        centre, spread = self.pixels(noise["cause"])
        dream = (centre + (spread / 2).exp() * noise["pixels"]).detach()
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
        return log_standard_normal(z) + log_normal(x, *self.pixels(z))
