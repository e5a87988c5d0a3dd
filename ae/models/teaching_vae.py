"""Variational autoencoders of teaching pages, each of which is a plain autoencoder at noise and weight 0.

T. Spinner, J. Koerner, J. Goertler and O. Deussen, Towards an Interpretable Latent Space, 2018,
https://thilospinner.com/towards-an-interpretable-latent-space/; Fast Forward Labs,
https://github.com/fastforwardlabs/vae-tf; K. Frans, Variational Autoencoders Explained, 2016,
https://github.com/kvfrans/variational-autoencoder (main.py, ops.py).
"""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import elu

from ae.maths.distributions import Bernoulli
from ae.maths.layers import dropout
from ae.maths.networks import Dense, summit
from ae.maths.probability import kl_to_standard_normal
from ae.maths.same_padding import same_conv, same_transpose
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.gaussian_code import GaussianCode

SPREAD = 0.02  # deviation of initial weights in Frans' networks
TINY = 1e-12  # beside a variance that may be 0


def _sampled(
    mean: Float[Tensor, "batch latent"],
    logvar: Float[Tensor, "batch latent"],
    normal: Float[Tensor, "batch latent"],
    noise: Float[Tensor, ""],
) -> Float[Tensor, "batch latent"]:
    """mean + noise * deviation * normal."""
    return mean + noise * (0.5 * logvar).exp() * normal


def _cost(
    reconstruction: Float[Tensor, " batch"],
    mean: Float[Tensor, "batch latent"],
    logvar: Float[Tensor, "batch latent"],
    divergence: Float[Tensor, ""],
) -> Objective:
    """-log p(x given z) + divergence KL(q(z given x), p(z)); nats per image."""
    kl = kl_to_standard_normal(mean, logvar)
    parts = {"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl}
    return Objective(loss=reconstruction + divergence * kl, parts=parts)


class Dropped(nn.Module):
    """Linear layers with ELU between them, whose hidden units are dropped by noise that is given."""

    def __init__(self, widths: list[int], keep: float) -> None:
        super().__init__()
        layers = [Dense(i, o) for i, o in pairwise(widths)]
        for layer in layers:
            nn.init.normal_(layer.weight, std=(2 / layer.in_features) ** 0.5)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)
        self.keep = keep

    def forward(
        self, x: Float[Tensor, "batch inputs"], uniform: Tensor | None = None
    ) -> Float[Tensor, "batch outputs"]:
        """All layers; `uniform` (batch, hidden units of all layers) drops units, none does not."""
        start = 0
        for i, layer in enumerate(self.layers):
            if i:
                x = elu(x)
                if uniform is not None:
                    x = dropout(x, uniform[:, start : start + x.shape[-1]], self.keep)
                    start += x.shape[-1]
            x = layer(x)
        return x


class DenseVAE(GaussianCode):
    """Linear layers with ELU, mirrored; weights N(0, 2 / inputs).

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        keep: Chance of a hidden unit to stay while it learns; at 1 nothing is dropped.
        noise: 1 for the variational autoencoder, 0 for the plain one.
        divergence: The same.
    """

    encoder: Dropped
    decoder: Dropped
    noise: Float[Tensor, ""]
    divergence: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"noise", "divergence"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        keep: float,
        noise: float,
        divergence: float,
    ) -> None:
        super().__init__()
        self.encoder = Dropped([features, *hidden, 2 * latent], keep)
        self.decoder = Dropped([latent, *hidden[::-1], features], keep)
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.register_buffer("divergence", torch.tensor(float(divergence)))
        self.draws = {"z": Draw("normal", (latent,))}
        if keep < 1:
            self.draws |= {name: Draw("uniform", (sum(hidden),)) for name in ("down", "up")}

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """One sample of q(z given x), its deviations times `noise`."""
        return _sampled(*self.posterior(x), noise["z"], self.noise)

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Units are dropped in training alone."""
        return self.draws if objective == "objective" else {"z": self.draws["z"]}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The two terms at one sample of z, hidden units dropped; nats per image."""
        mean, logvar = self.encoder(batch.x, noise.get("down")).chunk(2, -1)
        z = _sampled(mean, logvar, noise["z"], self.noise)
        pixels = Bernoulli(self.decoder(z, noise.get("up")))
        return _cost(-pixels.log_prob(batch.x), mean, logvar, self.divergence)


class FransVAE(GaussianCode):
    """5 x 5 convolutions of stride 2, leaky down (0.2) and rectified up; a linear code.

    Weights begin normal of deviation 0.02, those of convolutions cut at two deviations; biases 0.

    Args:
        features: Number of pixels of a square grey image.
        planes: Of each convolution; each halves the side.
        latent: Size of the code.
        scale: What the encoder gives beside the mean: `free`, the deviation itself, of any sign; or
            `log`, the log variance.
        noise: 1 for the variational autoencoder, 0 for the plain one.
        divergence: The same.
    """

    noise: Float[Tensor, ""]
    divergence: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"noise", "divergence"})
    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        planes: list[int],
        latent: int,
        scale: Literal["free", "log"],
        noise: float,
        divergence: float,
    ) -> None:
        super().__init__()
        top = summit(features, 1, planes)
        flat, side = top[0] * top[1] ** 2, top[1] << len(planes)
        down: list[nn.Module] = [nn.Unflatten(1, (1, side, side))]
        for i, (a, b) in enumerate(pairwise([1, *planes])):
            down += [same_conv(a, b, 5, 2, side >> i), nn.LeakyReLU(0.2)]
        self.encoder = nn.Sequential(*down, nn.Flatten(), Dense(flat, 2 * latent))
        up: list[nn.Module] = [Dense(latent, flat), nn.Unflatten(1, top)]
        for i, (a, b) in enumerate(pairwise([*planes[::-1], 1])):
            up += [nn.ReLU(), same_transpose(a, b, 5, 2, top[1] << i)]
        self.decoder = nn.Sequential(*up, nn.Flatten())
        for parameter in self.parameters():
            if parameter.dim() == 4:
                nn.init.trunc_normal_(parameter, std=SPREAD, a=-2 * SPREAD, b=2 * SPREAD)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=SPREAD)
            else:
                nn.init.zeros_(parameter)
        self.scale = scale
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.register_buffer("divergence", torch.tensor(float(divergence)))
        self.draws = {"z": Draw("normal", (latent,))}

    def posterior(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x)."""
        mean, scale = self.encoder(x).chunk(2, -1)
        return mean, scale if self.scale == "log" else (scale**2 + TINY).log()

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """One sample of q(z given x), its deviations times `noise`."""
        return _sampled(*self.posterior(x), noise["z"], self.noise)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The two terms at one sample of z; nats per image."""
        mean, logvar = self.posterior(batch.x)
        z = _sampled(mean, logvar, noise["z"], self.noise)
        return _cost(-self.pixels(z).log_prob(batch.x), mean, logvar, self.divergence)
