"""Adversarial mirrored autoencoder: a critic compares an image beside itself and beside its reconstruction.

Somepalli, Wu, Balaji, Vinzamuri and Feizi, Unsupervised Anomaly Detection with Adversarial Mirrored
AutoEncoders, UAI 2021, https://arxiv.org/abs/2003.10713; code https://github.com/somepago/AMA.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import Activation, decoder, encoder
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

REACH = 0.5  # of the shares by which codes are mixed or drawn in, as in the authors' code


class AMA(Autoencoder):
    """Critic f: max E f(x, x) - E f(x, x'), the mirrored Wasserstein distance; x' = G(E(x)) brings it down.

    A share of the images in training is taken for anomalous: it is replaced by G(a E(x)), a uniform
    below 1/2, and its terms count -`atypical_weight` times. The critic is also told that images made
    of three mixed codes (simplex interpolation) are no mirror images of the three; its gradient at
    images between x and x' is held at norm 1, channel by channel, as in the authors' code.

    Args:
        features: Number of pixels.
        colours: Planes of an image.
        planes: Of the convolutions on the way down, each halving the side; none for linear layers.
        hidden: Widths of linear layers between pixels, or planes, and code.
        latent: Size of the code.
        critic: Features of the critic, before its last layer.
        activation: Of all networks.
        norm_weight: Of the code's norm, averaged over images that are taken for normal.
        atypical: Share of the images that is taken for anomalous.
        atypical_weight: How often such an image counts, negatively.
        interpolation: Weight of the interpolation in the critic's loss.
        gradient_penalty: Weight of the gradient's.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset(
        {"norm_weight", "atypical", "atypical_weight", "interpolation", "gradient_penalty"}
    )
    norm_weight: Float[Tensor, ""]
    atypical: Float[Tensor, ""]
    atypical_weight: Float[Tensor, ""]
    interpolation: Float[Tensor, ""]
    gradient_penalty: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: list[int],
        hidden: list[int],
        latent: int,
        critic: int,
        activation: Activation,
        norm_weight: float,
        atypical: float,
        atypical_weight: float,
        interpolation: float,
        gradient_penalty: float,
    ) -> None:
        super().__init__()
        self.colours = colours
        self.in_turn = bool(planes)
        self.encoder = encoder(
            features, latent, colours=colours, planes=planes, hidden=hidden, activation=activation
        )
        self.generator = decoder(
            latent,
            features,
            colours=colours,
            planes=planes,
            hidden=hidden[::-1],
            activation=activation,
        )
        self.critic = encoder(
            2 * features,
            critic,
            colours=2 * colours,
            planes=planes,
            hidden=hidden,
            activation=activation,
        )
        self.judge = nn.Linear(critic, 1, bias=False)
        for name, value in (
            ("norm_weight", norm_weight),
            ("atypical", atypical),
            ("atypical_weight", atypical_weight),
            ("interpolation", interpolation),
            ("gradient_penalty", gradient_penalty),
        ):
            self.register_buffer(name, torch.tensor(float(value)))
        one = Draw("uniform", ())
        self._chosen = {"chance": one, "towards": one}
        self._mixed = {"between": one, "mix": Draw("uniform", (2,))}
        self.draws = self._chosen

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Which images are taken for anomalous; for the critic also what is mixed."""
        return self._chosen | self._mixed if objective == "criticise" else self._chosen

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code."""
        z: Tensor = self.encoder(x)
        return z

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """Pixels, in (0, 1)."""
        pixels: Tensor = self.generator(z)
        return pixels.sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back."""
        return self.decode(self.encode(x))

    def mirror_score(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """|features of (x, x) - features of (x, x')|, summed: the paper's measure of anomaly."""
        made = self.reconstruct(x)
        return (self._features(x, x) - self._features(x, made)).abs().sum(-1)

    def pixel_score(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """|x - x'|, averaged over pixels: the usual measure."""
        return (x - self.reconstruct(x)).abs().mean(-1)

    def norm_score(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """The norm of the code."""
        norm: Tensor = self.encode(x).norm(dim=-1)
        return norm

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """What encoder and generator bring down: -f(x, x'), and the code's norm."""
        x, normal = self._seen(batch.x, noise)
        z = self.encode(x)
        value = self._value(x, self.decode(z))
        norm = normal * z.norm(dim=-1) / normal.mean().clamp(min=1 / len(x))
        return Objective(
            loss=self.norm_weight * norm - self._sign(normal) * value,
            parts={"mirrored": value, "norm": norm},
        )

    def criticise(self, batch: Batch, noise: Noise) -> Objective:
        """What the critic brings down: f(x, x') - f(x, x), the interpolation's, the gradient's."""
        x, normal = self._seen(batch.x, noise)
        with torch.no_grad():
            made = self.reconstruct(x)
            mixture = self._mixture(batch.x, noise["mix"])
        distance = self._value(x, x) - self._value(x, made)
        itself = self._value(batch.x, batch.x)  # which rolls along with the images
        rolled = [
            itself.roll(shift, 0) - self._value(batch.x.roll(shift, 0), mixture)
            for shift in (0, 1, 2)
        ]
        apart = torch.stack(rolled).mean(0)
        share = noise["between"].unsqueeze(-1)
        steepness = self._steepness(x, share * x + (1 - share) * made)
        penalty = self.gradient_penalty * steepness
        return Objective(
            loss=penalty - self._sign(normal) * distance - self.interpolation * apart,
            parts={"distance": distance, "interpolation": apart, "steepness": steepness},
        )

    def _seen(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, "batch features"], Float[Tensor, " batch"]]:
        """The images, some replaced by what is taken for anomalous; and 1 where they are normal."""
        normal = (noise["chance"] >= self.atypical).to(x)
        with torch.no_grad():
            made = self.decode(REACH * noise["towards"].unsqueeze(-1) * self.encode(x))
        return torch.where(normal.unsqueeze(-1) > 0, x, made), normal

    def _sign(self, normal: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
        return normal - (1 - normal) * self.atypical_weight

    def _mixture(
        self, x: Float[Tensor, "batch features"], uniform: Float[Tensor, "batch two"]
    ) -> Float[Tensor, "batch features"]:
        """Images of three codes mixed: of each image, of the one before and of the one before that."""
        z, share = self.encode(x), REACH * uniform
        first, second = share[:, :1], share[:, 1:]
        mixed = first * z + second * z.roll(1, 0) + (1 - first - second) * z.roll(2, 0)
        return self.decode(mixed)

    def _features(
        self, x: Float[Tensor, "batch features"], other: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch critic"]:
        found: Tensor = self.critic(torch.cat([x, other], -1))
        return found.relu()

    def _value(
        self, x: Float[Tensor, "batch features"], other: Float[Tensor, "batch features"]
    ) -> Float[Tensor, " batch"]:
        """f of the pair."""
        value: Tensor = self.judge(self._features(x, other)).squeeze(-1)
        return value

    def _steepness(
        self, x: Float[Tensor, "batch features"], other: Float[Tensor, "batch features"]
    ) -> Float[Tensor, " batch"]:
        """Mean over pixels of (|gradient of f by the pair's channels there| - 1)^2."""

        def total(pair: Float[Tensor, "batch pair"]) -> Float[Tensor, ""]:
            value: Tensor = self._value(*pair.chunk(2, -1)).sum()
            return value

        gradient: Tensor = torch.func.grad(total)(torch.cat([x, other], -1))
        norm = length(gradient.reshape(len(x), 2 * self.colours, -1))
        return ((norm - 1) ** 2).mean(-1)


def length(x: Float[Tensor, "batch channels places"]) -> Float[Tensor, "batch places"]:
    """`x.norm(dim=-2)`, whose gradient at 0 is 0 too; torch's is slow over a few strided channels."""
    square = x.square().sum(-2)
    there = square > 0
    root: Tensor = torch.where(there, square, torch.ones_like(square)).sqrt()
    return torch.where(there, root, torch.zeros_like(root))
