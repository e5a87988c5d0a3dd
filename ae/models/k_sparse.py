"""k-sparse autoencoder: tied weights, linear units, the k largest kept.

Makhzani and Frey, k-Sparse Autoencoders, ICLR 2014, https://arxiv.org/abs/1312.5663
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.networks import affine


class KSparse(Autoencoder):
    """z = W x + b, all but its k largest entries set to zero, then x^ = W' z + b'.

    Args:
        features: Number of pixels.
        hidden: Number of hidden units.
        k: How many of them are kept. A sweep of it trains in one stack, and a schedule may move it.
        most: The largest k that the sweep or the schedule reaches: so many activities are ranked,
            which costs a quarter of ranking all.
        init: Standard deviation of the initial weights; biases start at zero.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"k"})
    k: Float[Tensor, ""]

    def __init__(self, features: int, *, hidden: int, k: int, most: int, init: float) -> None:
        super().__init__()
        if not 1 <= k <= most <= hidden:
            raise ValueError(f"k {k}, most {most}: expected 1 <= k <= most <= hidden {hidden}")
        self.weight = nn.Parameter(torch.empty(hidden, features).normal_(std=init))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("k", torch.tensor(float(k)))
        self.most = most
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch hidden"]:
        """The k largest of the linear activities (largest, not farthest from zero), else 0.

        Units that tie with the k-th largest are kept as well.
        """
        activity = affine(x, self.weight, self.hidden_bias)
        ranked = activity.detach().topk(self.most).values
        last = (self.k.round().long() - 1).expand(len(x), 1)
        return activity * (activity >= ranked.gather(-1, last))

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the sparse code and back."""
        return self.encode(x) @ self.weight + self.visible_bias

    def filters(self) -> Float[Tensor, "hidden features"]:
        """What each hidden unit weighs the pixels by."""
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error per image, |x - x^|^2."""
        squared_error = ((self.reconstruct(batch.x) - batch.x) ** 2).sum(-1)
        return Objective(loss=squared_error, parts={"squared_error": squared_error})
