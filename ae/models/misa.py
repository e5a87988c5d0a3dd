"""Shared and private codes of several views of one event, told apart by three losses.

D. Hazarika, R. Zimmermann and S. Poria, MISA: Modality-Invariant and -Specific Representations for
Multimodal Sentiment Analysis, ACM MM 2020, https://arxiv.org/abs/2005.03545; layers and losses as in
https://github.com/declare-lab/MISA (src/models.py).
"""

from itertools import combinations
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from ae.maths.moments import moment_discrepancy, overlap
from ae.maths.networks import Dense, mlp
from ae.maths.transformer import transformer
from ae.models.base import Autoencoder, Batch, Noise, Objective

MOMENTS = 5


class Codes(NamedTuple):
    """What is made of every view: its features, and the two codes of these."""

    features: Float[Tensor, "batch views width"]
    shared: Float[Tensor, "batch views width"]
    private: Float[Tensor, "batch views width"]


class MISA(Autoencoder):
    """Task + similarity CMD + difference |H^T H|^2 + reconstruction |u - D(shared + private)|^2.

    A view's features u are a rectified, normalised linear map. One shared encoder sees those of all
    views, a private one those of its own: a linear map and the logistic function each. A transformer
    of one block sees the codes of a batch as tokens, private ones first, and a network of one hidden
    layer tells the target from all of them.

    Args:
        features: Numbers of all views, one after another, as many of each.
        views: How many.
        width: Of features and codes; a multiple of `heads`.
        heads: Of the transformer.
        levels: Values of each factor that a label is made of, s + levels p1 + levels^2 p2 and so on; the
            target is the shared one, s.
        similarity: Weight of the moment discrepancy between the shared codes of two views.
        difference: Weight of the overlap of shared and private codes.
        reconstruction: Weight of the squared error of the features.
    """

    similarity: Float[Tensor, ""]
    difference: Float[Tensor, ""]
    reconstruction: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"similarity", "difference", "reconstruction"})

    def __init__(
        self,
        features: int,
        *,
        views: int,
        width: int,
        heads: int,
        levels: int,
        similarity: float,
        difference: float,
        reconstruction: float,
    ) -> None:
        super().__init__()
        if features % views:
            raise ValueError(f"features {features}: expected a multiple of the {views} views")
        self.views, self.width, self.levels = views, width, levels
        self.project = nn.ModuleList(Dense(features // views, width) for _ in range(views))
        self.scale = nn.Parameter(torch.ones(views, width))
        self.shift = nn.Parameter(torch.zeros(views, width))
        self.alike = Dense(width, width)
        self.apart = nn.ModuleList(Dense(width, width) for _ in range(views))
        self.restore = nn.ModuleList(Dense(width, width) for _ in range(views))
        self.mix = transformer(width, heads, 1, times=4)
        self.tell = mlp([2 * views * width, views * width, 1], nn.ReLU)
        self.register_buffer("similarity", torch.tensor(float(similarity)))
        self.register_buffer("difference", torch.tensor(float(difference)))
        self.register_buffer("reconstruction", torch.tensor(float(reconstruction)))
        self.draws = {}

    def codes(self, x: Float[Tensor, "batch features"]) -> Codes:
        """Features and codes of every view."""
        each = x.reshape(len(x), self.views, -1).unbind(1)
        found = []
        for i, view in enumerate(each):
            plain = layer_norm(self.project[i](view).relu(), (self.width,))
            u = self.scale[i] * plain + self.shift[i]
            found.append((u, self.alike(u).sigmoid(), self.apart[i](u).sigmoid()))
        return Codes(*(torch.stack(part, 1) for part in zip(*found, strict=True)))

    def shared(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch views width"]:
        """What the shared encoder makes of each view, in (0, 1)."""
        return self.codes(x).shared

    def private(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch views width"]:
        """What each view's own encoder makes of it, in (0, 1)."""
        return self.codes(x).private

    def predict(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """The target, told from all codes."""
        return self._told(self.codes(x))

    def _told(self, codes: Codes) -> Float[Tensor, " batch"]:
        tokens: Tensor = self.mix(torch.cat([codes.private, codes.shared], 1))
        told: Tensor = self.tell(tokens.flatten(1))
        return told.squeeze(-1)

    def target(self, y: Int[Tensor, " batch"]) -> Float[Tensor, " batch"]:
        """The shared factor, whose middle is 0."""
        return (y % self.levels).to(self.similarity.dtype) - (self.levels - 1) / 2

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error of the target, and the three losses of a whole batch by their weights."""
        assert batch.y is not None
        codes = self.codes(batch.x)
        task = (self._told(codes) - self.target(batch.y)) ** 2
        both = (codes.shared + codes.private).unbind(1)
        again = torch.stack([d(c) for d, c in zip(self.restore, both, strict=True)], 1)
        error = ((again - codes.features) ** 2).mean((1, 2))
        alike, overlap = self._alike(codes), self._overlap(codes)
        loss = (
            task + self.similarity * alike + self.difference * overlap + self.reconstruction * error
        )
        parts = {
            "task": task,
            "similarity": alike.expand_as(task),
            "difference": overlap.expand_as(task),
            "reconstruction": error,
        }
        return Objective(loss=loss, parts=parts)

    def _alike(self, codes: Codes) -> Float[Tensor, ""]:
        """The moment discrepancy of two views' shared codes, mean over pairs of views."""
        pairs = [
            moment_discrepancy(codes.shared[:, a], codes.shared[:, b], MOMENTS)
            for a, b in combinations(range(self.views), 2)
        ]
        return torch.stack(pairs).mean()

    def _overlap(self, codes: Codes) -> Float[Tensor, ""]:
        """Overlaps of each view's two codes, and of the private codes of each pair; their sum."""
        same = [overlap(codes.private[:, i], codes.shared[:, i]) for i in range(self.views)]
        pairs = combinations(range(self.views), 2)
        across = [overlap(codes.private[:, a], codes.private[:, b]) for a, b in pairs]
        return torch.stack(same + across).sum()
