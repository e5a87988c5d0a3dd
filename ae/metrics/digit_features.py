"""What a small classifier sees in images: the features that samples and real images are compared by.

It is trained on the run's training images and their labels, always with the same first weights, order
and number of steps, so that all runs of a data set are looked at by one network. It is no Inception:
distances by its features are not those that papers print.
"""

import hashlib
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from ae.metrics.shared import labels
from ae.training.trained_run import Trained

WIDTHS = (256, 64)  # the last are the features
STEPS, BATCH, RATE = 1000, 100, 0.001

_KEPT: dict[str, "Classifier"] = {}


class Classifier(NamedTuple):
    """Weights and biases of rectified layers, and of the logits."""

    weights: list[Tensor]
    biases: list[Tensor]

    def features(self, x: Float[Tensor, "*many pixels"]) -> Float[Tensor, "*many features"]:
        """What the last hidden layer says."""
        for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = linear(x, w, b).relu()
        return x

    def logits(self, x: Float[Tensor, "*many pixels"]) -> Float[Tensor, "*many classes"]:
        """Of every class."""
        return linear(self.features(x), self.weights[-1], self.biases[-1])


def classifier(trained: Trained) -> Classifier:
    """The classifier of a run's training images; trained once in a process.

    Raises:
        UserError: The training split hides labels.
    """
    count = len(trained.train.x)
    y = torch.from_numpy(labels(trained, "train", count))
    known = hashlib.sha256(trained.train.x.cpu().contiguous().numpy().tobytes())
    known.update(y.numpy().tobytes())
    key = f"{known.hexdigest()} {trained.stack.device}"
    if key not in _KEPT:
        _KEPT[key] = _learnt(trained, y.to(trained.stack.device))
    return _KEPT[key]


def _learnt(trained: Trained, y: Tensor) -> Classifier:
    drawn = torch.Generator().manual_seed(0)
    x = torch.cat(trained.over("train", lambda part: part.flatten(1)))
    sizes = (x.shape[1], *WIDTHS, int(y.max()) + 1)
    weights, biases = [], []
    for i, o in pairwise(sizes):
        bound = (6 / i) ** 0.5  # He et al., 2015
        first = (2 * torch.rand(o, i, generator=drawn) - 1) * bound
        weights.append(first.to(x).requires_grad_())
        biases.append(x.new_zeros(o, requires_grad=True))
    found = Classifier(weights, biases)
    optimizer = torch.optim.Adam([*weights, *biases], lr=RATE)
    for _ in range(STEPS):
        rows = torch.randint(len(x), (BATCH,), generator=drawn).to(x.device)
        optimizer.zero_grad()
        loss = cross_entropy(found.logits(x[rows]), y[rows])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Classifier(*([t.detach() for t in own] for own in found))
