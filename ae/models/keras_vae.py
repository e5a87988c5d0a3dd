"""The convolutional variational autoencoders of the examples of Keras and TensorFlow Probability.

F. Chollet, Variational AutoEncoder, 2020, https://keras.io/examples/generative/vae/; and
Probabilistic_Layers_VAE.ipynb in tensorflow/probability at c847a41, 2019,
https://github.com/tensorflow/probability, after I. Fischer, A. Alemi, J. V. Dillon and the TFP team,
Variational Autoencoders with Tensorflow Probability Layers, 2019.
"""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.initial import initialise_
from ae.maths.probability import log_normal_cholesky
from ae.maths.same_padding import same_conv, same_transpose
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode
from ae.models.sampled_code import SampledCode

SLOPE = 0.2  # of TensorFlow's leaky rectifier
SHIFT = 1e-5  # what the diagonal of TFP's factor is above 0, at least


class KerasVAE(GaussianCode):
    """Two strided 3 x 3 convolutions, one hidden layer; Gaussian code, Bernoulli pixels; ReLU layers.

    Weights begin as Keras draws them: Glorot's uniform law, biases 0.

    Args:
        features: Number of pixels of a square grey image whose side is a multiple of 4.
        planes: Of the two convolutions.
        hidden: Units between the last convolution and the code.
        latent: Size of the code.
    """

    in_turn: bool = True

    def __init__(self, features: int, *, planes: list[int], hidden: int, latent: int) -> None:
        super().__init__()
        side, (low, high) = _side(features), planes
        small = side // 4
        flat = high * small**2
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            *(same_conv(1, low, 3, 2, side), nn.ReLU()),
            *(same_conv(low, high, 3, 2, side // 2), nn.ReLU()),
            nn.Flatten(),
            *(nn.Linear(flat, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent, flat), nn.ReLU(), nn.Unflatten(1, (high, small, small))),
            *(same_transpose(high, high, 3, 2, small), nn.ReLU()),
            *(same_transpose(high, low, 3, 2, 2 * small), nn.ReLU()),
            same_transpose(low, 1, 3, 1, side),
            nn.Flatten(),
        )
        initialise_(self, "glorot_uniform")
        initialise_(self.encoder[-1], "glorot_uniform", apart=2)  # mean and log variance
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=-terms.bound, parts=terms.parts)


class FullCovarianceVAE(SampledCode):
    """q(z given x) = N(mean, L L^T) by 5 x 5 convolutions; p(z) = N(0, I); Bernoulli pixels.

    Leaky rectifiers; L is lower triangular, its diagonal softplus of the encoder's and 1e-5. Weights
    begin as Keras draws them. The divergence is estimated by the sample of z that the likelihood takes.

    Args:
        features: Number of pixels of a square grey image whose side is a multiple of 4.
        depth: Planes of the first two convolutions, half those of the next two.
        latent: Size of the code; the last convolution has four times as many planes.
        beta: How often the loss counts the divergence. A sweep of it trains in one stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    beta: Float[Tensor, ""]
    in_turn: bool = True

    def __init__(self, features: int, *, depth: int, latent: int, beta: float) -> None:
        super().__init__()
        side, low, high = _side(features), depth, 2 * depth
        half, small, size = side // 2, side // 4, latent
        act = nn.LeakyReLU(SLOPE)
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, side, side)),
            *(same_conv(1, low, 5, 1, side), act, same_conv(low, low, 5, 2, side), act),
            *(same_conv(low, high, 5, 1, half), act, same_conv(high, high, 5, 2, half), act),
            *(nn.Conv2d(high, 4 * size, small), act, nn.Flatten()),
            nn.Linear(4 * size, size + size * (size + 1) // 2),
        )
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (size, 1, 1)),
            *(nn.ConvTranspose2d(size, high, small), act),
            *(same_transpose(high, high, 5, 1, small), act),
            *(same_transpose(high, high, 5, 2, small), act),
            *(same_transpose(high, low, 5, 1, half), act),
            *(same_transpose(low, low, 5, 2, half), act),
            *(same_transpose(low, low, 5, 1, side), act),
            *(same_conv(low, 1, 5, 1, side), nn.Flatten()),
        )
        initialise_(self, "glorot_uniform")
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.latent = latent
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior_factor(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent latent"]]:
        """The mean of q(z given x), and L."""
        size = self.latent
        mean, entries = self.encoder(x - 0.5).split([size, size * (size + 1) // 2], -1)
        rows, columns = torch.tril_indices(size, size, device=x.device)
        place = torch.zeros(size, size, dtype=torch.long, device=x.device)
        place[rows, columns] = torch.arange(len(rows), device=x.device)
        square = entries[:, place.flatten()].view(-1, size, size)
        diagonal = softplus(square.diagonal(dim1=-2, dim2=-1)) + SHIFT
        return mean, square.tril(-1) + torch.diag_embed(diagonal)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return self.posterior_factor(x)[0]

    def posterior_sample(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, " batch"]]:
        """One code of each image, and log q of it given x; nats."""
        mean, factor = self.posterior_factor(x)
        z = mean + (factor @ noise["z"].unsqueeze(-1)).squeeze(-1)
        return z, log_normal_cholesky(z, mean, factor)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + beta (log q(z given x) - log p(z)), one sample of z; nats per image."""
        kl, parts = self.sampled_terms(batch.x, noise)
        return Objective(loss=parts["reconstruction"] + self.beta * kl, parts=parts)


def _side(features: int) -> int:
    """The side of a square image.

    Raises:
        ValueError: It is none, or its side is no multiple of 4.
    """
    side = math.isqrt(features)
    if side**2 != features or side % 4:
        raise ValueError(f"features {features}: expected a square whose side is a multiple of 4")
    return side
