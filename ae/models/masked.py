"""The masked autoencoder: a vision transformer sees a quarter of an image's patches and tells the rest.

K. He, X. Chen, S. Xie, Y. Li, P. Dollar and R. Girshick, Masked Autoencoders Are Scalable Vision
Learners, CVPR 2022, https://arxiv.org/abs/2111.06377; details as in
https://github.com/facebookresearch/mae (models_mae.py).
"""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.maths.initial import initialise_
from ae.maths.patches import (
    BLOCK,
    block,
    grid_of,
    lattice,
    one_of_four,
    scattered,
    sines,
    taken,
    visible,
)
from ae.maths.transformer import Linear, transformer
from ae.models.base import Draw, Noise
from ae.models.masked_code import MaskedCode, PatchDecoder

Sampling = Literal["random", "grid", "block", "uniform"]
QUARTER = 0.75  # the masked share of a grid


class MAE(MaskedCode):
    """|p - p^|^2 of the masked patches, a mean; the encoder sees the visible ones and nothing else.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        patch: Side of a patch, in pixels.
        width: Of the encoder's tokens, a multiple of 4.
        depth: Blocks of the encoder.
        heads: Of its attention.
        decoder_width, decoder_depth, decoder_heads: The same of the decoder.
        masked: Share of the patches that is masked; what is left over is rounded down.
        sampling: Which patches are masked: `random`, each choice as likely; `block`, one rectangle;
            `grid`, all but one of every square of two by two, always the same; `uniform`, all but one
            of every such square, by chance.
        target: What the decoder tells: `pixels`, or patches `normalised` by their own mean and
            deviation.

    Raises:
        ValueError: A grid of another share, or of an odd side; nothing is visible, or nothing masked.
    """

    positions: Float[Tensor, "places width"]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        masked: float,
        sampling: Sampling,
        target: Literal["pixels", "normalised"],
    ) -> None:
        super().__init__()
        self.grid = grid_of(features, colours, patch)
        self.sampling, self.target = sampling, target
        places, across = self.grid.places, self.grid.across
        self.visible = visible(places, masked)
        if sampling in ("grid", "uniform") and (masked != QUARTER or across % 2):
            raise ValueError(
                f"masked {masked} of {across} x {across} patches: {sampling} masks {QUARTER}, of an even "
                "number a side"
            )
        self.embedding = Linear(self.grid.numbers, width)
        self.encoder = transformer(width, heads, depth)
        self.decoder = PatchDecoder(
            width,
            decoder_width,
            transformer(decoder_width, decoder_heads, decoder_depth),
            sines(across, decoder_width),
            self.grid.numbers,
        )
        self.register_buffer("positions", sines(across, width))
        if sampling == "grid":
            self.register_buffer("lattice", lattice(across))
        numbers = {
            "random": places,
            "grid": 0,
            "block": places + BLOCK,
            "uniform": places // 4,
        }[sampling]
        self.draws = {"mask": Draw("uniform", (numbers,))} if numbers else {}
        initialise_(self, "glorot_uniform")

    def order(self, noise: Noise, batch: int) -> Int[Tensor, "batch places"]:
        """The places of each image, those of its visible patches first."""
        if self.sampling == "random":
            return scattered(noise["mask"])
        if self.sampling == "block":
            return block(noise["mask"], self.grid.across)
        if self.sampling == "uniform":
            return one_of_four(noise["mask"], self.grid.across)
        fixed: Tensor = self.get_buffer("lattice")
        return fixed.expand(batch, -1)

    def tokens(
        self, x: Float[Tensor, "batch features"], order: Int[Tensor, "batch places"], noise: Noise
    ) -> Float[Tensor, "batch visible width"]:
        """What the encoder makes of the visible patches, each with its position."""
        return self._encoded(x, order[:, : self.visible])

    def _encoded(self, x: Tensor, at: Int[Tensor, "batch some"]) -> Tensor:
        seen = self.embedding(taken(self.grid.patches(x), at)) + self.positions[at]
        tokens: Tensor = self.encoder(seen)
        return tokens

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch width"]:
        """The mean of the tokens of an image of which nothing is masked."""
        everywhere = torch.arange(self.grid.places, device=x.device).expand(len(x), -1)
        return self._encoded(x, everywhere).mean(1)
