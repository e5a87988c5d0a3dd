"""Autoencoder with a codebook on digits, and a network of masked convolutions as the prior of its codes.

S. Paul, Vector-Quantized Variational Autoencoders, Keras example, 2021, at 06fe0df,
https://keras.io/examples/generative/vq_vae/
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, pad

from ae.maths.pixel_cnn import glorot, pixel_cnn
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.codebook_code import SHRINKS, CodebookCode, Quantised

RANGE = 0.05  # numbers of a new codebook, either side of 0


class KerasVQVAE(CodebookCode):
    """|x - x^|^2 / variance + |sg(z) - e|^2 + beta |z - sg(e)|^2, all squares means; sg: no gradient.

    The prior is p(codes) = prod_t p(code_t given those before it, row by row); it is trained after the
    rest. Convolutions of stride 2 add a row below and a column on the right where TensorFlow's do.

    Args:
        features: Number of pixels; grey square images, their side a multiple of 4.
        planes: Of the encoder's two convolutions; the decoder mirrors them.
        width: Size of an entry.
        entries: Of the codebook.
        beta: Weight of the commitment of the vectors to their entries.
        variance: By which the squared error is divided: that of the training set's pixels.
        prior_planes: Of the prior's layers.
        prior_blocks: Its residual blocks.
        prior_layers: Its layers of 1 x 1 after those.
    """

    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        planes: list[int],
        width: int,
        entries: int,
        beta: float,
        variance: float,
        prior_planes: int,
        prior_blocks: int,
        prior_layers: int,
    ) -> None:
        super().__init__()
        side = math.isqrt(features)
        if side**2 != features or side % SHRINKS or len(planes) != 2:
            raise ValueError(
                f"features {features}, {len(planes)} planes: expected a square image whose side is a "
                "multiple of 4, and two"
            )
        self.image, self.side, self.beta, self.variance = (
            (1, side, side),
            side // SHRINKS,
            beta,
            variance,
        )
        first, second = planes
        self.encoder = nn.Sequential(
            Halving(1, first),
            nn.ReLU(),
            Halving(first, second),
            nn.ReLU(),
            glorot(nn.Conv2d(second, width, 1)),
        )
        self.decoder = nn.Sequential(
            Doubling(width, second),
            nn.ReLU(),
            Doubling(second, first),
            nn.ReLU(),
            glorot(nn.Conv2d(first, 1, 3, 1, 1)),
        )
        self.codebook = nn.Parameter(torch.empty(entries, width).uniform_(-RANGE, RANGE))
        self.prior = pixel_cnn(
            entries, planes=prior_planes, residual_blocks=prior_blocks, layers=prior_layers
        )
        self.draws = {}

    def quantise(self, z: Float[Tensor, "batch places width"], noise: Noise) -> Quantised:
        """The codebook learns by the gradient of its own term."""
        return self._quantised_by_gradient(z)

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """A number a place for `generate`, none for training."""
        return {"codes": Draw("uniform", (self.side**2,))} if objective == "generate" else {}

    def logits(self, codes: Int[Tensor, "batch places"]) -> Float[Tensor, "batch entries places"]:
        """The prior's logits of the code at each place, which no code from there on moves."""
        planes = one_hot(codes, len(self.codebook)).to(self.codebook.dtype).mT
        logits: Tensor = self.prior(planes.reshape(*planes.shape[:2], self.side, self.side))
        return logits.flatten(2)

    def log_prior(self, codes: Int[Tensor, "batch places"]) -> Float[Tensor, " batch"]:
        """log p(codes), nats an image."""
        return -cross_entropy(self.logits(codes), codes, reduction="none").sum(-1)

    def code_nll(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(codes of x) over their number, nats a code; encoder and codebook stay as they are.

        `accuracy` is the share of codes that are the prior's likeliest, in percent.
        """
        with torch.no_grad():
            codes = self.codes(batch.x)
        logits = self.logits(codes)
        nll = cross_entropy(logits, codes, reduction="none").mean(-1)
        right = 100 * (logits.argmax(1) == codes).to(nll.dtype).mean(-1)
        return Objective(loss=nll, parts={"nll": nll, "accuracy": right})

    def generate(self, noise: Noise) -> Int[Tensor, "batch places"]:
        """Codes drawn from the prior place by place, by the uniform numbers of `noise["codes"]`."""
        uniform = noise["codes"]
        codes = torch.zeros_like(uniform, dtype=torch.long)
        for place in range(uniform.shape[1]):
            below = self.logits(codes)[..., place].softmax(-1).cumsum(-1) < uniform[:, place, None]
            drawn = below.sum(-1).clamp(max=len(self.codebook) - 1)
            codes = torch.cat([codes[:, :place], drawn[:, None], codes[:, place + 1 :]], 1)
        return codes


class Halving(nn.Module):
    """A 3 x 3 convolution of stride 2 that halves an even side; zeros below and on the right."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = glorot(nn.Conv2d(inputs, outputs, 3, 2))

    def forward(
        self, x: Float[Tensor, "batch inputs side side"]
    ) -> Float[Tensor, "batch outputs half half"]:
        """Planes of half the side."""
        planes: Tensor = self.layer(pad(x, (0, 1, 0, 1)))
        return planes


class Doubling(nn.Module):
    """The transposed convolution of `Halving`, which doubles the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = glorot(nn.ConvTranspose2d(inputs, outputs, 3, 2))

    def forward(
        self, x: Float[Tensor, "batch inputs side side"]
    ) -> Float[Tensor, "batch outputs double double"]:
        """Planes of twice the side."""
        planes: Tensor = self.layer(x)
        return planes[..., :-1, :-1]
