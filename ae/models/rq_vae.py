"""Autoencoder whose code is, at each place, a sum of entries of one codebook, each of what is left.

D. Lee, C. Kim, S. Kim, M. Cho and W.-S. Han, Autoregressive Image Generation using Residual
Quantization, CVPR 2022, https://arxiv.org/abs/2203.01941; the codebook as in the authors' code at
341395e, https://github.com/kakaobrain/rq-vae-transformer (rqvae/models/rqvae/quantizations.py).
"""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.maths.codebooks import nearest, smoothed
from ae.maths.residual_networks import decoder, encoder
from ae.models.base import Draw, Noise
from ae.models.codebook_code import SHRINKS, CodebookCode, Quantised, square_planes

FLOOR = 1e-5  # vectors that the moving averages add to each entry's
LEAST = 1.0  # an entry whose moving average of vectors is below is out of use


class RQVAE(CodebookCode):
    """|x - x^|^2 / variance + beta mean_d |z - sg(e_1 + ... + e_d)|^2, both squares means.

    e_d is the entry nearest to r_d = z - e_1 - ... - e_{d-1}. All depths share one codebook, the
    ratio of moving averages of the sum and number of the vectors that chose an entry; they move once
    a depth, so D times a step, and each depth sees the codebook that the one before it has left. An
    entry out of use is laid on a random vector of the batch and depth, if `restart`.

    Args:
        features: Number of pixels times colours; images are square, their side a multiple of 4.
        colours: Planes of an image.
        planes: Of the networks' hidden layers.
        residual_planes: Inside a residual layer.
        residual_layers: Of the encoder, and of the decoder.
        width: Size of an entry.
        entries: Of the codebook; a batch has at least as many vectors.
        depth: How many entries are added up. 1 is a VQ-VAE with restarts.
        decay: Of the moving averages.
        restart: Whether entries out of use are laid anew. A sweep of it trains in one stack.
        beta: Weight of the commitment. A sweep of it trains in one stack.
        variance: By which the squared error is divided: that of the training set's pixels.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta", "restart"})
    in_turn: bool = True
    beta: Float[Tensor, ""]
    restart: Float[Tensor, ""]
    codebook: Float[Tensor, "entries width"]
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
        depth: int,
        decay: float,
        restart: bool,
        beta: float,
        variance: float,
    ) -> None:
        super().__init__()
        self.image = square_planes(features, colours)
        self.side = self.image[1] // SHRINKS
        self.depth, self.decay, self.variance = depth, decay, variance
        layers = {
            "planes": planes,
            "residual_planes": residual_planes,
            "residual_layers": residual_layers,
            "width": width,
        }
        self.encoder = encoder(colours, **layers)
        self.decoder = decoder(colours, **layers)
        table = torch.randn(entries, width)
        self.register_buffer("codebook", table)
        self.register_buffer("sizes", torch.zeros(entries))
        self.register_buffer("sums", table.clone())
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("restart", torch.tensor(float(restart)))
        self.draws = {"order": Draw("uniform", (depth, self.side**2))}

    def codes(self, x: Float[Tensor, "batch features"]) -> Int[Tensor, "batch places depth"]:
        """Which entries stand for each place."""
        z = self.vectors(x)
        left, found = z.flatten(0, 1), []
        for _ in range(self.depth):
            found.append(nearest(left, self.codebook))
            left = left - self.codebook[found[-1]]
        return torch.stack(found, -1).reshape(*z.shape[:2], self.depth)

    def decode(self, codes: Int[Tensor, "batch places some"]) -> Float[Tensor, "batch features"]:
        """The image of the sum of entries, of as many depths as there are; it may leave [0, 1]."""
        return self.image_of(self.codebook[codes].sum(-2))

    def residuals(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch depths"]:
        """Mean square of the numbers that are left after 0, 1, ... entries, an image a row."""
        z, codes = self.vectors(x), self.codes(x)
        sums = self.codebook[codes].cumsum(-2)
        left = torch.cat([z.unsqueeze(-2), z.unsqueeze(-2) - sums], -2)
        return (left**2).mean((1, 3))

    def quantise(self, z: Float[Tensor, "batch places width"], noise: Noise) -> Quantised:
        """The sum of the entries, with the commitment to the partial sum of every depth.

        While the model is trained, moving averages take a depth in after it was coded.
        """
        order = noise["order"].movedim(1, 0).flatten(1)
        left, total = z.detach().flatten(0, 1), torch.zeros_like(z)
        commitment, used = torch.zeros_like(z[:, 0, 0]), torch.zeros_like(self.sizes)
        for depth in range(self.depth):
            entries, sizes, sums = self._chosen(left.unsqueeze(1))
            if self.training:
                self._follow(sizes, sums, left[self._some(order[depth])])
            left = left - entries.squeeze(1)
            total = total + entries.reshape(z.shape)
            commitment = commitment + ((z - total) ** 2).mean((1, 2)) / self.depth
            used = used + sizes / (len(left) * self.depth)
        return Quantised(total, self.beta * commitment, used)

    def _some(self, order: Float[Tensor, " vectors"]) -> Int[Tensor, " entries"]:
        """As many vectors as entries, none twice: those whose numbers are least.

        Raises:
            ValueError: The batch has fewer vectors.
        """
        if len(order) < len(self.codebook):
            raise ValueError(
                f"a batch of {len(order)} vectors cannot restart {len(self.codebook)} entries: "
                "expected at least as many"
            )
        return order.argsort()[: len(self.codebook)]

    def _follow(
        self,
        sizes: Float[Tensor, " entries"],
        sums: Float[Tensor, "entries width"],
        spare: Float[Tensor, "entries width"],
    ) -> None:
        """Take a depth into the averages, lay entries out of use on spare vectors, set the codebook."""
        new = 1 - self.decay
        self.sizes.mul_(self.decay).add_(new * sizes)
        self.sums.mul_(self.decay).add_(new * sums)
        unused = self.restart * (self.sizes < LEAST)
        self.sums.mul_((1 - unused).unsqueeze(-1)).add_(unused.unsqueeze(-1) * spare)
        self.sizes.mul_(1 - unused).add_(unused)
        self.codebook.copy_(self.sums / smoothed(self.sizes, FLOOR).unsqueeze(-1))
