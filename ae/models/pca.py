"""Principal components, the linear yardstick of Hinton and Salakhutdinov (2006).

Fitted in closed form; https://doi.org/10.1126/science.1127647, figure 2 and figure 3.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.principal_axes import average, principal_axes
from ae.models.base import Autoencoder, Batch, Noise, Objective


class PCA(Autoencoder):
    """The `latent` leading principal components of the training set; 0 gives the mean image.

    Args:
        features: Number of pixels.
        latent: Number of components.
    """

    mean: Float[Tensor, " features"]
    components: Float[Tensor, "latent features"]

    def __init__(self, features: int, *, latent: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("components", torch.zeros(latent, features))
        self.draws = {}

    def fit(self, x: Float[Tensor, "examples features"]) -> None:
        """Eigenvectors of the covariance of `x`, the largest eigenvalue first."""
        if not len(self.components):
            self.mean.copy_(average(x))
            return
        mean, _, axes = principal_axes(x)
        self.mean.copy_(mean)
        self.components.copy_(axes[: len(self.components)])

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """Coordinates along the components."""
        return (x - self.mean) @ self.components.T

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The point of the principal subspace with coordinates `z`."""
        return self.mean + z @ self.components

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The projection of `x` on the principal subspace."""
        return self.decode(self.encode(x))

    def errors(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The squared error of every pixel."""
        return (self.reconstruct(x) - x) ** 2

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error per image, which the fit has minimised."""
        squared_error = self.errors(batch.x).sum(-1)
        return Objective(loss=squared_error, parts={"squared_error": squared_error})
