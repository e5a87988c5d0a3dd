"""Variational autoencoder whose divergence is taken apart, each part with a weight of its own.

Chen, Li, Grosse and Duvenaud, Isolating Sources of Disentanglement in Variational Autoencoders,
NeurIPS 2018, https://arxiv.org/abs/1802.04942.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.networks import Activation, decoder, encoder
from ae.maths.probability import (
    Sampling,
    log_aggregate,
    log_normal,
    log_standard_normal,
)
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class BetaTCVAE(GaussianCode):
    """alpha I(x, z) + beta TC(q(z)) + gamma sum_j KL(q(z_j), p(z_j)) in place of the divergence.

    The three sum to the divergence; all weights 1 give the bound on log p(x). log q(z) is estimated
    from the batch by one of the paper's two ways of sampling. The paper's network for sprites is
    `hidden = [1200, 1200]` with ReLU, `decoder_hidden = [1200, 1200, 1200]` with tanh.

    Args:
        features: Number of pixels times colours.
        colours: Planes of an image; it is square where there are convolutions.
        planes: Of each convolution; each halves the side of the image. None: linear layers alone.
        hidden: Widths between the last convolution, or the pixels, and the code.
        decoder_hidden: Widths from the code on.
        activation: Of the encoder.
        decoder_activation: Of the decoder.
        latent: Size of the code.
        sampling: `weighted` or `stratified`, as `ae.maths.probability.log_aggregate` has them.
        examples: Size of the training set, which the estimates are of.
        alpha: Weight of the mutual information of image and code.
        beta: Weight of the total correlation of the codes.
        gamma: Weight of the divergences of the codes' numbers, one by one.
    """

    alpha: Float[Tensor, ""]
    beta: Float[Tensor, ""]
    gamma: Float[Tensor, ""]
    sampling: Sampling
    sweeps: ClassVar[frozenset[str]] = frozenset({"alpha", "beta", "gamma"})

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        decoder_hidden: list[int],
        activation: Activation,
        decoder_activation: Activation,
        latent: int,
        sampling: Sampling,
        examples: int,
        alpha: float,
        beta: float,
        gamma: float,
    ) -> None:
        super().__init__()
        self.encoder = encoder(
            features,
            2 * latent,
            colours=colours,
            planes=planes,
            hidden=hidden,
            activation=activation,
        )
        self.decoder = decoder(
            latent,
            features,
            colours=colours,
            planes=planes,
            hidden=decoder_hidden,
            activation=decoder_activation,
        )
        self.in_turn = bool(planes)
        self.register_buffer("alpha", torch.tensor(float(alpha)))
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("gamma", torch.tensor(float(gamma)))
        self.sampling = sampling
        self.examples = examples
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 4 with one sample of z; nats per image.

        `bound` has the divergence in closed form. The last three terms are estimates: an image's may
        be below 0, and by weighted sampling they are off by multiples of log(examples), as
        `log_aggregate` has it, which gradients do not see.
        """
        terms = self.elbo_terms(batch.x, noise)
        mean, logvar, z = terms.mean, terms.logvar, terms.z
        joint, apart = log_aggregate(
            z, mean, logvar, examples=self.examples, sampling=self.sampling
        )
        information = log_normal(z, mean, logvar) - joint
        correlation = joint - apart
        dimensions = apart - log_standard_normal(z)
        weighted = self.alpha * information + self.beta * correlation + self.gamma * dimensions
        return Objective(
            loss=terms.reconstruction + weighted,
            parts={
                **terms.parts,
                "mutual_information": information,
                "total_correlation": correlation,
                "dimension_kl": dimensions,
            },
        )
