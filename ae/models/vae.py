"""Variational autoencoder: Gaussian posterior, Bernoulli pixels, fully connected.

Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014, https://arxiv.org/abs/1312.6114;
the weight beta is that of Higgins et al., beta-VAE, ICLR 2017; the other way to train the same two
networks is the wake-sleep algorithm of Hinton, Dayan, Frey and Neal, Science 268, 1995.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp, normal_
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode, wake_sleep_objective


class VAE(GaussianCode):
    """q(z given x) = N(mean, diag(exp(logvar))), p(x given z) = Bernoulli, p(z) = N(0, I).

    Hidden layers are tanh, as in the paper's appendix C; the decoder mirrors the encoder.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        init: Standard deviation of all initial parameters, biases too; or `fan_in` for every layer
            uniform on plus and minus 1 / sqrt(its inputs).
        beta: Weight of the divergence; 1 gives the bound on log p(x). A sweep of it trains in one
            stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        init: float | Literal["fan_in"],
        beta: float,
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.Tanh)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.Tanh)
        if init != "fan_in":  # which is what torch's linear layers begin with
            normal_(self, init)
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}
        self._dreams = {
            "z": Draw("normal", (latent,)),
            "cause": Draw("normal", (latent,)),
            "pixels": Draw("uniform", (features,)),
        }

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One z an image; `wake_sleep` dreams an image of its own besides."""
        return self._dreams if objective == "wake_sleep" else self.draws

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)

    def wake_sleep(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + -log q(cause given dream), each for one of the two networks."""
        return wake_sleep_objective(self, batch, noise)
