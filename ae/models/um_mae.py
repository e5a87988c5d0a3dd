"""Uniform masking: masked autoencoding by a pyramid with attention in windows.

X. Li, W. Wang, L. Yang and J. Yang, Uniform Masking: Enabling MAE Pre-training for Pyramid-based
Vision Transformers with Locality, 2022, https://arxiv.org/abs/2205.10063; details as in
https://github.com/implus/UM-MAE.
"""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ae.maths.initial import initialise_
from ae.maths.patches import Grid, grid_of, one_of_four, scattered, sines, visible
from ae.maths.transformer import FLOOR, Linear, transformer
from ae.models.base import Draw, Noise
from ae.models.masked_code import MaskedCode, PatchDecoder

FINE = 2  # parts of a patch, each way, that are the pyramid's first tokens
WINDOW = 4  # first tokens of a window, each way


class UMMAE(MaskedCode):
    """|p - p^|^2 of the masked patches, a mean; one of four is visible, and some of these are hidden.

    One patch of every square of two by two is sampled, by chance, so that the sampled ones make an
    image of half the side, and windows and mergers of tokens work on it as on a whole one. Of them a
    share is then replaced by a token that is learnt: secondary masking.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        patch: Side of a patch, in pixels, even; a side of the image has a multiple of four of them.
        width: Of the first tokens, a multiple of 4; those that stand for a patch are twice as wide.
        local: Blocks of attention in windows.
        depth: Blocks of attention between all sampled patches.
        heads: Of both.
        decoder_width, decoder_depth, decoder_heads: Of the decoder.
        secondary: Share of the sampled patches that is hidden; what is left over is hidden, too.
        target: What the decoder tells: `pixels`, or patches `normalised` by their own mean and
            deviation.

    Raises:
        ValueError: Windows do not fill the sampled patches; all of them are hidden.
    """

    positions: Float[Tensor, "fine width"]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        patch: int,
        width: int,
        local: int,
        depth: int,
        heads: int,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        secondary: float,
        target: Literal["pixels", "normalised"],
    ) -> None:
        super().__init__()
        self.grid = grid_of(features, colours, patch)
        self.target = target
        across = self.grid.across
        if patch % FINE or across % WINDOW:
            raise ValueError(
                f"patch {patch}, {across} a side: expected an even side, and a multiple of {WINDOW}"
            )
        self.visible = self.grid.places // 4
        self.real = visible(self.visible, secondary) if secondary else self.visible
        self.fine = Grid(colours, self.grid.side, patch // FINE)
        self.embedding = Linear(self.fine.numbers, width)
        self.local = transformer(width, heads, local)
        self.merge = nn.Sequential(
            nn.LayerNorm(FINE**2 * width, eps=FLOOR), Linear(FINE**2 * width, 2 * width)
        )
        self.encoder = transformer(2 * width, heads, depth)
        self.decoder = PatchDecoder(
            2 * width,
            decoder_width,
            transformer(decoder_width, decoder_heads, decoder_depth),
            sines(across, decoder_width),
            self.grid.numbers,
        )
        self.register_buffer("positions", sines(self.fine.across, width))
        self.draws = {"mask": Draw("uniform", (self.visible,))}
        if secondary:
            self.hidden = nn.Parameter(0.02 * torch.randn(width))
            self.draws["hide"] = Draw("uniform", (self.visible,))
        initialise_(self, "glorot_uniform")

    def order(self, noise: Noise, batch: int) -> Int[Tensor, "batch places"]:
        """The places of each image, the sampled ones first, square by square."""
        return one_of_four(noise["mask"], self.grid.across)

    def concealed(self, noise: Noise) -> Tensor:
        """Which of the sampled patches are hidden, (batch, visible)."""
        return scattered(noise["hide"]).argsort(-1) >= self.real

    def tokens(
        self, x: Float[Tensor, "batch features"], order: Int[Tensor, "batch places"], noise: Noise
    ) -> Float[Tensor, "batch visible width"]:
        """What the pyramid makes of the sampled patches that are not hidden."""
        at = order[:, : self.visible]
        batch, everywhere = torch.arange(len(x), device=x.device).unsqueeze(-1), self._parts()
        seen: Tensor = self.embedding(self.fine.patches(x))
        seen = seen[:, everywhere][batch, at]
        if self.real < self.visible:
            seen = torch.where(self.concealed(noise)[:, :, None, None], self.hidden, seen)
        return self._pyramid(seen + self.positions[everywhere][at])

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch width"]:
        """The mean of the tokens of an image of which nothing is masked."""
        everywhere = self._parts()
        embedded: Tensor = self.embedding(self.fine.patches(x)) + self.positions
        return self._pyramid(embedded[:, everywhere]).mean(1)

    def _parts(self) -> Int[Tensor, "places parts"]:
        """Where the first tokens of each patch are among all of them."""
        across, device = self.grid.across, self.positions.device
        place = torch.arange(self.grid.places, device=device).unsqueeze(-1)
        part = torch.arange(FINE**2, device=device)
        row = FINE * (place // across) + part // FINE
        column = FINE * (place % across) + part % FINE
        return row * self.fine.across + column

    def _pyramid(
        self, x: Float[Tensor, "batch patches parts width"]
    ) -> Float[Tensor, "batch patches wide"]:
        """Attention in windows of the first tokens, one token of each patch, attention of all."""
        batch, patches, parts, width = x.shape
        side = round(patches**0.5)
        share = WINDOW // FINE  # patches of a window, each way
        cut = (batch, side // share, share, side // share, share, parts, width)
        windows = x.reshape(cut).transpose(2, 3).reshape(-1, share**2 * parts, width)
        local: Tensor = self.local(windows)
        back = local.reshape(batch, side // share, side // share, share, share, parts, width)
        merged: Tensor = self.merge(back.transpose(2, 3).reshape(batch, patches, parts * width))
        tokens: Tensor = self.encoder(merged)
        return tokens
