"""Variational autoencoder with codes on a sphere, Gaussian pixels, and the encoder and decoder of one benchmark.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309; objectives as its release 0.1.2 computes them,
https://github.com/clementchadebec/benchmark_VAE, but for the constant of the pixels' density.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from ae.maths import von_mises
from ae.maths.benchmark_networks import Network, benchmark_networks, equally_spread
from ae.maths.curvature import project
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class UnifiedSVAE(Autoencoder):
    """-log p(x given z) + KL(q(z given x), p(z)): q von Mises-Fisher, p uniform on the sphere.

    p(x given z) = N(sigmoid(decoder(z)), variance I). Davidson et al., Hyperspherical variational
    auto-encoders, UAI 2018, https://arxiv.org/abs/1804.00891.

    Args:
        features: Number of pixels.
        network: `dense` layers, or `convolutions` of 28 x 28 pixels.
        widths: Of the hidden layers or planes, from the image to the code.
        latent: Numbers of the code: one more than the sphere has dimensions.
        variance: Of every pixel.
    """

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = benchmark_networks(
            features, latent, latent + 1, network=network, widths=widths
        )
        self.in_turn, self.variance = network == "convolutions", variance
        self.numbers, proposals = latent, von_mises.PROPOSALS
        self.draws = {
            "spheres": Draw("normal", (proposals, latent)),
            "uniform": Draw("uniform", (proposals,)),
            "tangent": Draw("normal", (latent,)),
        }

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """What a sample of the posterior takes; of the prior one normal vector."""
        return {"tangent": self.draws["tangent"]} if objective == "prior_code" else self.draws

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
        """The mean of every pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean direction and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """One sample of z; nats per image."""
        mean, kappa = self.direction(batch.x)
        z = von_mises.sample(mean, kappa, **noise)
        reconstruction = -equally_spread(self.decode(z), self.variance).log_prob(batch.x)
        kl = von_mises.kl_to_uniform(self.numbers, kappa)
        return Objective(
            loss=reconstruction + kl,
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "bound": -reconstruction - kl,
                "concentration": kappa,
            },
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, kappa = self.direction(x)
        z = von_mises.sample(mean, kappa, **noise)
        own = equally_spread(self.decode(z), self.variance).log_prob(x) - von_mises.log_area(
            self.numbers
        )
        return own - von_mises.log_prob(z, mean, kappa)
