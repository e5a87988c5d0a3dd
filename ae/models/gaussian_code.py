"""What models with a Gaussian code share: all but the networks and the objective.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Bernoulli, Distribution
from ae.maths.probability import (
    kl_to_standard_normal,
    log_normal,
    log_standard_normal,
    sample_normal,
)
from ae.models.base import Autoencoder, Batch, Noise, Objective


class ElboTerms(NamedTuple):
    """The posterior of each image, one sample of it, and the two terms of the ELBO there; nats.

    Attributes:
        mean: Of q(z given x).
        logvar: Its log variance.
        z: The sample.
        reconstruction: -log p(x given z).
        kl: KL(q(z given x), p(z)), in closed form.
    """

    mean: Float[Tensor, "batch latent"]
    logvar: Float[Tensor, "batch latent"]
    z: Float[Tensor, "batch latent"]
    reconstruction: Float[Tensor, " batch"]
    kl: Float[Tensor, " batch"]

    @property
    def bound(self) -> Float[Tensor, " batch"]:
        """The ELBO, whatever the objective weighs its terms by; nats, higher is better."""
        return -self.reconstruction - self.kl

    @property
    def parts(self) -> dict[str, Float[Tensor, " batch"]]:
        """The two terms and the ELBO, as an objective records them."""
        return {"reconstruction": self.reconstruction, "kl": self.kl, "bound": self.bound}


class GaussianCode(Autoencoder):
    """q(z given x) = N(mean, diag(exp(logvar))) and p(z) = N(0, I): abstract.

    A model adds its constructor, which sets `encoder`, `decoder` and `draws` with the noise `z`, and
    its `objective`. As they stand here, the encoder gives mean and log variance side by side and
    the decoder the logits of Bernoulli pixels; a model for which that is not so says otherwise in
    `posterior` or `pixels`, and the rest follows.
    """

    encoder: nn.Module
    decoder: nn.Module

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x).chunk(2, -1)
        return mean, logvar

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Distribution:
        """p(x given z)."""
        return Bernoulli(self.decoder(z))

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """One sample of q(z given x)."""
        return sample_normal(*self.posterior(x), noise["z"])

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z)."""
        return noise["z"]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The mean of p(x given z); for Bernoulli pixels their probabilities, in (0, 1)."""
        return self.pixels(z).mean

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def elbo_terms(self, x: Float[Tensor, "batch features"], noise: Noise) -> ElboTerms:
        """The terms of the ELBO at one sample of the code; nats per image."""
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, noise["z"])
        reconstruction = -self.pixels(z).log_prob(x)
        return ElboTerms(mean, logvar, z, reconstruction, kl_to_standard_normal(mean, logvar))

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, noise["z"])
        return self.log_joint(x, {"z": z}) - log_normal(z, mean, logvar)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return log_standard_normal(z) + self.pixels(z).log_prob(x)


def wake_sleep_objective(model: GaussianCode, batch: Batch, noise: Noise) -> Objective:
    """-log p(x given z) + -log q(cause given dream), each for one of the two networks.

    Wake: the decoder learns x from z of q(z given x). Sleep: the encoder learns the cause, of p(z),
    from the image that the decoder dreams of it, by the noise `pixels`. No gradient passes a sample,
    so the losses share no parameter. `bound` is the ELBO, which this does not maximise. Hinton,
    Dayan, Frey and Neal, The wake-sleep algorithm for unsupervised neural networks, Science 268,
    1995.
    """
    mean, logvar = model.posterior(batch.x)
    z = sample_normal(mean, logvar, noise["z"])
    reconstruction = -model.pixels(z.detach()).log_prob(batch.x)
    kl = kl_to_standard_normal(mean, logvar)
    dream = model.pixels(noise["cause"]).sample(noise["pixels"]).detach()
    sleep = -log_normal(noise["cause"], *model.posterior(dream))
    return Objective(
        loss=reconstruction + sleep,
        parts={
            "reconstruction": reconstruction,
            "kl": kl,
            "sleep": sleep,
            "bound": -reconstruction - kl,
        },
    )
