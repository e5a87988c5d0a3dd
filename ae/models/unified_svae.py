"""Variational autoencoder with codes on a sphere, Gaussian pixels, and the encoder and decoder of one benchmark.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309; objectives as its release 0.1.2 computes them,
https://github.com/clementchadebec/benchmark_VAE, but for the constant of the pixels' density.
"""

from jaxtyping import Float
from torch import Tensor

from ae.maths.benchmark_networks import Network, benchmark_networks, equally_spread
from ae.models.base import Batch, Noise, Objective
from ae.models.sphere_code import SphereCode


class UnifiedSVAE(SphereCode):
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
        self._on_sphere(latent)

    def log_pixels(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch numbers"]
    ) -> Float[Tensor, " batch"]:
        """log p(x given z), Gaussian; nats."""
        return equally_spread(self.decode(z), self.variance).log_prob(x)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """One sample of z; nats per image."""
        terms = self.terms(batch.x, noise)
        return Objective(loss=terms["reconstruction"] + terms["kl"], parts=terms)
