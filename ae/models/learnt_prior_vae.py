"""Variational autoencoder with a prior that is learnt, too, as Pylearn2's tutorial has it.

V. Dumoulin, pylearn2/scripts/tutorials/variational_autoencoder in lisa-lab/pylearn2 at af81e5c, 2014,
https://github.com/lisa-lab/pylearn2, after Kingma and Welling, Auto-Encoding Variational Bayes, ICLR
2014.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.init import uniform_, zeros_

from ae.maths.networks import mlp
from ae.maths.probability import kl_between_normals, log_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import ElboTerms, GaussianCode


class LearntPriorVAE(GaussianCode):
    """q(z given x) and p(z) Gaussian with diagonal covariance, p(x given z) Bernoulli; ReLU layers.

    The prior's mean and log deviation are parameters and begin at 0. The encoder gives the mean and
    the log deviation of the posterior.

    Args:
        features: Number of pixels.
        encoder: Widths between the data and the code.
        latent: Size of the code.
        decoder: Widths between the code and the data.
        hidden_range: Weights of hidden layers begin uniform between minus and plus this.
        output_range: The same for the layers that give the code's and the pixels' distributions.
    """

    def __init__(
        self,
        features: int,
        *,
        encoder: list[int],
        latent: int,
        decoder: list[int],
        hidden_range: float,
        output_range: float,
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *encoder, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, *decoder, features], nn.ReLU)
        for network in (self.encoder, self.decoder):
            *hidden, output = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
            for layer in (*hidden, output):
                bound = output_range if layer is output else hidden_range
                uniform_(layer.weight, -bound, bound)
                zeros_(layer.bias)
        self.prior_mean = nn.Parameter(torch.zeros(latent))
        self.prior_log_deviation = nn.Parameter(torch.zeros(latent))
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, log_deviation = self.encoder(x).chunk(2, -1)
        return mean, 2 * log_deviation

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z)."""
        return sample_normal(self.prior_mean, 2 * self.prior_log_deviation, noise["z"])

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + terms.kl, parts=terms.parts)

    def elbo_terms(self, x: Float[Tensor, "batch features"], noise: Noise) -> ElboTerms:
        """The terms of the ELBO at one sample of the code, its divergence from the learnt prior; nats."""
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, noise["z"])
        kl = kl_between_normals(mean, logvar, self.prior_mean, 2 * self.prior_log_deviation)
        return ElboTerms(mean, logvar, z, -self.pixels(z).log_prob(x), kl)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        log_prior = log_normal(z, self.prior_mean, 2 * self.prior_log_deviation)
        return log_prior + self.pixels(z).log_prob(x)
