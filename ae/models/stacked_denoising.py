"""Stacked denoising autoencoder: greedy layers, then a supervised network.

Vincent, Larochelle, Bengio and Manzagol, Extracting and Composing Robust Features with Denoising
Autoencoders, ICML 2008, https://doi.org/10.1145/1390156.1390294, section 3
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import Dense, activities, affine, linear, sigmoid_layers, zero_
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective, classification


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

    corruption: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = frozenset({"corruption"})

    def __init__(
        self, features: int, *, hidden: list[int], classes: int, corruption: float
    ) -> None:
        super().__init__()
        self.widths = [features, *hidden]
        self.encoder = sigmoid_layers(self.widths)
        self.visible_bias = nn.ParameterList(torch.zeros(width) for width in self.widths[:-1])
        self.classifier = Dense(self.widths[-1], classes)
        zero_(self.classifier)
        self.register_buffer("corruption", torch.tensor(float(corruption)))
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """The activities of the top layer."""
        return activities(self.encoder, x)

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Logits of the labels."""
        logits: Tensor = self.classifier(self.encode(x))
        return logits

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning: minus the log-probability of the label, in nats."""
        return classification(self.classify(batch.x), batch.y)

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One uniform number per input of the layer that is being pretrained."""
        if objective != "denoise" or layer is None:
            return self.draws
        return {"mask": Draw("uniform", (self.widths[layer],))}

    def denoise(self, batch: Batch, noise: Noise, *, layer: int) -> Objective:
        """Pretraining of one layer: cross-entropy of its clean input given the corrupted one."""
        x = activities(self.encoder[:layer], batch.x).detach()
        kept = (noise["mask"] >= self.corruption).to(x)
        top = linear(self.encoder, layer)
        hidden = affine(x * kept, top.weight, top.bias).sigmoid()
        loss = -log_bernoulli(x, hidden @ top.weight + self.visible_bias[layer])
        return Objective(loss=loss, parts={"cross_entropy": loss})
