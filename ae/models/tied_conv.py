"""A convolutional autoencoder whose way back uses the weights of the way there.

nanopony, keras-convautoencoder (conv_autoencoder.py, autoencoder_layers.py),
https://github.com/nanopony/keras-convautoencoder; pooled places are remembered as in Zeiler and Fergus,
Visualizing and Understanding Convolutional Networks, ECCV 2014, https://arxiv.org/abs/1311.2901.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, max_pool2d

from ae.maths.layers import dropout
from ae.maths.networks import affine
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

WINDOW = 3


class TiedConvAE(Autoencoder):
    """3 x 3 convolution, tanh, pooling by 2, a linear code with tanh; then their transposes.

    Weights begin uniform after Glorot and Bengio (2010), biases 0. Layers up have biases of their own;
    the last one is linear.

    Args:
        features: Number of pixels of a square grey image of an even side.
        planes: Of the convolution.
        latent: Size of the code.
        keep: Chance of a pooled unit to stay while it learns.
        centre: Taken from every pixel before it enters, and added where it leaves.
        switches: Whether a value goes back to where the largest of four was found, the other three
            places being 0; else to all four of them. Where it does, the places pass beside the code.
    """

    in_turn: bool = True

    def __init__(
        self,
        features: int,
        *,
        planes: int,
        latent: int,
        keep: float,
        centre: float,
        switches: bool,
    ) -> None:
        super().__init__()
        self.side = math.isqrt(features)
        if self.side**2 != features or self.side % 2:
            raise ValueError(f"features {features}: expected a square image of an even side")
        pooled = planes * (self.side // 2) ** 2
        self.kernel = nn.Parameter(torch.empty(planes, 1, WINDOW, WINDOW))
        self.weight = nn.Parameter(torch.empty(latent, pooled))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.xavier_uniform_(self.weight)
        self.plane_bias = nn.Parameter(torch.zeros(planes))
        self.code_bias = nn.Parameter(torch.zeros(latent))
        self.pooled_bias = nn.Parameter(torch.zeros(pooled))
        self.pixel_bias = nn.Parameter(torch.zeros(1))
        self.keep, self.centre, self.switches = keep, centre, switches
        self.draws = {"keep": Draw("uniform", (pooled,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code, in (-1, 1), of clean units."""
        return self._code(self._pooled(x)[1].flatten(1))

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back; with switches, the places beside it."""
        planes, pooled = self._pooled(x)
        return self._back(self._code(pooled.flatten(1)), planes, pooled)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error, mean over pixels, with pooled units dropped."""
        planes, pooled = self._pooled(batch.x)
        kept = dropout(pooled.flatten(1), noise["keep"], self.keep)
        error = ((self._back(self._code(kept), planes, pooled) - batch.x) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})

    def _pooled(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Planes of tanh units, and the largest of each four."""
        image = (x - self.centre).reshape(len(x), 1, self.side, self.side)
        planes = conv2d(image, self.kernel, self.plane_bias, padding=1).tanh()
        return planes, max_pool2d(planes, 2)

    def _code(self, pooled: Tensor) -> Tensor:
        return affine(pooled, self.weight, self.code_bias).tanh()

    def _back(self, code: Tensor, planes: Tensor, pooled: Tensor) -> Tensor:
        small = affine(code, self.weight.T, self.pooled_bias).reshape(pooled.shape)
        large = _four(small)
        if self.switches:
            large = large * (planes == _four(pooled)).to(large.dtype)
        image = conv_transpose2d(large.tanh(), self.kernel, padding=1) + self.pixel_bias
        return image.flatten(1) + self.centre


def _four(planes: Float[Tensor, "batch planes a b"]) -> Float[Tensor, "batch planes c d"]:
    """Every value at four places, twice as high and wide."""
    return planes.repeat_interleave(2, -1).repeat_interleave(2, -2)
