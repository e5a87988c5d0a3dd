"""Stacked denoising autoencoder: greedy layers, then a supervised network.

Vincent, Larochelle, Bengio and Manzagol, Extracting and Composing Robust Features with Denoising
Autoencoders, ICML 2008, https://doi.org/10.1145/1390156.1390294, section 3
"""

from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.networks import Dense, affine, linear, sigmoid_layer
from ae.probability import log_bernoulli


class SDAE(Autoencoder):
    """Sigmoid layers, each pretrained to denoise its own input, below a softmax classifier.

    Only the input of the layer being trained is corrupted; the layers below see clean data.

    Args:
        features: Number of pixels.
        hidden: Widths of the layers.
        classes: Number of labels.
        corruption: Share of a layer's inputs that are set to 0 in pretraining; 0 gives the
            stacked (plain) autoencoder, SAA. A sweep of it trains in one stack.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"corruption"})
    corruption: Float[Tensor, ""]

    def __init__(
        self, features: int, *, hidden: list[int], classes: int, corruption: float
    ) -> None:
        super().__init__()
        self.widths = [features, *hidden]
        self.encoder = nn.ModuleList(sigmoid_layer(i, o) for i, o in pairwise(self.widths))
        self.visible_bias = nn.ParameterList(torch.zeros(width) for width in self.widths[:-1])
        self.classifier = Dense(self.widths[-1], classes)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)
        self.register_buffer("corruption", torch.tensor(corruption))
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

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning: minus the log-probability of the label, in nats."""
        assert batch.y is not None
        logits = self.classify(batch.x)
        loss = cross_entropy(logits, batch.y, reduction="none")
        error = (logits.argmax(-1) != batch.y).to(loss)
        return Objective(loss=loss, parts={"error": error})

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One uniform number per input of the layer that is being pretrained."""
        if objective != "denoise" or layer is None:
            return self.draws
        return {"mask": Draw("uniform", (self.widths[layer],))}

    def denoise(self, batch: Batch, noise: Noise, *, layer: int) -> Objective:
        """Pretraining of one layer: cross-entropy of its clean input given the corrupted one."""
        x = batch.x
        for below in self.encoder[:layer]:
            x = below(x).sigmoid()
        x = x.detach()
        kept = (noise["mask"] >= self.corruption).to(x)
        top = linear(self.encoder, layer)
        hidden = affine(x * kept, top.weight, top.bias).sigmoid()
        loss = -log_bernoulli(x, hidden @ top.weight + self.visible_bias[layer])
        return Objective(loss=loss, parts={"cross_entropy": loss})
