"""beta-VAE: a variational autoencoder whose divergence from the prior weighs more.

Higgins et al., beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework,
ICLR 2017, https://openreview.net/forum?id=Sy2fzU9gl; of its appendix the fully connected network for
2-D shapes and the convolutional one for photographs. The weight counts nats: beta = 4 with 10
numbers and 4096 pixels is the paper's normalised 4 x 10 / 4096.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Normal
from ae.maths.networks import encoder_and_decoder, mlp
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class BetaVAE(GaussianCode):
    """-E log p(x given z) + beta KL(q(z given x), p(z)); Bernoulli pixels, a Gaussian posterior.

    The encoder's hidden units are rectified, the decoder's tanh. Layers begin as torch's do, uniform
    on plus and minus 1 / sqrt(inputs): the paper does not say.

    Args:
        features: Number of pixels.
        encoder: Widths between the data and the code.
        latent: Size of the code.
        decoder: Widths between the code and the data.
        beta: Weight of the divergence; 1 gives the bound on log p(x). A sweep of it trains in one
            stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(
        self, features: int, *, encoder: list[int], latent: int, decoder: list[int], beta: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *encoder, 2 * latent], nn.ReLU)
        self.decoder = mlp([latent, *decoder, features], nn.Tanh)
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image (the paper's equation 4)."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)


class ConvBetaVAE(GaussianCode):
    """-E log N(x; mean(z), sigma^2) + beta KL(q(z given x), p(z)); convolutions, Gaussian pixels.

    The paper's network is `planes = [32, 32, 64, 64]`, `hidden = [256]` for 64 x 64 pixels, all units
    rectified. A pixel's mean is the logistic function of the decoder's last layer.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        planes: Of each convolution; each halves the side of the image.
        hidden: Widths between the last convolution and the code; the decoder mirrors them.
        latent: Size of the code.
        sigma: Standard deviation of a pixel, given the code.
        beta: Weight of the divergence; 1 gives the bound on log p(x).
    """

    beta: Float[Tensor, ""]
    sigma: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta", "sigma"})
    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        latent: int,
        sigma: float,
        beta: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_and_decoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation="relu"
        )
        self.register_buffer("sigma", torch.tensor(float(sigma)))
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Normal:
        """p(x given z); its mean is in (0, 1)."""
        mean: Tensor = self.decoder(z).sigmoid()
        return Normal(mean, 2 * self.sigma.log().expand_as(mean))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)
