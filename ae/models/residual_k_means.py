"""Residual quantisation of patches of pixels by k-means, without a network.

The floor under D. Lee et al., Autoregressive Image Generation using Residual Quantization, CVPR 2022,
https://arxiv.org/abs/2203.01941; a codebook a depth, each fitted to what the ones before leave, after
B.-H. Juang and A. H. Gray, Multiple stage vector quantization for speech coding, ICASSP 1982.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import fold, unfold

from ae.maths.codebooks import gathered, nearest, piece
from ae.models.base import Autoencoder, Batch, Noise, Objective


class ResidualKMeans(Autoencoder):
    """x^ = e_1 + ... + e_D a patch, e_d the centre nearest to what e_1 + ... + e_{d-1} leave.

    Each depth has centres of its own: they start on random vectors and take so many steps of Lloyd's
    algorithm; a centre that no vector chooses stays where it is.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        patch: Side of a patch.
        entries: Centres of a depth; the training images have at least as many patches.
        depth: How many centres are added up.
        steps: Of Lloyd's algorithm, a depth.
    """

    in_turn: bool = True
    codebooks: Float[Tensor, "depth entries width"]
    order: Float[Tensor, "depth entries"]

    def __init__(
        self, features: int, *, colours: int, patch: int, entries: int, depth: int, steps: int
    ) -> None:
        super().__init__()
        side = math.isqrt(features // colours)
        if colours * side**2 != features or side % patch:
            raise ValueError(
                f"features {features}: expected {colours} square planes whose side is a multiple of "
                f"{patch}"
            )
        self.image, self.patch, self.steps = (colours, side, side), patch, steps
        self.register_buffer("codebooks", torch.zeros(depth, entries, colours * patch**2))
        self.register_buffer("order", torch.rand(depth, entries))
        self.draws = {}

    def patches(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch places width"]:
        """The pixels of each patch; places row by row."""
        return unfold(x.reshape(len(x), *self.image), self.patch, stride=self.patch).mT

    def fit(self, x: Float[Tensor, "examples features"]) -> None:
        """Depth by depth, k-means of what is left of all patches.

        Centre i starts on a vector of the i-th of as many equal stretches of all vectors, so that no
        two start on one.
        """
        left = self.patches(x).flatten(0, 1)
        stretch = len(left) / self.codebooks.shape[1]
        first = torch.arange(self.codebooks.shape[1], device=x.device) * stretch
        for depth, drawn in enumerate(self.order):
            self.codebooks[depth].copy_(
                left[(first + drawn * stretch).long().clamp(max=len(left) - 1)]
            )
            for _ in range(self.steps):
                self._move(depth, left)
            left = left - self.codebooks[depth][nearest(left, self.codebooks[depth])]

    def _move(self, depth: int, vectors: Float[Tensor, "vectors width"]) -> None:
        """One step of Lloyd's algorithm."""
        centres = self.codebooks[depth]
        sizes, sums = torch.zeros_like(centres[:, 0]), torch.zeros_like(centres)
        for part in torch.split(vectors, piece(centres)):
            more, further = gathered(part, nearest(part, centres), len(centres))
            sizes, sums = sizes + more, sums + further
        each = sizes.unsqueeze(-1)
        centres.copy_(torch.where(each > 0, sums / each.clamp(min=1), centres))

    def codes(self, x: Float[Tensor, "batch features"]) -> Int[Tensor, "batch places depth"]:
        """Which centres stand for each patch."""
        patches = self.patches(x)
        left, found = patches.flatten(0, 1), []
        for centres in self.codebooks:
            found.append(nearest(left, centres))
            left = left - centres[found[-1]]
        return torch.stack(found, -1).reshape(*patches.shape[:2], len(found))

    def decode(self, codes: Int[Tensor, "batch places some"]) -> Float[Tensor, "batch features"]:
        """The image of the sums of centres, of as many depths as there are."""
        some = codes.shape[-1]
        chosen = [self.codebooks[d][codes[..., d]] for d in range(some)]
        total = torch.stack(chosen).sum(0)
        side = self.image[1:]
        return fold(total.mT, side, self.patch, stride=self.patch).flatten(1)

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the codes and back."""
        return self.decode(self.codes(x))

    def residuals(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch depths"]:
        """Mean square of the numbers that are left after 0, 1, ... centres, an image a row."""
        left, codes = self.patches(x), self.codes(x)
        squares = [(left**2).mean((1, 2))]
        for depth, centres in enumerate(self.codebooks):
            left = left - centres[codes[..., depth]]
            squares.append((left**2).mean((1, 2)))
        return torch.stack(squares, -1)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error of a pixel; it has no gradient, the model is fitted."""
        error = ((self.reconstruct(batch.x) - batch.x) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})
