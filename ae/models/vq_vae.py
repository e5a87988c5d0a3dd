"""Autoencoder whose code is the nearest entries of a codebook, an entry a place.

A. van den Oord, O. Vinyals and K. Kavukcuoglu, Neural Discrete Representation Learning, NeurIPS 2017,
https://arxiv.org/abs/1711.00937, in the form of the authors' example on CIFAR-10 at 26b0518,
https://github.com/google-deepmind/sonnet (examples/vqvae_example, src/nets/vqvae).
"""

import math
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.codebooks import smoothed
from ae.maths.residual_networks import decoder, encoder
from ae.models.base import Noise
from ae.models.codebook_code import SHRINKS, CodebookCode, Quantised, square_planes

FLOOR = 1e-5  # vectors that the moving averages add to each entry's


class VQVAE(CodebookCode):
    """|x - x^|^2 / variance + beta |z - sg(e)|^2, x^ = decode(z + sg(e - z)), e nearest to z.

    Both squares are means over their numbers, sg lets no gradient through. The codebook follows the
    vectors that choose it by one of three rules: `averages`, it is the ratio of moving averages of
    their sum and number, with the bias to zero taken away as in Adam; `gradient`, |sg(z) - e|^2 is
    added to the loss; `fixed`, it stays as it was drawn. An entry that no vector has chosen is 0 under
    `averages` from the first step on.

    Args:
        features: Number of pixels times colours; images are square, their side a multiple of 4.
        colours: Planes of an image.
        planes: Of the networks' hidden layers.
        residual_planes: Inside a residual layer.
        residual_layers: Of the encoder, and of the decoder.
        width: Size of an entry.
        entries: Of the codebook.
        codebook: How it learns.
        decay: Of the moving averages.
        beta: Weight of the commitment of the vectors to their entries. A sweep of it trains in one
            stack.
        variance: By which the squared error is divided: that of the training set's pixels.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    in_turn: bool = True
    beta: Float[Tensor, ""]
    codebook: Float[Tensor, "entries width"]
    age: Float[Tensor, ""]
    sizes: Float[Tensor, " entries"]
    sums: Float[Tensor, "entries width"]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        planes: int,
        residual_planes: int,
        residual_layers: int,
        width: int,
        entries: int,
        codebook: Literal["averages", "gradient", "fixed"],
        decay: float,
        beta: float,
        variance: float,
    ) -> None:
        super().__init__()
        self.image = square_planes(features, colours)
        self.side = self.image[1] // SHRINKS
        self.averages, self.by_gradient = codebook == "averages", codebook == "gradient"
        self.decay, self.variance = decay, variance
        layers = {
            "planes": planes,
            "residual_planes": residual_planes,
            "residual_layers": residual_layers,
            "width": width,
        }
        self.encoder = encoder(colours, **layers)
        self.decoder = decoder(colours, **layers)
        bound = math.sqrt(3 / width)
        table = torch.empty(entries, width).uniform_(-bound, bound)
        if self.by_gradient:
            self.codebook = nn.Parameter(table)
        else:
            self.register_buffer("codebook", table)
        if self.averages:
            self.register_buffer("age", torch.zeros(()))
            self.register_buffer("sizes", torch.zeros(entries))
            self.register_buffer("sums", torch.zeros(entries, width))
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.draws = {}

    def quantise(self, z: Float[Tensor, "batch places width"], noise: Noise) -> Quantised:
        """With the commitment, and the codebook's own term if it has one."""
        entries, sizes, sums = self._chosen(z)
        if self.averages and self.training:
            self._follow(sizes, sums)
        vq = self.beta * ((z - entries.detach()) ** 2).mean((1, 2))
        if self.by_gradient:
            vq = vq + ((z.detach() - entries) ** 2).mean((1, 2))
        return Quantised(entries, vq, sizes / sizes.sum())

    def _follow(
        self, sizes: Float[Tensor, " entries"], sums: Float[Tensor, "entries width"]
    ) -> None:
        """Take a batch's numbers and sums into the averages, and the codebook from those."""
        new = 1 - self.decay
        self.age.add_(1)
        self.sizes.mul_(self.decay).add_(new * sizes)
        self.sums.mul_(self.decay).add_(new * sums.detach())
        seen = 1 - self.decay**self.age
        each = smoothed(self.sizes / seen, FLOOR).unsqueeze(-1)
        self.codebook.copy_(self.sums / seen / each)
