"""Variational autoencoder for grey values: Gaussian posterior and Gaussian pixels.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114,
appendix C.2, for the Frey faces; the other way to train the same two networks is the wake-sleep
algorithm of Hinton, Dayan, Frey and Neal, Science 268, 1995.
"""

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Normal
from ae.maths.networks import mlp, normal_
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode, wake_sleep_objective


class GaussianVAE(GaussianCode):
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

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z): means in (0, 1), log variances of at least the floor."""
        mean, logvar = self.decoder(z).chunk(2, -1)
        return Normal(mean.sigmoid(), logvar.clamp(min=self.floor))

    def pixel_logvar(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Log variance of each pixel of the reconstruction."""
        return self.pixels(self.encode(x)).logvar

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + terms.kl, parts=terms.parts)

    def wake_sleep(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + -log q(cause given dream), each for one of the two networks."""
        return wake_sleep_objective(self, batch, noise)
