"""Variational autoencoders of one benchmark: weighted, importance-weighted, with a VampPrior, by a discrepancy.

Pixels are Gaussian, with one variance.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309; objectives as its release 0.1.2 computes them,
https://github.com/clementchadebec/benchmark_VAE, but for the constant of the pixels' density.
"""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.benchmark_networks import Network
from ae.maths.discrepancy import discrepancy
from ae.maths.probability import log_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.benchmark_code import BenchmarkCode
from ae.models.gaussian_code import ElboTerms


class UnifiedVAE(BenchmarkCode):
    """-log p(x given z) + beta KL(q(z given x), p(z)); p(x given z) = N(sigmoid(decoder(z)), variance I).

    With a variance of 1 the error is half the squared error, as in Pythae's release 0.1.2; with 0.5 it
    is the squared error, as in its program when the paper was written. The constant is in the loss.

    Args:
        features: Number of pixels.
        network: `dense` layers, or `convolutions` of 28 x 28 pixels.
        widths: Of the hidden layers or planes, from the image to the code.
        latent: Size of the code.
        variance: Of every pixel.
        beta: Weight of the divergence. A sweep of it trains in one stack.
    """

    beta: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
        beta: float,
    ) -> None:
        super().__init__()
        self._networks(features, latent, network=network, widths=widths, variance=variance)
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {"z": Draw("normal", (latent,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """One sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + self.beta * terms.kl, parts=terms.parts)


class UnifiedIWAE(BenchmarkCode):
    """-log (1 / k) sum_i p(x, z_i) / q(z_i given x): Burda et al., ICLR 2016.

    Args:
        features: Number of pixels.
        network, widths, latent, variance: As of `UnifiedVAE`.
        samples: k.
    """

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
        samples: int,
    ) -> None:
        super().__init__()
        self._networks(features, latent, network=network, widths=widths, variance=variance)
        self.draws = {"z": Draw("normal", (samples, latent))}
        self._one = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """k samples for the bound, else one."""
        return self.draws if objective == "objective" else self._one

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The bound by k samples; nats per image."""
        mean, logvar = (t.unsqueeze(1) for t in self.posterior(batch.x))
        z = sample_normal(mean, logvar, noise["z"])
        many = batch.x.unsqueeze(1).expand(-1, z.shape[1], -1).flatten(0, 1)
        log_joint = self.log_joint(many, {"z": z.flatten(0, 1)}).reshape(z.shape[:2])
        weights = log_joint - log_normal(z, mean, logvar)
        loss = math.log(z.shape[1]) - weights.logsumexp(1)
        return Objective(loss=loss, parts={"elbo": weights.mean(1)})


class UnifiedVampVAE(BenchmarkCode):
    """-log p(x given z) + log q(z given x) - log p(z), p(z) the mean of pseudo-inputs' posteriors.

    J. M. Tomczak and M. Welling, VAE with a VampPrior, AISTATS 2018. The pseudo-inputs are a linear
    layer's columns and its bias, held to [0, 1].

    Args:
        features: Number of pixels.
        network, widths, latent, variance: As of `UnifiedVAE`.
        components: Pseudo-inputs.
    """

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
        components: int,
    ) -> None:
        super().__init__()
        self._networks(features, latent, network=network, widths=widths, variance=variance)
        self.in_turn = True  # products of few rows, the pseudo-inputs', round otherwise
        self.inputs = nn.Linear(components, features)
        self.draws = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A uniform number for the choice of a component where a code of the prior is drawn."""
        choice = {"component": Draw("uniform", (1,))} if objective == "prior_code" else {}
        return self.draws | choice

    def pseudo_inputs(self) -> Float[Tensor, "components features"]:
        """What the encoder sees."""
        return (self.inputs.weight.T + self.inputs.bias).clamp(0, 1)

    def log_prior(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log p(z); nats."""
        mean, logvar = self.posterior(self.pseudo_inputs())
        each = log_normal(z.unsqueeze(1), mean, logvar)
        return each.logsumexp(1) - math.log(len(mean))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z)."""
        mean, logvar = self.posterior(self.pseudo_inputs())
        chosen = (noise["component"] * len(mean)).long().clamp(max=len(mean) - 1)
        chosen = chosen.expand_as(noise["z"])
        return sample_normal(mean.gather(0, chosen), logvar.gather(0, chosen), noise["z"])

    def elbo_terms(self, x: Float[Tensor, "batch features"], noise: Noise) -> ElboTerms:
        """The terms of the bound, the divergence estimated by the sample of z; nats per image."""
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, noise["z"])
        kl = log_normal(z, mean, logvar) - self.log_prior(z)
        return ElboTerms(mean, logvar, z, -self.pixels(z).log_prob(x), kl)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The divergence is estimated by the sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + terms.kl, parts=terms.parts)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return self.log_prior(z) + self.pixels(z).log_prob(x)


class InfoVAE(BenchmarkCode):
    """-log p(x given z) + (1 - alpha) KL(q(z given x), p(z)) + (alpha + weight - 1) MMD(codes, N(0, I)).

    S. Zhao, J. Song and S. Ermon, InfoVAE, AAAI 2019, https://arxiv.org/abs/1706.02262.

    Args:
        features: Number of pixels.
        network, widths, latent, variance: As of `UnifiedVAE`.
        alpha: How much of the information of code and image is not held against the code.
        weight: The paper's lambda.
    """

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
        alpha: float,
        weight: float,
    ) -> None:
        super().__init__()
        self._networks(features, latent, network=network, widths=widths, variance=variance)
        self.alpha, self.weight = alpha, weight
        self._one = {"z": Draw("normal", (latent,))}
        self.draws = {**self._one, "prior": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A code of the posterior; for the discrepancy one of the prior, too."""
        return self.draws if objective == "objective" else self._one

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """One sample of z; the discrepancy is the same for all images of a batch."""
        terms = self.elbo_terms(batch.x, noise)
        apart = discrepancy(terms.z, noise["prior"]).expand(len(terms.z))
        divergence = (1 - self.alpha) * terms.kl + (self.alpha + self.weight - 1) * apart
        parts = {**terms.parts, "discrepancy": apart}
        return Objective(loss=terms.reconstruction + divergence, parts=parts)
