"""Variational autoencoders of small images whose priors differ: a normal, mixtures, a flow.

J. M. Tomczak, Priors in VAEs, 2021, https://jmtomczak.github.io/blog/7/7_priors.html, and Deep
Generative Modeling, Springer 2022, chapter 4; networks as in vaes/vae_example.ipynb and
vaes/vae_priors_example.ipynb of https://github.com/jmtomczak/intro_dgm. The mixture of posteriors is of J. M. Tomczak and M. Welling,
VAE with a VampPrior, AISTATS 2018, https://arxiv.org/abs/1705.07120; the grid of C. M. Bishop,
M. Svensen and C. K. I. Williams, GTM, Neural Computation 10, 1998.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.coupling import Couplings
from ae.maths.distributions import Categorical
from ae.maths.networks import mlp
from ae.maths.probability import log_normal, log_standard_normal, sample_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import ElboTerms, GaussianCode

Prior = Literal["standard", "mixture", "vamp", "gtm", "gtm-vamp", "flow"]
REACH = 10.0  # of the grid's points, either side of 0
FLOWS = 3
MIXTURES = ("mixture", "vamp", "gtm", "gtm-vamp")


class PriorVAE(GaussianCode):
    """q(z given x) Gaussian, p(x given z) categorical over levels, a choice of p(z); leaky ReLU layers.

    The encoder sees whole numbers, 0 to `levels` - 1. The divergence is estimated by the sample of z
    that the likelihood takes.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code; the decoder mirrors them.
        latent: Size of the code.
        levels: Of a pixel.
        floor: Least probability of a level in the likelihood.
        prior: `standard`, N(0, I); `mixture` of Gaussians; `vamp`, a mixture of the posteriors of
            pseudo-inputs that are learnt; `gtm`, a mixture whose Gaussians a network makes of a grid;
            `gtm-vamp`, of posteriors whose pseudo-inputs a network makes of a grid; `flow`.
        components: Of a mixture, whose weights are learnt; for a grid, a square.
        joint: Whether a mixture is of densities of whole codes, or one for each number of a code.

    Raises:
        ValueError: A grid whose number of points is no square.
    """

    in_turn: bool = True  # products of few rows, a grid's, round otherwise among others

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        levels: int,
        floor: float,
        prior: Prior,
        components: int,
        joint: bool,
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 2 * latent], nn.LeakyReLU)
        self.decoder = mlp([latent, *hidden[::-1], features * levels], nn.LeakyReLU)
        self.features, self.levels, self.floor = features, levels, floor
        self.prior, self.joint = prior, joint
        width = hidden[-1]
        if prior in MIXTURES:
            self.weights = nn.Parameter(torch.zeros(components))
        if prior == "mixture":
            self.means = nn.Parameter(torch.randn(components, latent))
            self.logvars = nn.Parameter(torch.randn(components, latent))
        elif prior == "vamp":
            self.inputs = nn.Parameter(levels * torch.rand(components, features))
        elif prior in ("gtm", "gtm-vamp"):
            self.register_buffer("grid", square(components))
            ends = 2 * latent if prior == "gtm" else features
            self.map = mlp([2, width, width, ends], nn.Tanh)
        elif prior == "flow":
            self.flow = Couplings(latent, width=width, count=FLOWS)
        self.draws = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A uniform number for the choice of a component where a code of the prior is drawn."""
        if objective != "prior_code" or self.prior not in MIXTURES:
            return self.draws
        (latent,) = self.draws["z"].shape
        return {**self.draws, "component": Draw("uniform", (1 if self.joint else latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        return self._posterior((x * (self.levels - 1)).round())

    def _posterior(self, whole: Tensor) -> tuple[Tensor, Tensor]:
        """The same of levels as they are, which need not be whole for pseudo-inputs."""
        mean, logvar = self.encoder(whole).chunk(2, -1)
        return mean, logvar

    def pixels(self, z: Float[Tensor, "batch latent"]) -> Categorical:
        """p(x given z)."""
        logits: Tensor = self.decoder(z)
        return Categorical.of(logits.view(-1, self.features, self.levels), self.floor)

    def components(
        self,
    ) -> tuple[Float[Tensor, "components latent"], Float[Tensor, "components latent"]]:
        """Means and log variances of a mixture's Gaussians."""
        if self.prior == "mixture":
            return self.means, self.logvars
        if self.prior == "vamp":
            return self._posterior(self.inputs)
        made: Tensor = self.map(self.grid)
        if self.prior == "gtm":
            mean, logvar = made.chunk(2, -1)
            return mean, logvar
        return self._posterior(self.levels * made.sigmoid())

    def log_prior(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log p(z); nats."""
        if self.prior == "standard":
            return log_standard_normal(z)
        if self.prior == "flow":
            return self.flow.log_prob(z)
        mean, logvar = self.components()
        shares = self.weights.log_softmax(0)
        if self.joint:
            return (log_normal(z.unsqueeze(1), mean, logvar) + shares).logsumexp(1)
        each = log_normal(z[:, None, :, None], mean[..., None], logvar[..., None])
        return (each + shares[:, None]).logsumexp(1).sum(-1)

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z)."""
        normal = noise["z"]
        if self.prior == "standard":
            return normal
        if self.prior == "flow":
            return self.flow.sample(normal)
        mean, logvar = self.components()
        below = self.weights.softmax(0).cumsum(0) < noise["component"].unsqueeze(-1)
        chosen = below.sum(-1).clamp(max=len(mean) - 1).expand_as(normal)
        return sample_normal(mean.gather(0, chosen), logvar.gather(0, chosen), normal)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x, z) + log q(z given x), one sample of z; nats per image."""
        terms = self._sampled_terms(batch.x, noise)
        return Objective(loss=terms.reconstruction + terms.kl, parts=terms.parts)

    def elbo_terms(self, x: Float[Tensor, "batch features"], noise: Noise) -> ElboTerms:
        """Return the terms of the ELBO at one sample of the code, in nats.

        A prior whose divergence has no closed form has it estimated there.
        """
        if self.prior == "standard":
            return super().elbo_terms(x, noise)
        return self._sampled_terms(x, noise)

    def _sampled_terms(self, x: Float[Tensor, "batch features"], noise: Noise) -> ElboTerms:
        mean, logvar = self.posterior(x)
        z = sample_normal(mean, logvar, noise["z"])
        reconstruction = -self.pixels(z).log_prob(x)
        kl = log_normal(z, mean, logvar) - self.log_prior(z)
        return ElboTerms(mean, logvar, z, reconstruction, kl)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the code `latent["z"]`; nats."""
        z = latent["z"]
        return self.log_prior(z) + self.pixels(z).log_prob(x)


def square(points: int) -> Float[Tensor, "points 2"]:
    """A square grid, row by row.

    Raises:
        ValueError: The number is no square.
    """
    side = math.isqrt(points)
    if side**2 != points:
        raise ValueError(f"components {points}: expected a square number, of a grid")
    along = torch.linspace(-REACH, REACH, side)
    return torch.cartesian_prod(along, along)
