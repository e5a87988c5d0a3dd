"""The linear variational autoencoder, whose evidence is known: probabilistic PCA.

Lucas, Tucker, Grosse and Norouzi, Don't Blame the ELBO! A Linear VAE Perspective on Posterior
Collapse, NeurIPS 2019, https://arxiv.org/abs/1911.02469; the maximum of the likelihood is that of
Tipping and Bishop, Probabilistic Principal Component Analysis, JRSS B 61(3), 1999.
"""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.principal_axes import principal_axes
from ae.maths.probability import log_normal_cholesky, log_standard_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class LinearVAE(Autoencoder):
    """p(x given z) = N(W z + mean, s^2 I), p(z) = N(0, I), q(z given x) = N(V (x - mean), S).

    S is the same for every x, diagonal or, with `full`, of any covariance. `fit` puts all of them
    at the maximum of the likelihood in closed form, where W is known up to a rotation of the code:
    W = U (Lambda - s^2 I)^(1/2) R. Where R is the identity the columns of W are orthogonal and the
    posterior is diagonal; where it is not, a diagonal S leaves a gap between ELBO and evidence.

    Args:
        features: Size of the data.
        latent: Size of the code, less than `features`.
        init: Standard deviation of the initial W and V.
        rotated: Whether `fit` takes a random R, drawn with the initial weights, or the identity.
        full: Whether S may have any covariance.
    """

    rotation: Float[Tensor, "latent latent"]
    below: Float[Tensor, "latent latent"]
    sweeps: ClassVar[frozenset[str]] = frozenset({"rotated", "full"})

    def __init__(
        self, features: int, *, latent: int, init: float, rotated: bool, full: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(init * torch.randn(features, latent))
        self.encoder = nn.Parameter(init * torch.randn(latent, features))
        self.mean = nn.Parameter(torch.zeros(features))
        self.lognoise = nn.Parameter(torch.zeros(1))
        self.logscale = nn.Parameter(torch.zeros(latent))
        self.correlation = nn.Parameter(torch.zeros(latent, latent))
        drawn, _ = torch.linalg.qr(torch.randn(latent, latent))
        self.register_buffer("rotation", drawn if rotated else torch.eye(latent))
        self.register_buffer("below", torch.full((latent, latent), float(full)).tril(-1))
        self.draws = {"z": Draw("normal", (latent,))}

    def fit(self, x: Float[Tensor, "examples features"]) -> None:
        """The maximum of the likelihood, and the best S of the kind that the model allows."""
        latent = len(self.rotation)
        mean, variances, axes = principal_axes(x)
        noise = variances[latent:].mean()
        excess = (variances[:latent] - noise).sqrt()
        weight = (axes[:latent].T * excess) @ self.rotation.double()
        precision = weight.T @ weight + noise * torch.eye(latent, dtype=weight.dtype)
        covariance = noise * torch.linalg.inv(precision)
        # The best diagonal S has the diagonal of the posterior's precision.
        alone = (noise / precision.diagonal(dim1=-2, dim2=-1)).sqrt()
        factor = torch.where(
            self.below.sum() > 0, torch.linalg.cholesky(covariance), torch.diag_embed(alone)
        )
        self.weight.copy_(weight)
        self.encoder.copy_(torch.linalg.solve(precision, weight.T))
        self.mean.copy_(mean)
        self.lognoise.copy_(noise.log())
        self.logscale.copy_(factor.diagonal(dim1=-2, dim2=-1).log())
        self.correlation.copy_(factor.tril(-1))

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(z given x)."""
        return (x - self.mean) @ self.encoder.T

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The mean of p(x given z)."""
        return z @ self.weight.T + self.mean

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def factor(self) -> Float[Tensor, "latent latent"]:
        """L with S = L L^T: lower triangular, its diagonal positive."""
        return torch.diag_embed(self.logscale.exp()) + self.below * self.correlation

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-ELBO with one sample of z for the likelihood; nats an example."""
        z = self.encode(batch.x) + noise["z"] @ self.factor().T
        return self._objective(batch.x, -self._log_likelihood(batch.x, z))

    def exact_objective(self, batch: Batch, noise: Noise) -> Objective:
        """-ELBO, its expectation over z in closed form; nats an example."""
        likelihood = self._log_likelihood(batch.x, self.encode(batch.x))
        spread = ((self.weight @ self.factor()) ** 2).sum() / (2 * self.lognoise.exp())
        return self._objective(batch.x, spread - likelihood)

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One z an example, but for the ELBO in closed form."""
        return {} if objective == "exact_objective" else self.draws

    def _objective(
        self, x: Float[Tensor, "batch features"], reconstruction: Float[Tensor, " batch"]
    ) -> Objective:
        factor = self.factor()
        spread = (factor**2).sum() - len(factor) - 2 * self.logscale.sum()
        kl = 0.5 * ((self.encode(x) ** 2).sum(-1) + spread)
        parts = {"reconstruction": reconstruction, "kl": kl}
        return Objective(loss=reconstruction + kl, parts=parts)

    def _log_likelihood(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, " batch"]:
        """log p(x given z), through W^T x and W^T W: after those a code costs no pass over pixels."""
        rest = x - self.mean
        project, gram = rest @ self.weight, self.weight.T @ self.weight
        square = (rest**2).sum(-1) + (z * (z @ gram - 2 * project)).sum(-1)
        constant = x.shape[-1] * (math.log(2 * math.pi) + self.lognoise)
        return -0.5 * (square / self.lognoise.exp() + constant)

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample z of the posterior; nats."""
        mean, factor = self.encode(x), self.factor()
        z = mean + noise["z"] @ factor.T
        return self.log_joint(x, {"z": z}) - log_normal_cholesky(z, mean, factor)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        return log_standard_normal(latent["z"]) + self._log_likelihood(x, latent["z"])

    def log_evidence(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """log p(x) = log N(x; mean, W W^T + s^2 I), in double precision; nats."""
        rest, weight = x.double() - self.mean.double(), self.weight.double()
        noise, size = self.lognoise.double().exp(), weight.shape[-1]
        precision = weight.T @ weight + noise * torch.eye(size, dtype=weight.dtype)
        factor = torch.linalg.cholesky(precision)
        explained = torch.linalg.solve_triangular(factor, (rest @ weight).T, upper=False)
        square = ((rest**2).sum(-1) - (explained**2).sum(0)) / noise
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        logdet = logdet + (x.shape[-1] - size) * noise.log()
        evidence: Tensor = -0.5 * (square + logdet + x.shape[-1] * math.log(2 * math.pi))
        return evidence

    def elbo(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """The ELBO in closed form; nats."""
        return -self.exact_objective(Batch(x), {}).loss
