"""The fully connected variational autoencoder as public repositories write it.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114, with
what pytorch/examples, Flax, MXNet's Gluon and others chose for layers, initial weights and scales.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from ae.maths.initial import Law, initialise_
from ae.maths.networks import ACTIVATIONS, Activation, mlp
from ae.maths.probability import log_normal, log_standard_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

Scale = Literal["logvar", "softplus"]


class BernoulliVAE(GaussianCode):
    """q(z given x) = N(mean, diag(std^2)), p(x given z) = Bernoulli, p(z) = N(0, I).

    The decoder mirrors the encoder.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        activation: Of the hidden layers.
        init: The law of the initial weights.
        heads: Whether mean and scale come of one layer or of two: Glorot's laws count its units.
        scale: Whether the encoder gives the log variance, or what softplus makes the deviation of.
        beta: Weight of the divergence; 1 gives the bound on log p(x). A stage may schedule it; a sweep
            of it trains in one stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        activation: Activation,
        init: Law,
        heads: Literal["joint", "apart"],
        scale: Scale,
        beta: float,
    ) -> None:
        super().__init__()
        act = ACTIVATIONS[activation]
        self.encoder = mlp([features, *hidden, 2 * latent], act)
        self.decoder = mlp([latent, *hidden[::-1], features], act)
        initialise_(self, init)
        if heads == "apart":
            initialise_(self.encoder[-1], init, apart=2)
        self.scale = scale
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, scale = self.encoder(x).chunk(2, -1)
        return mean, scale if self.scale == "logvar" else 2 * softplus(scale).log()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)

    def sampled(self, batch: Batch, noise: Noise) -> Objective:
        """As `objective`, but the divergence is estimated by the sample of z, too."""
        terms = self.elbo_terms(batch.x, noise)
        kl = log_normal(terms.z, terms.mean, terms.logvar) - log_standard_normal(terms.z)
        bound = -terms.reconstruction - kl
        parts = {"reconstruction": terms.reconstruction, "kl": kl, "bound": bound}
        return Objective(loss=terms.reconstruction + self.beta * kl, parts=parts)
