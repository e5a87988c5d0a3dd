"""Variational autoencoder whose encoder learns by either of two estimators of one gradient; free bits.

D. P. Kingma and M. Welling, An Introduction to Variational Autoencoders, Foundations and Trends in Machine
Learning 12(4), 2019, https://arxiv.org/abs/1906.02691; the score function of R. J. Williams, Simple
Statistical Gradient-Following Algorithms, Machine Learning 8, 1992; free bits of Kingma et al., Improving
Variational Inference with Inverse Autoregressive Flow, NeurIPS 2016.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.maths.probability import kl_to_standard_normal, log_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

Estimator = Literal["pathwise", "score"]


class EstimatorVAE(GaussianCode):
    """q(z given x) Gaussian, p(x given z) Bernoulli, p(z) = N(0, I); tanh layers, mirrored.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        estimator: Of the gradient of E log p(x given z) by the encoder's weights: `pathwise`, through
            the sample of z; `score`, log p(x given z) times the gradient of log q(z given x).
        free: Nats of each number of the code, a mean over the batch, below which its divergence costs
            no more. A sweep of it trains in one stack.
    """

    free: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"free"})

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, estimator: Estimator, free: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.Tanh)
        self.estimator = estimator
        self.register_buffer("free", torch.tensor(float(free)))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image.

        The divergence has a closed form. With free bits that of a number of the code counts as the
        mean over the batch, or as `free` where that is more.
        """
        return (
            self.pathwise(batch, noise)
            if self.estimator == "pathwise"
            else self.score(batch, noise)
        )

    def pathwise(self, batch: Batch, noise: Noise) -> Objective:
        """As `objective`; the encoder's gradient goes through the sample."""
        mean, logvar = self.posterior(batch.x)
        z = sample_normal(mean, logvar, noise["z"])
        return self._objective(mean, logvar, -self.pixels(z).log_prob(batch.x))

    def score(self, batch: Batch, noise: Noise) -> Objective:
        """As `objective`; the encoder's gradient is the score's, weighted by what the sample costs."""
        mean, logvar = self.posterior(batch.x)
        z = sample_normal(mean, logvar, noise["z"]).detach()
        cost = -self.pixels(z).log_prob(batch.x)
        weighted = cost.detach() * log_normal(z, mean, logvar)
        return self._objective(mean, logvar, cost + weighted - weighted.detach())

    def _objective(
        self,
        mean: Float[Tensor, "batch latent"],
        logvar: Float[Tensor, "batch latent"],
        cost: Float[Tensor, " batch"],
    ) -> Objective:
        kl = kl_to_standard_normal(mean, logvar)
        each = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean(0)
        charged = torch.maximum(each, self.free).sum().expand_as(kl)
        loss = cost + torch.where(self.free > 0, charged, kl)
        return Objective(loss=loss, parts={"reconstruction": cost, "kl": kl, "bound": -cost - kl})
