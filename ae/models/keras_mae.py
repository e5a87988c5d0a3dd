"""The masked autoencoder of a Keras example, for photographs of 32 x 32 that are made larger.

A. R. Gosthipaty and S. Paul, Masked image modeling with Autoencoders, keras.io, 2021,
https://keras.io/examples/vision/masked_image_modeling/. What its code does is followed: a mask token
is a patch that is learnt; the decoder's last layer mixes all tokens, which stand in the order visible,
masked and so in another place for every image; dropout is off, as `train_step` never says that it
trains; the normalisation before the classifier keeps its first averages, 0 and 1.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ae.maths.initial import initialise_
from ae.maths.patches import grid_of, scattered, taken
from ae.maths.transformer import Attention, Linear, transformer
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective, classification

LARGER = 20  # pixels more than an image has, of which a crop is taken in training
KEPT = (1 + 1e-3) ** -0.5  # what a normalisation that has seen nothing makes of 1


class KerasMAE(Autoencoder):
    """|p - p^|^2 of the masked patches, a mean; learnt positions, patches of an enlarged image.

    In training an image is made `LARGER`, cropped at random and turned over by half; otherwise it is
    made as large as the crop.

    Args:
        features: Number of pixels times colours; images are square.
        colours: Planes of an image.
        size: Side of what is cut into patches, at most `LARGER` more than the image's own.
        patch: Side of a patch, in pixels.
        width, depth, heads: Of the encoder; a head's queries are as wide as a token.
        decoder_width, decoder_depth, decoder_heads: The same of the decoder.
        masked: Share of the patches that is masked, rounded down.
        classes: Of the classifier of mean tokens.
    """

    in_turn: bool = True  # products of a few tokens round otherwise among others
    enlarged: Float[Tensor, "crops size side"]
    plain: Float[Tensor, "size side"]

    def __init__(
        self,
        features: int,
        *,
        colours: int,
        size: int,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        masked: float,
        classes: int,
    ) -> None:
        super().__init__()
        own = grid_of(features, colours, 1)
        self.grid, self.side = grid_of(colours * size**2, colours, patch), own.side
        places, numbers = self.grid.places, self.grid.numbers
        self.hidden = int(masked * places)
        self.embedding = Linear(numbers, width)
        self.positions = nn.Parameter(torch.empty(places, width).uniform_(-0.05, 0.05))
        self.masked = nn.Parameter(torch.randn(numbers))
        self.encoder = transformer(width, heads, depth, each=width, gelu_last=True, times=2)
        self.enter = Linear(width, decoder_width)
        self.decoder = transformer(
            decoder_width, decoder_heads, decoder_depth, each=decoder_width, gelu_last=True, times=2
        )
        self.leave = Linear(places * decoder_width, places * numbers)
        self.classifier = Linear(width, classes)
        initialise_(self, "glorot_uniform")
        for part in self.modules():
            if isinstance(part, Attention):
                _as_keras(part)
        large = resized(own.side, own.side + LARGER)
        crops = LARGER + own.side - size + 1
        self.register_buffer("enlarged", torch.stack([large[a : a + size] for a in range(crops)]))
        self.register_buffer("plain", resized(own.side, size))
        self.draws = {"mask": Draw("uniform", (places,)), "crop": Draw("uniform", (3,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A classifier of whole images needs no mask."""
        return {"crop": self.draws["crop"]} if objective == "classification" else self.draws

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error of the masked patches' numbers; the mean absolute one beside it."""
        patches = self._patches(batch.x, noise)
        order = scattered(noise["mask"])
        lost, seen = order[:, : self.hidden], order[:, self.hidden :]
        tokens: Tensor = self.encoder(self._embedded(taken(patches, seen), seen))
        rest = self._embedded(self.masked.expand(len(order), self.hidden, -1), lost)
        entered: Tensor = self.enter(torch.cat([tokens + self.positions[seen], rest], 1))
        decoded: Tensor = self.decoder(entered)
        pixels: Tensor = self.leave(decoded.flatten(1).unsqueeze(1))
        told = taken(self.grid.patches(_planes(pixels.squeeze(1), self.grid.colours)), lost)
        off = told.sigmoid() - taken(patches, lost)
        loss = (off**2).mean((1, 2))
        parts = {"squared_error": loss, "absolute_error": off.abs().mean((1, 2))}
        return Objective(loss=loss, parts=parts)

    def classification(self, batch: Batch, noise: Noise) -> Objective:
        """Cross-entropy of a linear classifier of the mean token, images cropped and turned over."""
        return classification(self._classified(self._patches(batch.x, noise)), batch.y)

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """The classifier's logits."""
        return self._classified(self._patches(x, None))

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch width"]:
        """The mean of the tokens of an image of which nothing is masked."""
        return self._mean(self._patches(x, None))

    def _classified(self, patches: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self._mean(patches).unsqueeze(1))
        return logits.squeeze(1)

    def _mean(self, patches: Tensor) -> Tensor:
        everywhere = torch.arange(self.grid.places, device=patches.device)
        tokens: Tensor = self.encoder(self._embedded(patches, everywhere.expand(len(patches), -1)))
        return KEPT * tokens.mean(1)

    def _embedded(self, patches: Tensor, at: Int[Tensor, "batch some"]) -> Tensor:
        """Patches with their positions."""
        tokens: Tensor = self.embedding(patches)
        return tokens + self.positions[at]

    def _patches(self, x: Float[Tensor, "batch features"], noise: Noise | None) -> Tensor:
        """The patches of images that are made larger; in training of a crop, half of them turned."""
        planes = x.reshape(len(x), self.grid.colours, self.side, self.side)
        if not self.training or noise is None:
            made = self.plain @ planes @ self.plain.T
            return self.grid.patches(made.flatten(1))
        down, across, turned = noise["crop"].unbind(1)
        rows, columns = (self.enlarged[_whole(u, len(self.enlarged))] for u in (down, across))
        columns = torch.where((turned < 0.5)[:, None, None], columns.flip(1), columns)
        made = rows.unsqueeze(1) @ planes @ columns.unsqueeze(1).mT
        return self.grid.patches(made.flatten(1))


def resized(side: int, size: int) -> Float[Tensor, "size side"]:
    """The matrix that makes a row of so many pixels another, by linear interpolation of centres."""
    at = ((torch.arange(size) + 0.5) * side / size - 0.5).clamp(0, side - 1)
    low = at.floor().long().clamp(max=max(0, side - 2))
    made = torch.zeros(size, side)
    rows = torch.arange(size)
    made[rows, low] += 1 - (at - low)
    made[rows, (low + 1).clamp(max=side - 1)] += at - low
    return made


def _whole(uniform: Tensor, count: int) -> Int[Tensor, " batch"]:
    """A whole number below `count`, each as likely."""
    return (count * uniform).long().clamp(max=count - 1)


def _planes(pixels: Float[Tensor, "batch numbers"], colours: int) -> Tensor:
    """Pixels whose colours are innermost as planes of colours."""
    return pixels.reshape(len(pixels), -1, colours).mT.flatten(1)


def _as_keras(attention: Attention) -> None:
    """Draw an attention's weights uniformly as Keras does, which counts axes of heads as a window's."""
    width, inner = attention.answer.dense.out_features, attention.heads * attention.each
    asking = math.sqrt(6 / (width * (attention.heads + attention.each)))
    answering = math.sqrt(6 / (inner + attention.heads * width))
    nn.init.uniform_(attention.ask.dense.weight, -asking, asking)
    nn.init.uniform_(attention.answer.dense.weight, -answering, answering)
