"""Variational autoencoder with a penalty on the total correlation of its codes.

Kim and Mnih, Disentangling by Factorising, ICML 2018, https://arxiv.org/abs/1802.05983.
"""

from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.networks import Activation, Dense, encoder_and_decoder
from ae.maths.probability import kl_to_standard_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

SLOPE = 0.2  # of the discriminator's units below 0


class FactorVAE(GaussianCode):
    """-E log p(x given z) + beta KL(q(z given x), p(z)) + gamma TC(q(z)), by a ratio of densities.

    A discriminator, which minimises a loss of its own, tells codes of q(z) from codes whose numbers
    were each taken from another image; its logit estimates log q(z) / prod_j q(z_j). A batch holds
    the two batches of the paper's algorithm 2: the first half (and the odd one) trains the
    autoencoder, the second is permuted, so `batch` is twice the paper's. The terms of the first half
    are given times the share that makes their mean over the whole batch that over the half, and are
    0 for the second.

    Args:
        features: Number of pixels times colours.
        colours: Planes of an image; it is square where there are convolutions.
        planes: Of each convolution; each halves the side of the image. None: linear layers alone.
        hidden: Widths between the last convolution, or the pixels, and the code.
        activation: Of the encoder; the decoder mirrors it.
        latent: Size of the code.
        critic: Widths of the discriminator's hidden layers; six of 1000 in the paper.
        beta: Weight of the divergence, 1 in the paper. Another with gamma = 0 is a beta-VAE of the
            same network, whose total correlation the discriminator estimates and does not move.
        gamma: Weight of the total correlation; 0 with beta = 1 gives the bound on log p(x).
    """

    beta: Float[Tensor, ""]
    gamma: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta", "gamma"})
    adversaries: ClassVar[tuple[str, ...]] = ("discriminator",)

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        activation: Activation,
        latent: int,
        critic: list[int],
        beta: float,
        gamma: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_and_decoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation=activation
        )
        layers: list[nn.Module] = []
        for i, o in pairwise([latent, *critic]):
            layers += [Dense(i, o), nn.LeakyReLU(SLOPE)]
        self.discriminator = nn.Sequential(*layers, Dense([latent, *critic][-1], 2))
        self.in_turn = bool(planes)
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("gamma", torch.tensor(float(gamma)))
        self.draws = {"z": Draw("normal", (latent,)), "order": Draw("uniform", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A code an image; training also asks for the order in which codes are taken apart."""
        return self.draws if objective == "objective" else {"z": self.draws["z"]}

    def logit(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log D(z) / (1 - D(z)), the estimate of log q(z) / prod_j q(z_j); nats."""
        joint, apart = self.discriminator(z).unbind(-1)
        difference: Tensor = joint - apart
        return difference

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 2 on the first half of the batch, algorithm 2's loss of D on all; nats."""
        count = len(batch.x)
        first = (count + 1) // 2
        mean, logvar = self.posterior(batch.x)
        z = sample_normal(mean, logvar, noise["z"])
        own = z[:first]
        reconstruction = -self.pixels(own).log_prob(batch.x[:first])
        kl = kl_to_standard_normal(mean[:first], logvar[:first])
        correlation = self.logit(own)
        real = softplus(-self.logit(own.detach()))  # -log D
        fake = softplus(self.logit(permuted(z[first:].detach(), noise["order"][first:])))
        share = count / first
        rest = torch.zeros_like(fake)

        def spread(term: Tensor) -> Tensor:
            return torch.cat([share * term, rest])

        return Objective(
            loss=spread(reconstruction + self.beta * kl + self.gamma * correlation),
            parts={
                "reconstruction": spread(reconstruction),
                "kl": spread(kl),
                "bound": spread(-reconstruction - kl),
                "total_correlation": spread(correlation),
            },
            adversaries={
                "discriminator": torch.cat(
                    [share / 2 * real, count / max(1, count - first) / 2 * fake]
                )
            },
        )


def permuted(
    z: Float[Tensor, "batch latent"], order: Float[Tensor, "batch latent"]
) -> Float[Tensor, "batch latent"]:
    """Each number of the codes by itself put in another order of the batch: algorithm 1.

    Row i of a column takes the row whose uniform number is the i-th smallest of the column.
    """
    return z.gather(0, order.argsort(0))
