"""What autoencoders share whose code is entries of a codebook, chosen for each place of an image."""

import math
from abc import abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ae.maths.codebooks import gathered, nearest, perplexity, straight_through
from ae.models.base import Autoencoder, Batch, Noise, Objective

SHRINKS = 4  # the side of an image to the side of its code


class Chosen(NamedTuple):
    """The nearest entries of a batch."""

    entries: Float[Tensor, "batch places width"]
    sizes: Float[Tensor, " entries"]
    sums: Float[Tensor, "entries width"]


class Quantised(NamedTuple):
    """What stands for the vectors of a batch, the loss of that by image, each entry's share."""

    entries: Float[Tensor, "batch places width"]
    loss: Float[Tensor, " batch"]
    used: Float[Tensor, " entries"]


class CodebookCode(Autoencoder):
    """The code of a place is the nearest entry to the vector that the encoder makes of it: abstract.

    A model adds its constructor, which sets `image` (its planes, rows and columns) and `side` (of its
    code), `encoder` and `decoder` (planes to planes), `codebook`, `beta`, `variance` and `draws`; and
    `quantise`, which has the loss by which encoder and codebook are drawn to each other.
    """

    image: tuple[int, int, int]
    side: int
    encoder: nn.Module
    decoder: nn.Module
    codebook: Float[Tensor, "entries width"]
    beta: float | Tensor
    variance: float

    def vectors(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch places width"]:
        """What the encoder makes of images, before an entry is chosen; places row by row."""
        planes: Tensor = self.encoder((x - 0.5).reshape(len(x), *self.image))
        return planes.flatten(2).mT

    def codes(self, x: Float[Tensor, "batch features"]) -> Int[Tensor, "batch places"]:
        """Which entry stands for each place."""
        z = self.vectors(x)
        return nearest(z.flatten(0, 1), self.codebook).reshape(z.shape[:2])

    def decode(self, codes: Int[Tensor, "batch places"]) -> Float[Tensor, "batch features"]:
        """The image of the entries; it may leave [0, 1]."""
        return self.image_of(self.codebook[codes])

    def image_of(
        self, vectors: Float[Tensor, "batch places width"]
    ) -> Float[Tensor, "batch features"]:
        """What the decoder makes of vectors."""
        planes = vectors.mT.reshape(len(vectors), -1, self.side, self.side)
        pixels: Tensor = self.decoder(planes).flatten(1)
        return pixels + 0.5

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the codes and back."""
        return self.decode(self.codes(x))

    @abstractmethod
    def quantise(self, z: Float[Tensor, "batch places width"], noise: Noise) -> Quantised:
        """What stands for the encoder's vectors; while the model is trained, averages take them in."""

    def _chosen(self, z: Float[Tensor, "batch places width"]) -> Chosen:
        """The entry that is nearest to each vector, how many chose it, and their sums."""
        flat = z.flatten(0, 1)
        with torch.no_grad():
            codes = nearest(flat, self.codebook)
            sizes, sums = gathered(flat, codes, len(self.codebook))
        return Chosen(self.codebook[codes].reshape(z.shape), sizes, sums)

    def _quantised_by_gradient(self, z: Float[Tensor, "batch places width"]) -> Quantised:
        """With |sg(z) - e|^2 + beta |z - sg(e)|^2, means; sg lets no gradient through."""
        entries, sizes, _ = self._chosen(z)
        loss = (z.detach() - entries) ** 2 + self.beta * (z - entries.detach()) ** 2
        return Quantised(entries, loss.mean((1, 2)), sizes / sizes.sum())

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Error, a mean over pixels and colours in the unit of `variance`, and the codebook's loss.

        `perplexity` is that of all choices of the batch, the same for all its images.
        """
        z = self.vectors(batch.x)
        entries, vq, used = self.quantise(z, noise)
        made = self.image_of(straight_through(z, entries))
        error = ((made - batch.x) ** 2).mean(-1) / self.variance
        return Objective(
            loss=error + vq,
            parts={"nmse": error, "vq_loss": vq, "perplexity": perplexity(used).expand(len(z))},
        )


def square_planes(features: int, colours: int) -> tuple[int, int, int]:
    """The shape of an image of so many square planes.

    Raises:
        ValueError: It is none, or its side is no multiple of 4.
    """
    side = math.isqrt(features // colours)
    if colours * side**2 != features or side % SHRINKS:
        raise ValueError(
            f"features {features}: expected {colours} square planes whose side is a multiple of "
            f"{SHRINKS}"
        )
    return colours, side, side
