"""Importance weighted autoencoder with one code, with and without the score term in its gradient.

Roeder, Wu and Duvenaud, Sticking the Landing: Simple, Lower-Variance Gradient Estimators for
Variational Inference, NeurIPS 2017, https://arxiv.org/abs/1703.09194; networks of Burda, Grosse and
Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, as in
XavierXiao/Stick-the-Landing-with-IWAE at 9613350,
https://github.com/XavierXiao/Stick-the-Landing-with-IWAE
"""

import math

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.maths.probability import log_bernoulli, log_normal, log_standard_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

OBJECTIVES = ("objective", "average_path", "weighted", "weighted_path")


class StickingVAE(GaussianCode):
    """q(z given x) Gaussian, p(x given z) Bernoulli, p(z) = N(0, I); tanh layers as torch begins them.

    The encoder gives the mean and the log deviation.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code; the decoder mirrors them.
        latent: Size of the code.
        samples: How many codes an image has in every objective.
    """

    def __init__(self, features: int, *, hidden: list[int], latent: int, samples: int) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.Tanh)
        self.draws = {"z": Draw("normal", (samples, latent))}
        self._one = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """All samples for what trains, else one."""
        return self.draws if objective in OBJECTIVES else self._one

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, log_deviation = self.encoder(x).chunk(2, -1)
        return mean, 2 * log_deviation

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-(1/k) sum_i log w_i: the variational autoencoder's bound."""
        return _average(self._weights(batch, noise, score=True))

    def average_path(self, batch: Batch, noise: Noise) -> Objective:
        """`objective`, whose gradient leaves out the score of q: it passes through the codes alone."""
        return _average(self._weights(batch, noise, score=False))

    def weighted(self, batch: Batch, noise: Noise) -> Objective:
        """-log (1/k) sum_i w_i: the importance weighted autoencoder's bound."""
        return _weighted(self._weights(batch, noise, score=True))

    def weighted_path(self, batch: Batch, noise: Noise) -> Objective:
        """`weighted`, whose gradient leaves out the score of q."""
        return _weighted(self._weights(batch, noise, score=False))

    def _weights(self, batch: Batch, noise: Noise, *, score: bool) -> Float[Tensor, "batch k"]:
        """log w of every sample."""
        mean, logvar = (t.unsqueeze(1) for t in self.posterior(batch.x))
        z = mean + (logvar / 2).exp() * noise["z"]
        if not score:
            mean, logvar = mean.detach(), logvar.detach()
        logits: Tensor = self.decoder(z.flatten(0, 1))
        pixels = logits.view(*z.shape[:2], -1)
        log_p = log_bernoulli(batch.x.unsqueeze(1), pixels)
        return log_p + log_standard_normal(z) - log_normal(z, mean, logvar)


def _average(weights: Float[Tensor, "batch k"]) -> Objective:
    elbo = weights.mean(-1)
    return Objective(loss=-elbo, parts={"elbo": elbo})


def _weighted(weights: Float[Tensor, "batch k"]) -> Objective:
    bound = weights.logsumexp(-1) - math.log(weights.shape[-1])
    return Objective(loss=-bound, parts={"elbo": weights.mean(-1)})
