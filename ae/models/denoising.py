"""Denoising autoencoder: one layer, tied weights, masking noise.

Vincent, Larochelle, Bengio and Manzagol, Extracting and Composing Robust Features with Denoising
Autoencoders, ICML 2008, https://doi.org/10.1145/1390156.1390294
"""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import affine
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class DAE(Autoencoder):
    """y = s(W x~ + b), z = s(W' y + b'), trained to give back the clean x.

    Args:
        features: Number of pixels.
        hidden: Number of hidden units.
        corruption: Share of the pixels that are set to 0, drawn afresh for every example; 0 is
            the ordinary autoencoder. A sweep of it trains in one stack.
    """

    corruption: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"corruption"})

    def __init__(self, features: int, *, hidden: int, corruption: float) -> None:
        super().__init__()
        bound = 4 * math.sqrt(6 / (features + hidden))
        self.weight = nn.Parameter(torch.empty(hidden, features).uniform_(-bound, bound))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("corruption", torch.tensor(float(corruption)))
        self.draws = {"mask": Draw("uniform", (features,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch hidden"]:
        """Hidden activities of clean or corrupted input."""
        return affine(x, self.weight, self.hidden_bias).sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1), from input that is taken as it is."""
        return (self.encode(x) @ self.weight + self.visible_bias).sigmoid()

    def filters(self) -> Float[Tensor, "hidden features"]:
        """What each hidden unit weighs the pixels by."""
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Cross-entropy between the clean image and the reconstruction from the corrupted one."""
        kept = (noise["mask"] >= self.corruption).to(batch.x)
        logits = self.encode(batch.x * kept) @ self.weight + self.visible_bias
        cross_entropy = -log_bernoulli(batch.x, logits)
        return Objective(loss=cross_entropy, parts={"cross_entropy": cross_entropy})
