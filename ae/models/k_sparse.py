"""k-sparse autoencoder: tied weights, linear units, the k largest kept.

Makhzani and Frey, k-Sparse Autoencoders, ICLR 2014, https://arxiv.org/abs/1312.5663
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import affine, zero_
from ae.models.base import Autoencoder, Batch, Noise, Objective, classification


class KSparse(Autoencoder):
    """z = W x + b, all but its k largest entries set to zero, then x^ = W' z + b'.

    Training may begin with `most` units and come down to k: the buffer `annealed` is the share of
    that way that is behind, and all of it unless a schedule moves it. It is the same share for
    every k, so runs that differ in k keep one schedule and train in one stack.

    Args:
        features: Number of pixels.
        hidden: Number of hidden units.
        k: How many of them are kept. A sweep of it trains in one stack.
        most: How many are kept where annealing starts, the largest k of a sweep or more: so many
            activities are ranked in training, which costs a quarter of ranking all.
        alpha: `features` keeps alpha k units, as the paper does after training; at least 1.
        classes: Number of labels of the softmax layer, which starts at zero; 0 for no such layer.
        init: Standard deviation of the initial weights; biases start at zero.
    """

    k: Float[Tensor, ""]
    alpha: Float[Tensor, ""]
    annealed: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"k", "alpha"})

    def __init__(
        self,
        features: int,
        *,
        hidden: int,
        k: int,
        most: int,
        alpha: float,
        classes: int,
        init: float,
    ) -> None:
        super().__init__()
        if not 1 <= k <= most <= hidden:
            raise ValueError(f"k {k}, most {most}: expected 1 <= k <= most <= hidden {hidden}")
        if alpha < 1:
            raise ValueError(f"alpha {alpha}: expected at least 1")
        self.weight = nn.Parameter(torch.empty(hidden, features).normal_(std=init))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(features))
        self.classifier = nn.Linear(hidden, classes) if classes else None
        if self.classifier is not None:
            zero_(self.classifier)
        self.register_buffer("k", torch.tensor(float(k)))
        self.register_buffer("alpha", torch.tensor(float(alpha)))
        self.register_buffer("annealed", torch.tensor(1.0))
        self.hidden, self.most = hidden, most
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch hidden"]:
        """The k largest of the linear activities (largest, not farthest from zero), else 0."""
        return self._largest(x, self.most + self.annealed * (self.k - self.most), self.most)

    def features(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch hidden"]:
        """The alpha k largest of the linear activities, else 0: what a classifier is given."""
        return self._largest(x, self.alpha * self.k, self.hidden)

    def _largest(
        self, x: Float[Tensor, "batch features"], count: Float[Tensor, ""], ranked: int
    ) -> Float[Tensor, "batch hidden"]:
        """Exactly `count`, rounded, of the `ranked` largest activities; of equal ones, some."""
        activity = affine(x, self.weight, self.hidden_bias)
        places = activity.detach().topk(ranked).indices
        kept = torch.arange(ranked, device=x.device) < count.round()
        mask = torch.zeros_like(activity).scatter(-1, places, kept.to(x).expand(len(x), ranked))
        return activity * mask

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the sparse code and back."""
        return self.encode(x) @ self.weight + self.visible_bias

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Logits of the labels."""
        assert self.classifier is not None
        logits: Tensor = self.classifier(self.features(x))
        return logits

    def filters(self) -> Float[Tensor, "hidden features"]:
        """What each hidden unit weighs the pixels by."""
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error per image, |x - x^|^2."""
        squared_error = ((self.reconstruct(batch.x) - batch.x) ** 2).sum(-1)
        return Objective(loss=squared_error, parts={"squared_error": squared_error})

    def supervised(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning: minus the log-probability of the label, in nats."""
        return classification(self.classify(batch.x), batch.y)
