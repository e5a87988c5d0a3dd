"""Adversarial autoencoder with a Gaussian posterior and the encoder and decoder of one benchmark.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309; objectives as its release 0.1.2 computes them,
https://github.com/clementchadebec/benchmark_VAE, but for the constant of the pixels' density.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.adversarial import judged, judging
from ae.maths.benchmark_networks import Network
from ae.maths.networks import mlp
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.benchmark_code import BenchmarkCode


class UnifiedAAE(BenchmarkCode):
    """-log p(x given z) - weight log D(z); the adversary -log D(z of the prior) - log(1 - D(z)).

    Makhzani et al., Adversarial Autoencoders, https://arxiv.org/abs/1511.05644. Both step on the same
    batch and codes, by gradients that are taken before either does.

    Args:
        features: Number of pixels.
        network, widths, latent, variance: As of `UnifiedVAE`.
        weight: Of the adversary's say.
        discriminator: Widths of its rectified layers.
    """

    adversaries: ClassVar[tuple[str, ...]] = ("discriminator",)

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        variance: float,
        weight: float,
        discriminator: list[int],
    ) -> None:
        super().__init__()
        self._networks(features, latent, network=network, widths=widths, variance=variance)
        self.discriminator = mlp([latent, *discriminator, 1], nn.ReLU)
        self.weight = weight
        self._one = {"z": Draw("normal", (latent,))}
        self.draws = {**self._one, "prior": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A code of the posterior; for the adversary one of the prior, too."""
        return self.draws if objective == "objective" else self._one

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """One sample of z; nats per image."""
        z = self.sample_code(batch.x, noise)
        reconstruction = -self.pixels(z).log_prob(batch.x)
        fooled: Tensor = softplus(-judged(self.discriminator, z))
        real, fake = (judged(self.discriminator, code) for code in (noise["prior"], z.detach()))
        told: Float[Tensor, " batch"] = judging(real, fake)
        return Objective(
            loss=reconstruction + self.weight * fooled,
            parts={"reconstruction": reconstruction, "confusion": fooled, "discrimination": told},
            adversaries={"discriminator": told},
        )
