"""What models share whose posterior is known by a sample and its density: no divergence in closed form."""

from abc import abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Bernoulli
from ae.maths.probability import log_standard_normal
from ae.models.base import Autoencoder, Noise


class SampledCode(Autoencoder):
    """p(z) = N(0, I), Bernoulli pixels with the decoder's logits; q(z given x) by its samples: abstract.

    A model adds its constructor, which sets `encoder`, `decoder` and `draws` with the noise `z`,
    `encode`, `posterior_sample` and its `objective`.
    """

    encoder: nn.Module
    decoder: nn.Module

    @abstractmethod
    def posterior_sample(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, " batch"]]:
        """One code of each image, and log q of it given x; nats."""

    @abstractmethod
    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """One code of each image, without noise."""

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through `encode` and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z)."""
        return noise["z"]

    def sampled_terms(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, " batch"], dict[str, Float[Tensor, " batch"]]]:
        """The divergence as one sample estimates it, and the bound with its two terms; nats."""
        z, log_q = self.posterior_sample(x, noise)
        reconstruction = -Bernoulli(self.decoder(z)).log_prob(x)
        kl = log_q - log_standard_normal(z)
        return kl, {"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl}

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        z, log_q = self.posterior_sample(x, noise)
        return self.log_joint(x, {"z": z}) - log_q

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return log_standard_normal(z) + Bernoulli(self.decoder(z)).log_prob(x)
