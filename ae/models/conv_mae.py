"""Masked autoencoding by convolutions, then a transformer: masked convolution.

P. Gao, T. Ma, H. Li, Z. Lin, J. Dai and Y. Qiao, MCMAE (ConvMAE): Masked Convolution Meets Masked
Autoencoders, NeurIPS 2022, https://arxiv.org/abs/2205.03892; details as in
https://github.com/Alpha-VL/ConvMAE.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ae.maths.initial import initialise_
from ae.maths.patches import Grid, grid_of, hidden, scattered, sines, taken, visible
from ae.maths.transformer import FLOOR, Linear, transformer
from ae.models.base import Draw, Noise
from ae.models.masked_code import MaskedCode, PatchDecoder

WINDOW = 5  # of a convolution
HALVINGS = 3  # of the side: one before each of the three stages


class ConvBlock(nn.Module):
    """x + 1 x 1 of a 5 x 5 plane by plane of m (1 x 1 of norm(x)), then a network of each place.

    m is 0 where a place is masked, so that no window carries it elsewhere.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.LayerNorm(width, eps=FLOOR) for _ in range(2))
        self.enter, self.leave = Linear(width, width), Linear(width, width)
        self.planes = nn.Conv2d(width, width, WINDOW, padding=WINDOW // 2, groups=width)
        self.network = nn.Sequential(Linear(width, 4 * width), nn.GELU(), Linear(4 * width, width))

    def forward(
        self, x: Float[Tensor, "batch places width"], kept: Float[Tensor, "batch places"]
    ) -> Float[Tensor, "batch places width"]:
        """As many places, row by row; `kept` is 1 where one is seen."""
        side = round(x.shape[1] ** 0.5)
        entered: Tensor = self.enter(self.first(x)) * kept.unsqueeze(-1)
        spread: Tensor = self.planes(entered.mT.reshape(len(x), -1, side, side))
        x = x + self.leave(spread.flatten(2).mT)
        return x + self.network(self.second(x))  # type: ignore[no-any-return]


class ConvMAE(MaskedCode):
    """|p - p^|^2 of the masked patches, a mean; two stages of convolutions, one of attention.

    The mask is of the last stage's places; before, each stands for a square of 2 x 2 and of 4 x 4.
    What the two first stages make of a place is added to its token.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        patch: Side of a patch, in pixels, a multiple of 8.
        widths: Of the three stages, the last one a multiple of 4.
        depths: Blocks of the three stages.
        heads: Of the last one's attention.
        decoder_width, decoder_depth, decoder_heads: Of the decoder.
        masked: Share of the patches that is masked; what is left over is rounded down.
        masking: Whether the convolutions are masked; if not, their windows carry masked pixels.
        target: What the decoder tells: `pixels`, or patches `normalised` by their own mean and
            deviation.

    Raises:
        ValueError: Patches of another side; nothing is visible, or nothing masked.
    """

    positions: Float[Tensor, "places width"]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        patch: int,
        widths: list[int],
        depths: list[int],
        heads: int,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        masked: float,
        masking: bool,
        target: Literal["pixels", "normalised"],
    ) -> None:
        super().__init__()
        self.grid = grid_of(features, colours, patch)
        if patch % 2**HALVINGS:
            raise ValueError(f"patch {patch}: expected a multiple of {2**HALVINGS}")
        self.target, self.masking = target, masking
        self.visible = visible(self.grid.places, masked)
        across, (low, middle, high) = self.grid.across, widths
        self.cuts = (
            Grid(colours, self.grid.side, patch // 4),
            Grid(low, 4 * across, 2),
            Grid(middle, 2 * across, 2),
        )
        self.embeddings = nn.ModuleList(
            Linear(cut.numbers, width) for cut, width in zip(self.cuts, widths, strict=True)
        )
        self.stages = nn.ModuleList(
            nn.ModuleList(ConvBlock(width) for _ in range(depth))
            for width, depth in zip(widths[:2], depths[:2], strict=True)
        )
        self.scales = nn.ModuleList([Linear(16 * low, high), Linear(4 * middle, high)])
        *blocks, self.last = transformer(high, heads, depths[2])
        self.encoder = nn.Sequential(*blocks)
        self.decoder = PatchDecoder(
            high,
            decoder_width,
            transformer(decoder_width, decoder_heads, decoder_depth),
            sines(across, decoder_width),
            self.grid.numbers,
        )
        self.register_buffer("positions", sines(across, high))
        self.draws = {"mask": Draw("uniform", (self.grid.places,))}
        initialise_(self, "glorot_uniform")

    def order(self, noise: Noise, batch: int) -> Int[Tensor, "batch places"]:
        """The places of each image, those of its visible patches first."""
        return scattered(noise["mask"])

    def tokens(
        self, x: Float[Tensor, "batch features"], order: Int[Tensor, "batch places"], noise: Noise
    ) -> Float[Tensor, "batch visible width"]:
        """What the encoder makes of the visible patches; of others, too, where nothing masks it."""
        kept = (~hidden(order, self.visible)).to(x.dtype)
        if not self.masking:
            kept = torch.ones_like(kept)
        return self._encoded(x, kept, order[:, : self.visible])

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch width"]:
        """The mean of the tokens of an image of which nothing is masked."""
        everywhere = torch.arange(self.grid.places, device=x.device).expand(len(x), -1)
        return self._encoded(x, torch.ones_like(everywhere, dtype=x.dtype), everywhere).mean(1)

    def _encoded(
        self,
        x: Float[Tensor, "batch features"],
        kept: Float[Tensor, "batch places"],
        at: Int[Tensor, "batch some"],
    ) -> Float[Tensor, "batch some width"]:
        """The last stage's tokens at some places, of what is kept."""
        planes, scales = x, []
        across = self.grid.across
        for i, stage in enumerate(self.stages):
            assert isinstance(stage, nn.ModuleList)
            times = 4 // 2**i
            places = kept.reshape(len(x), across, across)
            fine = places.repeat_interleave(times, 1).repeat_interleave(times, 2).flatten(1)
            h: Tensor = self.embeddings[i](self.cuts[i].patches(planes))
            for block in stage:
                h = block(h, fine)
            planes = h.mT.flatten(1)
            squares = Grid(h.shape[-1], times * across, times).patches(planes)
            scales.append(self.scales[i](taken(squares, at)))
        h = taken(self.embeddings[2](self.cuts[2].patches(planes)), at) + self.positions[at]
        tokens: Tensor = self.last(self.encoder(h) + sum(scales))
        return tokens
