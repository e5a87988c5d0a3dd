"""Variational autoencoders of several layers of codes, inferred upwards, or upwards and down again.

C. K. Sonderby, T. Raiko, L. Maaloe, S. K. Sonderby and O. Winther, Ladder Variational Autoencoders,
NeurIPS 2016, https://arxiv.org/abs/1602.02282; its code is https://github.com/casperkaae/LVAE.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from ae.maths.layers import Normalised
from ae.maths.probability import (
    log_bernoulli,
    log_normal,
    log_standard_normal,
    sample_normal,
)
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

SLOPE = 0.1  # of the rectifiers below zero
FLOOR = 1e-5  # of every variance, as the authors' code has it


class Gaussian(NamedTuple):
    """One Gaussian a row, its numbers independent."""

    mean: Float[Tensor, "batch latent"]
    logvar: Float[Tensor, "batch latent"]

    def each(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch latent"]:
        """The log density of each number by itself; nats."""
        return log_normal(*(t.unsqueeze(-1) for t in (z, self.mean, self.logvar)))


def product(one: Gaussian, other: Gaussian) -> Gaussian:
    """The Gaussian proportional to the product of two: their means weighted by their precisions.

    Equation 21: precisions add up.
    """
    share = (other.logvar - one.logvar).sigmoid()
    mean = share * one.mean + (1 - share) * other.mean
    return Gaussian(mean, -torch.logaddexp(-one.logvar, -other.logvar))


class LadderVAE(Autoencoder):
    """p(z_L) p(z_L-1 given z_L) ... p(x given z_1), Bernoulli pixels, and one of two posteriors.

    Upwards, q(z_1 given x) q(z_2 given z_1) ...; as a ladder, a deterministic way up from x that says
    a Gaussian of every layer, and a way down that samples: each layer's Gaussian is the product of
    the one from below with one that a network of its own says of the sample above. With one layer
    the two are one. Every network has two leaky layers. What the divergence counts in the objective
    is the buffer `beta`, 1 unless a schedule raises it from 0.

    Args:
        features: Number of pixels.
        hidden: Width of the networks below each layer, from the pixels up.
        latent: Size of each layer, in the same order.
        ladder: Whether the posterior is the ladder's.
        normalised: Whether every layer but the pixels' is followed by batch normalisation, those that
            say a mean and a variance too, as in the authors' code.

    Raises:
        ValueError: Not as many widths as sizes.
    """

    beta: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: list[int],
        ladder: bool,
        normalised: bool,
    ) -> None:
        super().__init__()
        if len(hidden) != len(latent) or not latent:
            raise ValueError(f"hidden {hidden}, latent {latent}: expected as many, at least one")
        below = [features, *latent]
        between = list(
            zip(latent[1:], hidden[1:], latent, strict=False)
        )  # down to each but the top
        self.encoder = nn.ModuleList(
            _Conditional(low, h, z, normalised)
            for low, h, z in zip(below, hidden, latent, strict=False)
        )
        self.prior = nn.ModuleList(_Conditional(z, h, low, normalised) for z, h, low in between)
        if ladder:
            self.down = nn.ModuleList(_Conditional(z, h, low, normalised) for z, h, low in between)
        self.decoder = nn.Sequential(
            *_body(latent[0], hidden[0], normalised), _Layer(hidden[0], features, 1.0, False)
        )
        self.ladder = ladder
        self.register_buffer("beta", torch.tensor(1.0))
        self.draws = {f"z{i}": Draw("normal", (size,)) for i, size in enumerate(latent, 1)}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Equation 22: -log p(x given z_1) + beta (log q(z given x) - log p(z)), one sample; nats.

        `kl_1`, `kl_2`, ... are what each layer adds to the divergence.
        """
        reconstruction, layers = self._terms(batch.x, noise)
        each = {f"kl_{i}": layer.sum(-1) for i, layer in enumerate(layers, 1)}
        kl = torch.stack(list(each.values())).sum(0)
        parts = {"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl, **each}
        return Objective(loss=reconstruction + self.beta * kl, parts=parts)

    def divergences(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> dict[str, Float[Tensor, "batch latent"]]:
        """log q(z_i given ...) - log p(z_i given z_i+1) of each unit, layer by layer; nats."""
        return dict(zip(self.draws, self._terms(x, noise)[1], strict=True))

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample of all layers; nats."""
        reconstruction, layers = self._terms(x, noise)
        return -reconstruction - torch.cat(layers, -1).sum(-1)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the layers `latent["z1"]`, `latent["z2"]`, ...; nats."""
        z = [latent[name] for name in self.draws]
        total = log_standard_normal(z[-1]) + log_bernoulli(x, self.decoder(z[0]))
        for low, prior, high in zip(z, self.prior, z[1:], strict=False):
            total = total + log_normal(low, *prior(high))
        return total

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of z_1; for a ladder, given the layers above at their means."""
        return self._posterior(x, None)[0][0].mean

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel given z_1."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through `encode` and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of p(z_1), all layers above drawn, too."""
        *lower, top = self.draws
        z = noise[top]
        for name, prior in zip(lower[::-1], list(self.prior)[::-1], strict=True):
            given: Gaussian = prior(z)
            z = sample_normal(*given, noise[name])
        return z

    def _terms(self, x: Tensor, noise: Noise) -> tuple[Tensor, list[Tensor]]:
        """-log p(x given z_1), and log q - log p of every unit of each layer."""
        posterior, z = zip(*self._posterior(x, noise), strict=True)
        priors = [prior(high) for prior, high in zip(self.prior, z[1:], strict=True)]
        priors.append(Gaussian(torch.zeros_like(z[-1]), torch.zeros_like(z[-1])))
        layers = [q.each(own) - p.each(own) for q, p, own in zip(posterior, priors, z, strict=True)]
        return -log_bernoulli(x, self.decoder(z[0])), layers

    def _posterior(self, x: Tensor, noise: Noise | None) -> list[tuple[Gaussian, Tensor]]:
        """The Gaussian of each layer and its sample; without noise, its mean."""

        def drawn(layer: int, q: Gaussian) -> Tensor:
            return q.mean if noise is None else sample_normal(*q, noise[f"z{layer + 1}"])

        found: list[tuple[Gaussian, Tensor]] = []
        if not self.ladder:
            below = x
            for i, encoder in enumerate(self.encoder):
                q = encoder(below)
                below = drawn(i, q)
                found.append((q, below))
            return found
        up: list[Gaussian] = []
        for encoder in self.encoder:
            up.append(encoder(up[-1].mean if up else x))
        q = up.pop()
        found.append((q, drawn(len(up), q)))
        for i in range(len(up) - 1, -1, -1):
            q = product(up[i], self.down[i](found[0][1]))
            found.insert(0, (q, drawn(i, q)))
        return found


class _Layer(nn.Module):
    """x W^T + b, or with batch normalisation x W^T, normalised; weights as Glorot and Bengio's."""

    def __init__(self, inputs: int, outputs: int, gain: float, normalised: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.xavier_normal_(self.weight, gain)
        if normalised:
            self.norm = Normalised(outputs)
        else:
            self.bias = nn.Parameter(torch.zeros(outputs))
        self.normalised = normalised

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        out = (self.weight @ x.T).T
        if self.normalised:
            normed: Tensor = self.norm(out)
            return normed
        return out + self.bias


class _Leaky(nn.Module):
    """max(x, 0.1 x)."""

    def forward(self, x: Float[Tensor, "batch units"]) -> Float[Tensor, "batch units"]:
        return leaky_relu(x, SLOPE)


def _body(inputs: int, hidden: int, normalised: bool) -> list[nn.Module]:
    gain = math.sqrt(2)
    return [
        _Layer(inputs, hidden, gain, normalised),
        _Leaky(),
        _Layer(hidden, hidden, gain, normalised),
        _Leaky(),
    ]


class _Conditional(nn.Module):
    """A Gaussian given a code or an image: two leaky layers, then one for the mean and the variance."""

    def __init__(self, inputs: int, hidden: int, outputs: int, normalised: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(*_body(inputs, hidden, normalised))
        self.mean = _Layer(hidden, outputs, 1.0, normalised)
        self.variance = _Layer(hidden, outputs, 1.0, normalised)
        if not normalised:
            nn.init.ones_(self.variance.bias)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Gaussian:
        h = self.body(x)
        return Gaussian(self.mean(h), (softplus(self.variance(h)) + FLOOR).log())
