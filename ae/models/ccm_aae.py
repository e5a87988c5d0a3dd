"""Adversarial autoencoder with codes on a sphere, a plane or a hyperboloid.

Grattarola, Livi and Alippi, Adversarial autoencoders with constant-curvature latent manifolds,
Applied Soft Computing 81, 2019, https://arxiv.org/abs/1812.04314; the networks and losses are those
of the authors' program, https://github.com/danielegrattarola/ccm-aae.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths import curvature as spaces
from ae.maths.curvature import Curvature
from ae.maths.initial import initialise_
from ae.maths.networks import Dense, mlp
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

SLOPE = 0.3  # of the discriminator's units below 0
LEAST = 1e-7  # of what is taken the logarithm of


class CCMAAE(Autoencoder):
    """Codes that a discriminator cannot tell from a prior on the manifold, and that lie near it.

    Three phases on every batch: `objective` trains the autoencoder, `discrimination` the
    discriminator, `confusion` the encoder by -log(D(z) / 2 + mu(z) / 2), where mu, the membership,
    is 1 on the manifold. The encoder sees an image whose pixels are drawn with its grey values as
    probabilities, in training and afterwards (`sample_code`); `encode` sees the grey values.

    The prior is uniform on the sphere, N(0, I) on the plane, and on the hyperboloid the exponential
    map of N(0, I) on the tangent plane at (0, ..., 0, 1).

    Args:
        features: Number of pixels.
        hidden: Widths of the encoder's rectified layers; the decoder mirrors them.
        discriminator: Widths of the discriminator's layers.
        curvature: 1 for the sphere, 0 for the plane, -1 for the hyperboloid.
        latent: Dimensions of the manifold; codes have one number more, but on the plane.
        width: sigma of the membership.
        pull: Weight of the membership in the encoder's loss, and 1 - pull that of D; 0.5 in the
            paper, 0 leaves the discriminator alone.
        decay: Weight of the sum of squared weights in the discriminator's loss.
    """

    pull: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"pull"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        discriminator: list[int],
        curvature: Curvature,
        latent: int,
        width: float,
        pull: float,
        decay: float,
    ) -> None:
        super().__init__()
        numbers = latent + (curvature != 0)
        self.encoder = mlp([features, *hidden, numbers], nn.ReLU)
        self.decoder = mlp([numbers, *hidden[::-1], features], nn.ReLU)
        layers: list[nn.Module] = []
        for i, o in zip([numbers, *discriminator], discriminator, strict=False):
            layers += [Dense(i, o), nn.LeakyReLU(SLOPE)]
        self.discriminator = nn.Sequential(*layers, Dense([numbers, *discriminator][-1], 1))
        initialise_(self, "glorot_uniform")
        self.register_buffer("pull", torch.tensor(float(pull)))
        self.curvature, self.width, self.decay = curvature, width, decay
        self.draws = {"pixels": Draw("uniform", (features,))}
        self._prior = {"prior": Draw("normal", (latent if curvature <= 0 else numbers,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Pixels for the encoder, samples of the prior for the discriminator."""
        if objective == "prior_code":
            return self._prior
        return self.draws | (self._prior if objective == "discrimination" else {})

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch numbers"]:
        """The code as the encoder gives it, near the manifold but not on it."""
        z: Tensor = self.encoder(x)
        return z

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch numbers"]:
        """The code of an image whose pixels are drawn."""
        return self.encode((noise["pixels"] < x).to(x.dtype))

    def project(self, z: Float[Tensor, "batch numbers"]) -> Float[Tensor, "batch numbers"]:
        """The point of the manifold that stands for a code."""
        return spaces.project(z, self.curvature)

    def decode(self, z: Float[Tensor, "batch numbers"]) -> Float[Tensor, "batch features"]:
        """The pixels that the decoder makes, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code of the grey values and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch numbers"]:
        """A point of the prior, which lies on the manifold."""
        if self.curvature == 1:
            return spaces.project(noise["prior"], 1)
        return spaces.exp_map(noise["prior"], self.curvature)

    def _logit(self, z: Float[Tensor, "batch numbers"]) -> Float[Tensor, " batch"]:
        logit: Tensor = self.discriminator(z)
        return logit.squeeze(-1)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Cross entropy per pixel between the grey values and what is decoded of a drawn image."""
        logits = self.decoder(self.sample_code(batch.x, noise))
        cost = (softplus(logits) - batch.x * logits).mean(-1)
        return Objective(loss=cost, parts={"reconstruction": cost})

    def discrimination(self, batch: Batch, noise: Noise) -> Objective:
        """-1/2 log D(z_prior) - 1/2 log(1 - D(z)) and the decay of the weights."""
        with torch.no_grad():
            z = self.sample_code(batch.x, noise)
        real, fake = self._logit(self.prior_code(noise)), self._logit(z)
        squares = sum(
            ((p**2).sum() for p in self.discriminator.parameters() if p.dim() == 2),
            real.new_zeros(()),
        )
        return Objective(
            loss=0.5 * (softplus(-real) + softplus(fake)) + self.decay * squares,
            parts={"prior": real.sigmoid(), "codes": fake.sigmoid()},
        )

    def confusion(self, batch: Batch, noise: Noise) -> Objective:
        """-log((1 - pull) D(z) + pull mu(z)), which the encoder brings down."""
        z = self.sample_code(batch.x, noise)
        near = spaces.membership(z, self.curvature, self.width)
        mixed = (1 - self.pull) * self._logit(z).sigmoid() + self.pull * near
        return Objective(-mixed.clamp(LEAST, 1).log(), {"membership": near})
