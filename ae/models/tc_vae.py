"""Variational autoencoder whose divergence is taken apart, each part with a weight of its own.

Chen, Li, Grosse and Duvenaud, Isolating Sources of Disentanglement in Variational Autoencoders,
NeurIPS 2018, https://arxiv.org/abs/1802.04942.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import Activation, decoder, encoder
from ae.probability import (
    Sampling,
    kl_to_standard_normal,
    log_aggregate,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)


class BetaTCVAE(Autoencoder):
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
        sampling: `weighted` or `stratified`, as `ae.probability.log_aggregate` has them.
        examples: Size of the training set, which the estimates are of.
        alpha: Weight of the mutual information of image and code.
        beta: Weight of the total correlation of the codes.
        gamma: Weight of the divergences of the codes' numbers, one by one.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"alpha", "beta", "gamma"})
    alpha: Float[Tensor, ""]
    beta: Float[Tensor, ""]
    gamma: Float[Tensor, ""]

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
        for name, weight in (("alpha", alpha), ("beta", beta), ("gamma", gamma)):
            self.register_buffer(name, torch.tensor(float(weight)))
        self.sampling: Sampling = sampling
        self.examples = examples
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, logvar = self.encoder(x).chunk(2, -1)
        return mean, logvar

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior(x)[0]

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 4 with one sample of z; nats per image.

        `bound` has the divergence in closed form. The last three terms are estimates: an image's may
        be below 0, and by weighted sampling they are off by multiples of log(examples), as
        `log_aggregate` has it, which gradients do not see.
        """
        mean, logvar = self.posterior(batch.x)
        z = mean + (logvar / 2).exp() * noise["z"]
        reconstruction = -log_bernoulli(batch.x, self.decoder(z))
        joint, apart = log_aggregate(
            z, mean, logvar, examples=self.examples, sampling=self.sampling
        )
        information = log_normal(z, mean, logvar) - joint
        correlation = joint - apart
        dimensions = apart - log_standard_normal(z)
        weighted = self.alpha * information + self.beta * correlation + self.gamma * dimensions
        kl = kl_to_standard_normal(mean, logvar)
        return Objective(
            loss=reconstruction + weighted,
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "bound": -reconstruction - kl,
                "mutual_information": information,
                "total_correlation": correlation,
                "dimension_kl": dimensions,
            },
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, logvar = self.posterior(x)
        z = mean + (logvar / 2).exp() * noise["z"]
        return self.log_joint(x, {"z": z}) - log_normal(z, mean, logvar)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return log_standard_normal(z) + log_bernoulli(x, self.decoder(z))
