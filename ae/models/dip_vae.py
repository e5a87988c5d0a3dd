"""Variational autoencoder whose codes' covariance over a batch is drawn to the identity.

Kumar, Sattigeri and Balakrishnan, Variational Inference of Disentangled Latent Concepts from
Unlabeled Observations, ICLR 2018, https://arxiv.org/abs/1711.00848. The covariance as Locatello et
al. (ICML 2019) compute it: disentanglement_lib 1.5, `methods/unsupervised/vae.py`.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.networks import Activation, encoder_and_decoder
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode


class DIPVAE(GaussianCode):
    """-E log p(x given z) + KL(q(z given x), p(z)) + the distance of a covariance C from I.

    The distance is lambda_od sum_(i != j) C_ij^2 + lambda_d sum_i (C_ii - 1)^2, where C is that of
    the batch's posterior means, type I, or of the codes themselves, type II: the posteriors' mean
    variance more on the diagonal. Weights and type are numbers, so both types train in one stack.

    Args:
        features: Number of pixels times colours.
        colours: Planes of an image; it is square where there are convolutions.
        planes: Of each convolution; each halves the side of the image. None: linear layers alone.
        hidden: Widths between the last convolution, or the pixels, and the code.
        activation: Of the encoder; the decoder mirrors it.
        latent: Size of the code.
        lambda_od: Weight of the squares off the diagonal.
        lambda_d: Weight of the squares on it; both weights 0 give the bound on log p(x).
        variance: What the posteriors' mean variance counts for in C: 0 in type I, 1 in type II.
    """

    lambda_od: Float[Tensor, ""]
    lambda_d: Float[Tensor, ""]
    variance: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"lambda_od", "lambda_d", "variance"})

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        activation: Activation,
        latent: int,
        lambda_od: float,
        lambda_d: float,
        variance: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder_and_decoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation=activation
        )
        self.in_turn = bool(planes)
        self.register_buffer("lambda_od", torch.tensor(float(lambda_od)))
        self.register_buffer("lambda_d", torch.tensor(float(lambda_d)))
        self.register_buffer("variance", torch.tensor(float(variance)))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 6 (type I) or 7 (type II) with one sample of z; nats per image.

        `off_diagonal` and `diagonal` are the batch's two sums of squares, without their weights.
        """
        terms = self.elbo_terms(batch.x, noise)
        off_diagonal, diagonal = squares(terms.mean, self.variance * terms.logvar.exp().mean(0))
        distance = self.lambda_od * off_diagonal + self.lambda_d * diagonal
        return Objective(
            loss=terms.reconstruction + terms.kl + distance,
            parts={
                **terms.parts,
                "off_diagonal": off_diagonal.expand_as(terms.kl),
                "diagonal": diagonal.expand_as(terms.kl),
            },
        )


def squares(
    mean: Float[Tensor, "batch latent"], extra: Float[Tensor, " latent"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """sum_(i != j) C_ij^2 and sum_i (C_ii - 1)^2 of C = Cov[mean] + diag(extra).

    The covariance is that of the batch alone, E[m m^T] - E[m] E[m]^T: divided by its size, not by
    one less. Each pair i, j counts twice, as the matrix has it.
    """
    centred = mean - mean.mean(0)
    covariance = centred.T @ centred / len(mean)
    spread = covariance.diagonal()
    off_diagonal = covariance - spread.diag_embed()
    return (off_diagonal**2).sum(), ((spread + extra - 1) ** 2).sum()
