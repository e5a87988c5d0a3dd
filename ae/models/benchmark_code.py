"""What the variational models of one benchmark share: its encoder and decoder, Gaussian pixels of one variance.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309.
"""

from jaxtyping import Float
from torch import Tensor

from ae.maths.benchmark_networks import Network, benchmark_networks, equally_spread
from ae.maths.distributions import Normal
from ae.models.gaussian_code import GaussianCode


class BenchmarkCode(GaussianCode):
    """q(z given x) and p(x given z) = N(sigmoid(decoder(z)), variance I): abstract.

    A model adds its constructor, which calls `_networks` and sets `draws`, and its `objective`.
    """

    variance: float

    def _networks(
        self, features: int, latent: int, *, network: Network, widths: list[int], variance: float
    ) -> None:
        """Make the encoder, to mean and log variance, and the decoder, of a model's own arguments."""
        self.encoder, self.decoder = benchmark_networks(
            features, latent, 2 * latent, network=network, widths=widths
        )
        self.in_turn, self.variance = network == "convolutions", variance

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z)."""
        return equally_spread(self.decoder(z).sigmoid(), self.variance)
