"""Variational autoencoder with codes on a sphere.

Davidson, Falorsi, De Cao, Kipf and Tomczak, Hyperspherical variational auto-encoders, UAI 2018,
https://arxiv.org/abs/1804.00891; widths as in the authors' program, https://github.com/nicola-decao/s-vae-pytorch.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.initial import initialise_
from ae.maths.networks import mlp
from ae.maths.probability import log_bernoulli
from ae.models.base import Batch, Noise, Objective
from ae.models.sphere_code import SphereCode


class SVAE(SphereCode):
    """-E log p(x given z) + beta KL(q(z given x), p(z)): q von Mises-Fisher, p uniform on the sphere.

    Args:
        features: Number of pixels.
        hidden: Widths of the encoder's rectified layers; the decoder mirrors them.
        latent: Dimensions of the sphere, d; the code has d + 1 numbers.
        beta: Weight of the divergence; a schedule may warm it up.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(self, features: int, *, hidden: list[int], latent: int, beta: float) -> None:
        super().__init__()
        numbers = latent + 1
        self.encoder = mlp([features, *hidden, numbers + 1], nn.ReLU)
        self.decoder = mlp([numbers, *hidden[::-1], features], nn.ReLU)
        initialise_(self, "glorot_uniform")
        self.register_buffer("beta", torch.tensor(float(beta)))
        self._on_sphere(numbers)

    def log_pixels(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch numbers"]
    ) -> Float[Tensor, " batch"]:
        """log p(x given z), Bernoulli; nats."""
        return log_bernoulli(x, self.decoder(z))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image."""
        terms = self.terms(batch.x, noise)
        return Objective(loss=terms["reconstruction"] + self.beta * terms["kl"], parts=terms)
