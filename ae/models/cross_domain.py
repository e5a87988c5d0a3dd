"""Two autoencoders, each of its own domain, and a mapping from the codes of one to those of the other.

J. Yoo, H. Eom and Y. S. Choi, Image-To-Image Translation Using a Cross-Domain Auto-Encoder and
Decoder, Applied Sciences 9(22):4780, 2019, https://doi.org/10.3390/app9224780.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Noise, Objective


class CrossDomain(Autoencoder):
    """|x1 - D1 E1 x1|^2 + |x2 - D2 E2 x2|^2 first, then |x2 - D2 M12 E1 x1|^2 + |x1 - D1 M21 E2 x2|^2.

    An example is a pair: the pixels of the first domain, then as many of the second. What learns
    without pairs sees each half by itself; pairs are the examples whose label is shown. Rectified
    hidden layers, linear codes, logistic pixels.

    Args:
        features: Numbers of both halves.
        hidden: Widths between a half and its code; decoders mirror them.
        latent: Size of a code.
        bridge: Width of the mapping's hidden layer.
    """

    hidden_labels: ClassVar[bool] = True

    def __init__(self, features: int, *, hidden: list[int], latent: int, bridge: int) -> None:
        super().__init__()
        if features % 2:
            raise ValueError(f"features {features}: expected two halves")
        half = features // 2
        down, up = [half, *hidden, latent], [latent, *hidden[::-1], half]
        self.first_encoder, self.second_encoder = mlp(down, nn.ReLU), mlp(down, nn.ReLU)
        self.first_decoder, self.second_decoder = mlp(up, nn.ReLU), mlp(up, nn.ReLU)
        self.there = mlp([latent, bridge, latent], nn.ReLU)
        self.back = mlp([latent, bridge, latent], nn.ReLU)
        self.draws = {}

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Each half through its own code and back."""
        first, second = x.chunk(2, -1)
        halves = (
            self.first_decoder(self.first_encoder(first)),
            self.second_decoder(self.second_encoder(second)),
        )
        return torch.cat(halves, -1).sigmoid()

    def translate(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Each half made of the other one alone: the first of the second, the second of the first."""
        first, second = x.chunk(2, -1)
        halves = (
            self.first_decoder(self.back(self.second_encoder(second))),
            self.second_decoder(self.there(self.first_encoder(first))),
        )
        return torch.cat(halves, -1).sigmoid()

    def reconstruction(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error of both halves as each autoencoder restores them; per image."""
        return _cost(self.reconstruct(batch.x), batch.x)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error of both halves as they are made of each other; per image."""
        return _cost(self.translate(batch.x), batch.x)


def _cost(made: Float[Tensor, "batch features"], x: Float[Tensor, "batch features"]) -> Objective:
    first, second = ((made - x) ** 2).chunk(2, -1)
    parts = {"first": first.sum(-1), "second": second.sum(-1)}
    return Objective(loss=parts["first"] + parts["second"], parts=parts)
