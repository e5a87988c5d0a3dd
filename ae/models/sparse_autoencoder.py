"""Sparse autoencoders, one above another, below a softmax classifier: the exercises of a course.

Ng, Ngiam, Foo, Mai and Suen, UFLDL Tutorial, Stanford University, 2011-2013,
http://ufldl.stanford.edu/wiki/index.php/UFLDL_Tutorial; Ng, Sparse Autoencoder, CS294A lecture notes.
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ae.maths.networks import Dense, linear
from ae.models.base import Autoencoder, Batch, Noise, Objective


class StackedSparseAE(Autoencoder):
    """Sigmoid layers, each trained to reproduce its input by units that are seldom active.

    Layers begin uniform in +-sqrt(6 / (inputs + outputs + 1)) with biases 0, the classifier, which
    has no biases, normal with standard deviation 0.005.

    Args:
        features: Number of pixels.
        hidden: Widths of the layers; without any, the classifier sees the pixels.
        classes: Number of labels.
        sparsity: rho, the activity that a unit should have on average, above 0 and below 1.
        penalty: beta, the weight of KL(rho, mean activity), summed over units.
        decay: lambda: half of it times the squared weights of a layer is added to its cost.
        classifier_decay: The same for the classifier, in both supervised stages.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset(
        {"sparsity", "penalty", "decay", "classifier_decay"}
    )
    sparsity: Float[Tensor, ""]
    penalty: Float[Tensor, ""]
    decay: Float[Tensor, ""]
    classifier_decay: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        classes: int,
        sparsity: float,
        penalty: float,
        decay: float,
        classifier_decay: float,
    ) -> None:
        super().__init__()
        sizes = list(pairwise([features, *hidden]))
        self.encoder = nn.ModuleList(_layer(i, o) for i, o in sizes)
        self.decoder = nn.ModuleList(_layer(o, i) for i, o in sizes)
        self.classifier = nn.Linear([features, *hidden][-1], classes, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.005)
        self.register_buffer("sparsity", torch.tensor(float(sparsity)))
        self.register_buffer("penalty", torch.tensor(float(penalty)))
        self.register_buffer("decay", torch.tensor(float(decay)))
        self.register_buffer("classifier_decay", torch.tensor(float(classifier_decay)))
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """The activities of the top layer."""
        for layer in self.encoder:
            x = layer(x).sigmoid()
        return x

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Logits of the labels."""
        logits: Tensor = self.classifier(self.encode(x))
        return logits

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Down from the top layer again, each layer by its own weights."""
        hidden = self.encode(x)
        for layer in reversed(self.decoder):
            hidden = layer(hidden).sigmoid()
        return hidden

    def filters(self) -> Float[Tensor, "hidden features"]:
        """What each unit of the first layer weighs the pixels by."""
        return linear(self.encoder, 0).weight

    def sparse(self, batch: Batch, noise: Noise, *, layer: int) -> Objective:
        """|a - x|^2 / 2 + lambda / 2 |W|^2 + beta KL(rho, mean of h over the batch), x the layer's input.

        h = s(W1 x + b1), a = s(W2 h + b2). The lecture notes' J_sparse, where the batch is all.
        """
        x = batch.x
        for below in self.encoder[:layer]:
            x = below(x).sigmoid()
        x = x.detach()
        up, down = linear(self.encoder, layer), linear(self.decoder, layer)
        hidden = up(x).sigmoid()
        error = ((down(hidden).sigmoid() - x) ** 2).sum(-1) / 2
        rho, mean = self.sparsity, hidden.mean(0)
        kl = (rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum()
        decay = self.decay / 2 * ((up.weight**2).sum() + (down.weight**2).sum())
        return Objective(
            loss=error + self.penalty * kl + decay,
            parts={
                "half_squared_error": error,
                "sparsity": kl.expand_as(error),
                "decay": decay.expand_as(error),
            },
        )

    def softmax(self, batch: Batch, noise: Noise) -> Objective:
        """The classifier alone, on the top layer's activities."""
        return self._supervised(self.classifier(self.encode(batch.x).detach()), batch)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning of all layers: minus the log-probability of the label, in nats, and decay.

        `accuracy` is 100 where the label is the likeliest, else 0: its mean is in percent.
        """
        return self._supervised(self.classify(batch.x), batch)

    def _supervised(self, logits: Float[Tensor, "batch classes"], batch: Batch) -> Objective:
        assert batch.y is not None
        nll = cross_entropy(logits, batch.y, reduction="none")
        decay = (self.classifier_decay / 2 * (self.classifier.weight**2).sum()).expand_as(nll)
        right = 100 * (logits.argmax(-1) == batch.y).to(nll)
        return Objective(loss=nll + decay, parts={"accuracy": right, "nll": nll, "decay": decay})


def _layer(inputs: int, outputs: int) -> Dense:
    layer = Dense(inputs, outputs)
    bound = math.sqrt(6 / (inputs + outputs + 1))
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.zeros_(layer.bias)
    return layer
