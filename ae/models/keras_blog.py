"""The autoencoders of the Keras blog: dense, sparse, deep, convolutional, denoising.

F. Chollet, Building Autoencoders in Keras, 2016, revised since,
https://blog.keras.io/building-autoencoders-in-keras.html
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from ae.maths.networks import mlp
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class DenseAE(Autoencoder):
    """ReLU layers down to a ReLU code, mirrored back to logistic pixels.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code; empty is the simple autoencoder.
        latent: Size of the code.
        sparsity: Weight of the code's L1 norm beside the mean cross-entropy per pixel. A sweep of
            it trains in one stack.
    """

    sparsity: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"sparsity"})

    def __init__(self, features: int, *, hidden: list[int], latent: int, sparsity: float) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        _as_keras(self)
        self.register_buffer("sparsity", torch.tensor(float(sparsity)))
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code, never negative."""
        z: Tensor = self.encoder(x).relu()
        return z

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1)."""
        pixels: Tensor = self.decoder(self.encode(x)).sigmoid()
        return pixels

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean cross-entropy per pixel + sparsity |z|_1, nats."""
        z = self.encode(batch.x)
        cross_entropy = _per_pixel(batch.x, self.decoder(z))
        penalty = self.sparsity * z.abs().sum(-1)
        return Objective(
            loss=cross_entropy + penalty,
            parts={"cross_entropy": cross_entropy, "penalty": penalty},
        )


class ConvAE(Autoencoder):
    """3 x 3 convolutions with ReLU, each followed by pooling; mirrored with repeated pixels.

    Pooling halves a side and rounds up (28, 14, 7, 4). Where it has rounded, the last convolution
    but one takes no padding, so that 16 becomes 14 and the image comes out as large as it went in.

    Args:
        features: Number of pixels of a square grey image.
        planes: Of each convolution on the way down.
        noise: Standard deviation of the normal noise that is added to the input in training; the
            sum is cut to [0, 1], the target stays clean. A sweep of it trains in one stack.
    """

    noise: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"noise"})
    in_turn: bool = True

    def __init__(self, features: int, *, planes: list[int], noise: float) -> None:
        super().__init__()
        self.side = side = math.isqrt(features)
        for _ in planes:
            side = -(-side // 2)
        beyond = (side << len(planes)) - self.side
        if self.side**2 != features or beyond not in (0, 4):
            raise ValueError(
                f"features {features}: expected a square image whose side, halved {len(planes)} "
                "times with rounding up and doubled again, is as it was or 4 more"
            )
        self.down = nn.ModuleList(nn.Conv2d(i, o, 3, 1, 1) for i, o in pairwise([1, *planes]))
        up = [planes[-1], *planes[::-1]]
        paddings = [1] * (len(planes) - 1) + [0 if beyond else 1]
        self.up = nn.ModuleList(
            nn.Conv2d(i, o, 3, 1, padding)
            for (i, o), padding in zip(pairwise(up), paddings, strict=True)
        )
        self.last = nn.Conv2d(planes[0], 1, 3, 1, 1)
        _as_keras(self)
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.draws = {"noise": Draw("normal", (features,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The last pooled planes, in a row."""
        return self._planes(x).flatten(1)

    def _planes(
        self, x: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch planes side side"]:
        planes = x.reshape(len(x), 1, self.side, self.side)
        for convolution in self.down:
            planes = max_pool2d(convolution(planes).relu(), 2, ceil_mode=True)
        return planes

    def logits(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back, before the logistic function."""
        planes = self._planes(x)
        for convolution in self.up:
            planes = interpolate(convolution(planes).relu(), scale_factor=2)
        pixels: Tensor = self.last(planes).flatten(1)
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1), from input that is taken as it is."""
        return self.logits(x).sigmoid()

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Mean cross-entropy per pixel between the clean image and what the noisy one gives."""
        noisy = (batch.x + self.noise * noise["noise"]).clamp(0, 1)
        cross_entropy = _per_pixel(batch.x, self.logits(noisy))
        return Objective(loss=cross_entropy, parts={"cross_entropy": cross_entropy})


def _per_pixel(
    x: Float[Tensor, "batch features"], logits: Float[Tensor, "batch features"]
) -> Float[Tensor, " batch"]:
    return -log_bernoulli(x, logits) / x.shape[-1]


def _as_keras(module: nn.Module) -> None:
    """Weights uniform after Glorot and Bengio (2010), biases zero."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
