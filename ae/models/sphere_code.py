"""What models with codes on a sphere share: q(z given x) von Mises-Fisher, p(z) uniform.

Davidson, Falorsi, De Cao, Kipf and Tomczak, Hyperspherical variational auto-encoders, UAI 2018,
https://arxiv.org/abs/1804.00891; the floor of the concentration as in the authors' program,
https://github.com/nicola-decao/s-vae-pytorch.
"""

from abc import abstractmethod

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths import von_mises
from ae.maths.curvature import project
from ae.models.base import Autoencoder, Draw, Noise


class SphereCode(Autoencoder):
    """Codes are points on a sphere, numbers of length 1: abstract.

    A model adds its constructor, which sets `encoder`, to the numbers of a direction and one of the
    concentration, and `decoder`, to the logits of pixels in (0, 1), and calls `_on_sphere`; `log_pixels`
    and `objective`.
    """

    encoder: nn.Module
    decoder: nn.Module
    numbers: int

    def _on_sphere(self, numbers: int) -> None:
        """Codes of so many numbers, one more than the sphere has dimensions."""
        self.numbers, proposals = numbers, von_mises.PROPOSALS
        self.draws = {
            "spheres": Draw("normal", (proposals, numbers)),
            "uniform": Draw("uniform", (proposals,)),
            "tangent": Draw("normal", (numbers,)),
        }

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """What a sample of the posterior takes; of the prior one normal vector."""
        return {"tangent": self.draws["tangent"]} if objective == "prior_code" else self.draws

    @abstractmethod
    def log_pixels(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch numbers"]
    ) -> Float[Tensor, " batch"]:
        """log p(x given z); nats."""

    def direction(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch numbers"], Float[Tensor, " batch"]]:
        """Mean direction and concentration of q(z given x); the concentration is at least 1."""
        outputs = self.encoder(x)
        return project(outputs[:, :-1], 1), softplus(outputs[:, -1]) + 1

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch numbers"]:
        """The mean direction."""
        return self.direction(x)[0]

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch numbers"]:
        """One sample of q(z given x)."""
        return von_mises.sample(*self.direction(x), **noise)

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch numbers"]:
        """A point of the uniform distribution on the sphere."""
        return project(noise["tangent"], 1)

    def decode(self, z: Float[Tensor, "batch numbers"]) -> Float[Tensor, "batch features"]:
        """The mean of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean direction and back."""
        return self.decode(self.encode(x))

    def terms(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> dict[str, Float[Tensor, " batch"]]:
        """The terms of the bound at one sample of z, nats per image, and the concentration."""
        mean, kappa = self.direction(x)
        z = von_mises.sample(mean, kappa, **noise)
        reconstruction = -self.log_pixels(x, z)
        kl = von_mises.kl_to_uniform(self.numbers, kappa)
        return {
            "reconstruction": reconstruction,
            "kl": kl,
            "bound": -reconstruction - kl,
            "concentration": kappa,
        }

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, kappa = self.direction(x)
        z = von_mises.sample(mean, kappa, **noise)
        own = self.log_pixels(x, z) - von_mises.log_area(self.numbers)
        return own - von_mises.log_prob(z, mean, kappa)
