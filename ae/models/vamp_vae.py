"""Variational autoencoders of one or two levels of codes, whose prior may be a mixture of posteriors.

J. M. Tomczak and M. Welling, VAE with a VampPrior, AISTATS 2018, https://arxiv.org/abs/1705.07120;
networks, limits and the optimiser as in https://github.com/jmtomczak/vae_vampprior at bb6ff3e.
"""

import math
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from ae.maths.gated import Affine, Both, Gated, GatedGaussian
from ae.maths.probability import (
    log_bernoulli,
    log_normal,
    log_standard_normal,
    sample_normal,
)
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

Prior = Literal["standard", "mixture", "vamp"]
LOGVAR = (-6.0, 2.0)  # limits of every log variance that a network says
LOGIT = math.log((1 - 1e-5) / 1e-5)  # of the largest probability of a pixel
INPUTS = (0.05, 0.01)  # mean and deviation that pseudo-inputs start from
SMALL = 1e-7  # added to a gradient's norm


class VampVAE(Autoencoder):
    """q(z2 given x) q(z1 given x, z2), p(z2) p(z1 given z2) p(x given z1, z2), Bernoulli pixels; gated layers.

    With one level the code is z1, q(z1 given x) and p(x given z1). The divergence is estimated by the
    sample that the likelihood takes, and counts in the objective what the buffer `beta` says, 1
    unless a schedule raises it.

    Gradients of the objective are divided by their norm, each parameter's by its own, so that Adam
    is the authors' AdamNormGrad: in their direction nothing changes, and no other method knows.

    Args:
        features: Number of pixels.
        width: Of every hidden layer.
        latent: Size of z1, and of z2.
        levels: 1 or 2.
        prior: Of the top code: `standard`, N(0, I); `mixture` of Gaussians; `vamp`, a mixture of
            the posteriors of pseudo-inputs. Components weigh the same.
        components: Of a mixture.
    """

    beta: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        width: int,
        latent: int,
        levels: Literal[1, 2],
        prior: Prior,
        components: int,
    ) -> None:
        super().__init__()
        self.levels, self.prior, self.latent = levels, prior, latent
        self.in_turn = prior == "vamp"  # products of few rows, the pseudo-inputs', round otherwise
        self.top = GatedGaussian(
            nn.Sequential(Gated(features, width), Gated(width, width)), width, latent, LOGVAR
        )
        if levels == 1:
            self.decoder: nn.Module = nn.Sequential(Gated(latent, width), Gated(width, width))
        else:
            self.first = GatedGaussian(Both(features, latent, width), width, latent, LOGVAR)
            body = nn.Sequential(Gated(latent, width), Gated(width, width))
            self.between = GatedGaussian(body, width, latent, LOGVAR)
            self.decoder = Both(latent, latent, width)
        self.pixels = Affine(width, features)
        if prior == "vamp":
            mean, spread = INPUTS
            self.inputs = nn.Parameter(mean + spread * torch.randn(components, features))
        elif prior == "mixture":
            self.means = nn.Parameter(torch.randn(components, latent))
            self.logvars = nn.Parameter(torch.zeros(components, latent))
        self.register_buffer("beta", torch.tensor(1.0))
        self.draws = {f"z{i + 1}": Draw("normal", (latent,)) for i in range(levels)}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A uniform number for the choice of a component where a code of the prior is drawn."""
        if objective != "prior_code" or self.prior == "standard":
            return self.draws
        return {**self.draws, "component": Draw("uniform", (1,))}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + beta (log q(z given x) - log p(z)), one sample; nats per image."""
        state = {name: normed(p) for name, p in self.named_parameters()}
        reconstruction, kl = functional_call(self, state, (batch.x, noise))
        parts = {"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl}
        return Objective(loss=reconstruction + self.beta * kl, parts=parts)

    def forward(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
        """-log p(x given z) and log q(z given x) - log p(z) at one sample of the posterior; nats."""
        q: tuple[Tensor, Tensor] = self.top(x)
        z = sample_normal(*q, noise[f"z{self.levels}"])
        kl = log_normal(z, *q) - self._log_prior(z)
        if self.levels == 2:
            first: tuple[Tensor, Tensor] = self.first((x, z))
            z1 = sample_normal(*first, noise["z1"])
            kl = kl + log_normal(z1, *first) - log_normal(z1, *self.between(z))
            z = torch.cat([z1, z], -1)
        return -log_bernoulli(x, self._logits(z)), kl

    def components(
        self,
    ) -> tuple[Float[Tensor, "components latent"], Float[Tensor, "components latent"]]:
        """Means and log variances of the prior's mixture."""
        if self.prior == "mixture":
            return self.means, self.logvars
        mean, logvar = self.top(self.pseudo_inputs())
        return mean, logvar

    def pseudo_inputs(self) -> Float[Tensor, "components features"]:
        """The pseudo-inputs as the encoder sees them, held to [0, 1]."""
        return self.inputs.clamp(0, 1)

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample of all levels; nats."""
        reconstruction, kl = self(x, noise)
        weights: Tensor = -reconstruction - kl
        return weights

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the codes `latent["z1"]` and, of two levels, `latent["z2"]`; nats."""
        z = latent[f"z{self.levels}"]
        total = self._log_prior(z)
        if self.levels == 2:
            total = total + log_normal(latent["z1"], *self.between(z))
            z = torch.cat([latent["z1"], z], -1)
        return total + log_bernoulli(x, self._logits(z))

    def encode_top(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of the top code."""
        mean: Tensor = self.top(x)[0]
        return mean

    def encode_first(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of z1; of two levels, given z2 at its mean."""
        top = self.encode_top(x)
        if self.levels == 1:
            return top
        mean: Tensor = self.first((x, top))[0]
        return mean

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """The means of all levels, z1 before z2."""
        first = self.encode_first(x)
        return first if self.levels == 1 else torch.cat([first, self.encode_top(x)], -1)

    def decode(self, z: Float[Tensor, "batch code"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel given the codes of all levels, z1 before z2."""
        return self._logits(z).sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the means of all levels and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch code"]:
        """One sample of the codes of all levels."""
        z = noise[f"z{self.levels}"]
        if self.prior != "standard":
            mean, logvar = self.components()
            chosen = (noise["component"] * len(mean)).long().clamp(max=len(mean) - 1).expand_as(z)
            z = sample_normal(mean.gather(0, chosen), logvar.gather(0, chosen), z)
        if self.levels == 1:
            return z
        between: tuple[Tensor, Tensor] = self.between(z)
        return torch.cat([sample_normal(*between, noise["z1"]), z], -1)

    def _log_prior(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """log p(z) of the top code; nats."""
        if self.prior == "standard":
            return log_standard_normal(z)
        mean, logvar = self.components()
        each = log_normal(z.unsqueeze(1), mean, logvar)
        return each.logsumexp(1) - math.log(len(mean))

    def _logits(self, z: Tensor) -> Tensor:
        code = z if self.levels == 1 else tuple(z.chunk(2, -1))
        logits: Tensor = self.pixels(self.decoder(code))
        return logits.clamp(-LOGIT, LOGIT)


class _NormGrad(torch.autograd.Function):
    """The identity, whose gradient is divided by its norm: member by member in a stack."""

    generate_vmap_rule = True

    @staticmethod
    def forward(p: Tensor) -> Tensor:
        return p.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing of the forward pass is needed."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad / (grad.flatten().square().sum().sqrt() + SMALL)


def normed(p: Tensor) -> Tensor:
    """The same numbers, the gradient of which is divided by its norm."""
    same: Tensor = _NormGrad.apply(p)  # type: ignore[no-untyped-call]
    return same
