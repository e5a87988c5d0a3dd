"""Variational autoencoders whose code is a broken stick, and the Gaussian one beside them.

Nalisnick and Smyth, Stick-Breaking Variational Autoencoders, ICLR 2017,
https://arxiv.org/abs/1605.06197
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths import sticks
from ae.maths.networks import mlp, normal_weights_
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

FLOOR = 1e-3  # of the shape parameters a and b
EDGE = 1e-6  # of uniform noise where the paper's clipping would bias a weight


class SBVAE(Autoencoder):
    """q(v_k given x) of a family on (0, 1), p(v_k) = Beta(1, concentration), p(x given pi) Bernoulli.

    The pieces pi of the stick that the shares v break are the code; ReLU networks on either side.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Pieces of the stick, one more than there are breaks.
        posterior: The family. `kumaraswamy`: the divergence by a series of `terms` terms.
            `gauss_logit`: sigmoid of a Gaussian, the divergence by the sample of v but for the
            Gaussian's entropy. `gamma`: Beta as a ratio of Gamma variables sampled by an
            approximate inverse, the divergence that of Beta.
        concentration: alpha_0 of the prior. A sweep of it trains in one stack.
        terms: Terms of the series.
        clip: In training, uniform noise is squeezed into (clip, 1 - clip).
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    concentration: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"concentration"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        posterior: sticks.Family,
        concentration: float,
        terms: int,
        clip: float,
        init: float,
    ) -> None:
        super().__init__()
        self.encoder = _encoder(features, hidden, 2 * (latent - 1))
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        normal_weights_(self, init)
        self.register_buffer("concentration", torch.tensor(float(concentration)))
        self.family, self.terms, self.clip = posterior, terms, clip
        laws: dict[sticks.Family, dict[str, Literal["normal", "uniform"]]] = {
            "kumaraswamy": {"u": "uniform"},
            "gauss_logit": {"n": "normal"},
            "gamma": {"first": "uniform", "second": "uniform"},
        }
        self.draws = {name: Draw(law, (latent - 1,)) for name, law in laws[posterior].items()}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch breaks"], Float[Tensor, "batch breaks"]]:
        """The two parameters of q(v given x): a and b, or a logit's mean and log variance."""
        first, second = self.encoder(x).chunk(2, -1)
        if self.family == "gauss_logit":
            return first, 2 * second
        return softplus(first) + FLOOR, softplus(second) + FLOOR

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """E[pi given x], exactly, as shares are independent; for `gauss_logit` of median shares."""
        first, second = self.posterior(x)
        if self.family == "gauss_logit":
            return sticks.pieces(sticks.from_logits(first))
        if self.family == "gamma":
            return sticks.pieces(sticks.from_logits(first.log() - second.log()))
        share = (second.log() + sticks.log_beta_function(1 + 1 / first, second)).exp()
        return sticks.pieces(sticks.from_logits(share.clamp(EDGE, 1 - EDGE).logit()))

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """One sample of pi given x."""
        return sticks.pieces(sticks.broken(self.family, *self.posterior(x), noise, edge=EDGE))

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1), given pi."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the mean of the code and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of pi under the prior; uniform noise `prior`, one number a break."""
        left = noise["prior"].clamp(EDGE, 1 - EDGE).log() / self.concentration
        return sticks.pieces(sticks.Shares(sticks.log1mexp(-left), left))

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """The posterior's noise; for `prior_code` and `log_joint` that of the prior and logits."""
        shape = next(iter(self.draws.values())).shape
        if objective == "prior_code":
            return {"prior": Draw("uniform", shape)}
        return {"logit": Draw("normal", shape)} if objective == "log_joint" else self.draws

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given pi) + KL(q(v given x), p(v)), one sample of v; nats per image."""
        first, second = self.posterior(batch.x)
        shares = sticks.broken(self.family, first, second, noise, edge=self.clip)
        reconstruction = -log_bernoulli(batch.x, self.decoder(sticks.pieces(shares)))
        kl = sticks.divergence(
            self.family, shares, first, second, self.concentration, terms=self.terms
        )
        return Objective(
            loss=reconstruction + kl, parts={"reconstruction": reconstruction, "kl": kl}
        )

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, v) - log q(v given x) at one sample v of the posterior; nats.

        q is the density that the samples have: for `gamma` that of the approximate inverse.
        """
        first, second = self.posterior(x)
        shares = sticks.broken(self.family, first, second, noise, edge=EDGE)
        return self._log_joint(x, shares) - sticks.log_density(self.family, shares, first, second)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, l) at given logits l of the shares, `latent["logit"]`; nats."""
        shares = sticks.from_logits(latent["logit"])
        log_jacobian = (shares.taken + shares.left).sum(-1)  # v of l
        return self._log_joint(x, shares) + log_jacobian

    def _log_joint(
        self, x: Float[Tensor, "batch features"], shares: sticks.Shares
    ) -> Float[Tensor, " batch"]:
        """log p(x, v)."""
        log_pixels = log_bernoulli(x, self.decoder(sticks.pieces(shares)))
        return log_pixels + sticks.log_beta_prior(shares, self.concentration)


class GaussVAE(GaussianCode):
    """q(z given x) = N(mean, diag(std^2)), p(z) = N(0, I), with the networks of `SBVAE`.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    def __init__(self, features: int, *, hidden: list[int], latent: int, init: float) -> None:
        super().__init__()
        self.encoder = _encoder(features, hidden, 2 * latent)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        normal_weights_(self, init)
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x); the encoder gives the log deviation."""
        mean, log_std = self.encoder(x).chunk(2, -1)
        return mean, 2 * log_std

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) + KL(q(z given x), p(z)), one sample of z; nats per image."""
        terms = self.elbo_terms(batch.x, noise)
        return Objective(
            loss=terms.reconstruction + terms.kl,
            parts={"reconstruction": terms.reconstruction, "kl": terms.kl},
        )


def _encoder(features: int, hidden: list[int], outputs: int) -> nn.Sequential:
    """ReLU layers and a linear one without bias."""
    final = nn.Linear(hidden[-1], outputs, bias=False)
    return nn.Sequential(mlp([features, *hidden], nn.ReLU), nn.ReLU(), final)
