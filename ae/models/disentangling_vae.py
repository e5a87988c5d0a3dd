"""The convolutional variational autoencoder of the repository disentangling-vae.

YannDubs/disentangling-vae at f045219, https://github.com/YannDubs/disentangling-vae: networks of
Burgess et al., Understanding disentangling in beta-VAE, 2018, https://arxiv.org/abs/1804.03599, weights
as He et al. (2015) begin them; the weight beta is that of Higgins et al., beta-VAE, ICLR 2017.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.initial import initialise_
from ae.maths.networks import encoder_and_decoder
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class DisentanglingVAE(GaussianCode):
    """Strided 4 x 4 convolutions with ReLU, hidden layers, a Gaussian code, a mirrored decoder.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        planes: Of each convolution; each halves the side of the image.
        hidden: Widths between the last convolution and the code.
        latent: Size of the code.
        beta: Weight of the divergence; a stage may schedule it. A sweep of it trains in one stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    beta: Float[Tensor, ""]
    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        latent: int,
        beta: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_and_decoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation="relu"
        )
        initialise_(self, "he_uniform")
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)
