"""What autoencoders share that see a part of an image's patches and tell the others."""

from abc import abstractmethod

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ae.maths.patches import Grid, hidden, standardised, taken
from ae.maths.transformer import Linear
from ae.models.base import Autoencoder, Batch, Noise, Objective


class PatchDecoder(nn.Module):
    """Tells every patch from tokens of the visible ones; where a patch is masked stands one token.

    A transformer of all places, visible or not, with a learnt token for all that are masked and the
    position of each; then a linear map to the numbers of a patch.

    Args:
        inputs: Width of the encoder's tokens.
        width: Of its own.
        network: The transformer, with its last normalisation.
        positions: Of all places.
        numbers: Of a patch.
    """

    positions: Float[Tensor, "places width"]

    def __init__(
        self,
        inputs: int,
        width: int,
        network: nn.Module,
        positions: Float[Tensor, "places width"],
        numbers: int,
    ) -> None:
        super().__init__()
        self.enter = Linear(inputs, width)
        self.masked = nn.Parameter(0.02 * torch.randn(width))
        self.network = network
        self.leave = Linear(width, numbers)
        self.register_buffer("positions", positions)

    def forward(
        self,
        tokens: Float[Tensor, "batch visible inputs"],
        order: Int[Tensor, "batch places"],
        asked: Int[Tensor, "batch some"],
    ) -> Float[Tensor, "batch some numbers"]:
        """The patches at the places `asked`, of tokens that stand for the first places of an order."""
        entered: Tensor = self.enter(tokens)
        missing = order.shape[1] - tokens.shape[1]
        rest = self.masked.expand(len(tokens), missing, -1)
        placed = taken(torch.cat([entered, rest], 1), order.argsort(-1)) + self.positions
        told: Tensor = self.leave(taken(self.network(placed), asked))
        return told


class MaskedCode(Autoencoder):
    """An encoder of the visible patches, a decoder of all: abstract.

    A model adds its constructor, which sets `grid`, `visible` (how many patches are), `target`
    (`pixels`, or `normalised` patch by patch), `decoder` and `draws`; `order`, which chooses the
    patches by noise; and `tokens`, what the encoder makes of the visible ones.
    """

    in_turn: bool = True  # products of a few tokens round otherwise among others
    grid: Grid
    visible: int
    target: str
    decoder: nn.Module

    @abstractmethod
    def order(self, noise: Noise, batch: int) -> Int[Tensor, "batch places"]:
        """The places of each image, those of its visible patches first."""

    @abstractmethod
    def tokens(
        self, x: Float[Tensor, "batch features"], order: Int[Tensor, "batch places"], noise: Noise
    ) -> Float[Tensor, "batch visible width"]:
        """What the encoder makes of the first places of an order, seeing no other patch."""

    def seen(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch visible width"]:
        """What the encoder makes of the visible patches, masked by this noise."""
        return self.tokens(x, self.order(noise, len(x)), noise)

    def masked(self, x: Float[Tensor, "batch features"], noise: Noise) -> Bool[Tensor, "batch _"]:
        """Which numbers of each image belong to a masked patch."""
        places = hidden(self.order(noise, len(x)), self.visible)
        return self.grid.image(places.unsqueeze(-1).expand(-1, -1, self.grid.numbers))

    def restore(self, x: Float[Tensor, "batch features"], noise: Noise) -> Float[Tensor, "batch _"]:
        """Images whose masked patches are what the decoder makes of the visible ones.

        Raises:
            ValueError: The decoder tells patches that are normalised by their own mean and deviation,
                which nobody knows who does not see them.
        """
        if self.target == "normalised":
            raise ValueError("target 'normalised': such patches make no image; ask a run of pixels")
        order = self.order(noise, len(x))
        everywhere = torch.arange(self.grid.places, device=x.device).expand(len(x), -1)
        told = self.decoder(self.tokens(x, order, noise), order, everywhere)
        lost = hidden(order, self.visible).unsqueeze(-1)
        return self.grid.image(torch.where(lost, told, self.grid.patches(x)))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error of the masked patches' numbers."""
        order = self.order(noise, len(batch.x))
        asked = order[:, self.visible :]
        told = self.decoder(self.tokens(batch.x, order, noise), order, asked)
        truth = taken(self.grid.patches(batch.x), asked)
        if self.target == "normalised":
            truth = standardised(truth)
        loss = ((told - truth) ** 2).mean((1, 2))
        return Objective(loss=loss, parts={})
