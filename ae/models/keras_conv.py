"""The convolutional autoencoder of Keras' code examples: plain, then as a denoiser.

S. L. Valdarrama, Convolutional autoencoder for image denoising, Keras code examples, 2021,
https://keras.io/examples/vision/autoencoder/
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class ConvTransposeAE(Autoencoder):
    """3 x 3 convolutions and pooling down, 3 x 3 transposed convolutions of stride 2 up; ReLU.

    Weights begin uniform after Glorot and Bengio (2010), biases 0.

    Args:
        features: Number of pixels of a square grey image whose side halves with each of `planes`.
        planes: Of each convolution on the way down; the way up mirrors them.
        noise: Standard deviation of the normal noise that is added to the input by `objective`; the
            sum is cut to [0, 1], the target stays clean. A sweep of it trains in one stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"noise"})
    in_turn: bool = True
    noise: Float[Tensor, ""]

    def __init__(self, features: int, *, planes: list[int], noise: float) -> None:
        super().__init__()
        self.side = math.isqrt(features)
        if self.side**2 != features or self.side % (1 << len(planes)):
            raise ValueError(
                f"features {features}: expected a square image whose side halves {len(planes)} times"
            )
        self.down = nn.ModuleList(nn.Conv2d(i, o, 3, 1, 1) for i, o in pairwise([1, *planes]))
        up = [planes[-1], *planes[::-1]]
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 3, 2) for i, o in pairwise(up))
        self.last = nn.Conv2d(planes[0], 1, 3, 1, 1)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
        self.register_buffer("noise", torch.tensor(float(noise)))
        self.draws = {"noise": Draw("normal", (features,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Noise for `objective` alone."""
        return self.draws if objective == "objective" else {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The last pooled planes, in a row."""
        return self._planes(x).flatten(1)

    def _planes(
        self, x: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch planes side side"]:
        planes = x.reshape(len(x), 1, self.side, self.side)
        for convolution in self.down:
            planes = max_pool2d(convolution(planes).relu(), 2)
        return planes

    def logits(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back, before the logistic function."""
        planes = self._planes(x)
        for convolution in self.up:
            planes = convolution(planes)[..., :-1, :-1].relu()  # where TensorFlow cuts, too
        pixels: Tensor = self.last(planes).flatten(1)
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1), from input that is taken as it is."""
        return self.logits(x).sigmoid()

    def clean(self, batch: Batch, noise: Noise) -> Objective:
        """Mean cross-entropy per pixel between an image and what is made of it; nats."""
        return self._cost(batch.x, batch.x)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The same between the clean image and what is made of the noisy one."""
        return self._cost((batch.x + self.noise * noise["noise"]).clamp(0, 1), batch.x)

    def _cost(
        self, seen: Float[Tensor, "batch features"], x: Float[Tensor, "batch features"]
    ) -> Objective:
        cross_entropy = -log_bernoulli(x, self.logits(seen)) / x.shape[-1]
        return Objective(loss=cross_entropy, parts={"cross_entropy": cross_entropy})
