"""Variational autoencoder with codes on a sphere.

Davidson, Falorsi, De Cao, Kipf and Tomczak, Hyperspherical variational auto-encoders, UAI 2018,
https://arxiv.org/abs/1804.00891; widths and the floor of the concentration as in the authors'
program, https://github.com/nicola-decao/s-vae-pytorch.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths import von_mises
from ae.maths.curvature import project
from ae.maths.initial import initialise_
from ae.maths.networks import mlp
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class SVAE(Autoencoder):
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
        self.numbers = latent + 1
        self.encoder = mlp([features, *hidden, self.numbers + 1], nn.ReLU)
        self.decoder = mlp([self.numbers, *hidden[::-1], features], nn.ReLU)
        initialise_(self, "glorot_uniform")
        self.register_buffer("beta", torch.tensor(float(beta)))
        proposals = von_mises.PROPOSALS
        self.draws = {
            "spheres": Draw("normal", (proposals, self.numbers)),
            "uniform": Draw("uniform", (proposals,)),
            "tangent": Draw("normal", (self.numbers,)),
        }

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """What a sample of the posterior takes; of the prior one normal vector."""
        return {"tangent": self.draws["tangent"]} if objective == "prior_code" else self.draws

    def direction(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch numbers"], Float[Tensor, " batch"]]:
        """Mean direction and concentration of q(z given x); the concentration is at least 1."""
        outputs = self.encoder(x)
        return project(outputs[:, :-1], 1), softplus(outputs[:, -1]) + 1

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch numbers"]:
        """The mean direction."""
        return self.direction(x)[0]

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch numbers"]:
        """One sample of q(z given x)."""
        return von_mises.sample(*self.direction(x), **noise)

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch numbers"]:
        """A point of the uniform distribution on the sphere."""
        return project(noise["tangent"], 1)

    def decode(self, z: Float[Tensor, "batch numbers"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean direction and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + beta KL, one sample of z; nats per image."""
        mean, kappa = self.direction(batch.x)
        z = von_mises.sample(mean, kappa, **noise)
        reconstruction = -log_bernoulli(batch.x, self.decoder(z))
        kl = von_mises.kl_to_uniform(self.numbers, kappa)
        return Objective(
            loss=reconstruction + self.beta * kl,
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "bound": -reconstruction - kl,
                "concentration": kappa,
            },
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, kappa = self.direction(x)
        z = von_mises.sample(mean, kappa, **noise)
        own = log_bernoulli(x, self.decoder(z)) - von_mises.log_area(self.numbers)
        return own - von_mises.log_prob(z, mean, kappa)
