"""Denoising autoencoders by kind of noise: one layer, and a stack below a classifier.

Vincent, Larochelle, Lajoie, Bengio and Manzagol, Stacked Denoising Autoencoders: Learning Useful
Representations in a Deep Network with a Local Denoising Criterion, JMLR 11 (2010) 3371-3408,
https://www.jmlr.org/papers/v11/vincent10a.html
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ae.maths.networks import Dense, activities, affine, linear, sigmoid_layers, zero_
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective, classification

NOISES = frozenset({"masking", "salt_and_pepper", "gaussian"})


class Corruption(nn.Module):
    """Masking, salt-and-pepper and Gaussian noise, each of a strength of its own; 0 is none.

    Args:
        masking: Share of the inputs that are set to 0.
        salt_and_pepper: Share of the inputs that are set to `low` or to `high`, by a fair coin.
        gaussian: Standard deviation of normal noise that is added to every input.
        low: The least value that an input may have.
        high: The greatest.
    """

    masking: Float[Tensor, ""]
    salt_and_pepper: Float[Tensor, ""]
    gaussian: Float[Tensor, ""]

    def __init__(
        self, *, masking: float, salt_and_pepper: float, gaussian: float, low: float, high: float
    ) -> None:
        super().__init__()
        self.register_buffer("masking", torch.tensor(float(masking)))
        self.register_buffer("salt_and_pepper", torch.tensor(float(salt_and_pepper)))
        self.register_buffer("gaussian", torch.tensor(float(gaussian)))
        self.low, self.high = low, high

    def draws(self, width: int) -> dict[str, Draw]:
        """The noise that `width` inputs consume."""
        return {"chance": Draw("uniform", (width,)), "added": Draw("normal", (width,))}

    def forward(
        self, x: Float[Tensor, "batch width"], noise: Noise
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch width"]]:
        """The corrupted x, and 1 where it is corrupted, else 0.

        Of a number uniform on [0, 1), the first `masking` gives 0, the next half of
        `salt_and_pepper` gives `low` and the next half `high`.
        """
        chance, masked = noise["chance"], self.masking
        peppered, salted = masked + self.salt_and_pepper / 2, masked + self.salt_and_pepper
        noisy = x + self.gaussian * noise["added"]
        noisy = torch.where(chance < salted, self.high, noisy)
        noisy = torch.where(chance < peppered, self.low, noisy)
        noisy = torch.where(chance < masked, 0.0, noisy)
        return noisy, ((chance < salted) | (self.gaussian > 0)).to(x)


class DAE(Autoencoder):
    """y = s(W x~ + b), z = W' y + b', for real inputs; squared error and a penalty on weights.

    Args:
        features: Number of pixels.
        hidden: Number of hidden units.
        init: The initial weights are uniform between minus and plus this number.
        shift: Subtracted from the data, pixels in [0, 1].
        scale: The data are multiplied by this after that.
        masking: Strength of masking noise, see `Corruption`.
        salt_and_pepper: Strength of salt-and-pepper noise, to -`extreme` or `extreme`.
        gaussian: Strength of Gaussian noise.
        extreme: What salt and pepper set an input to.
        decay: decay / 2 times the sum of the squared weights is added to an example's loss.
    """

    decay: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = NOISES | {"decay"}

    def __init__(
        self,
        features: int,
        *,
        hidden: int,
        init: float,
        shift: float,
        scale: float,
        masking: float,
        salt_and_pepper: float,
        gaussian: float,
        extreme: float,
        decay: float,
    ) -> None:
        super().__init__()
        self.shift, self.scale = shift, scale
        self.weight = nn.Parameter(torch.empty(hidden, features).uniform_(-init, init))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(features))
        self.corruption = Corruption(
            masking=masking,
            salt_and_pepper=salt_and_pepper,
            gaussian=gaussian,
            low=-extreme,
            high=extreme,
        )
        self.register_buffer("decay", torch.tensor(float(decay)))
        self.draws = self.corruption.draws(features)

    def filters(self) -> Float[Tensor, "hidden features"]:
        """What each hidden unit weighs the pixels by."""
        return self.weight

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error between the clean input and what is made of the corrupted one."""
        x = (batch.x - self.shift) * self.scale
        noisy, _ = self.corruption(x, noise)
        hidden = affine(noisy, self.weight, self.hidden_bias).sigmoid()
        error = ((hidden @ self.weight + self.visible_bias - x) ** 2).sum(-1)
        penalty = (self.decay / 2 * (self.weight**2).sum()).expand_as(error)
        return Objective(loss=error + penalty, parts={"squared_error": error, "penalty": penalty})


class SDAE(Autoencoder):
    """Sigmoid layers, each pretrained to repair its own corrupted input, below a softmax classifier.

    Only the input of the layer being trained is corrupted; the layers below see clean data. In its
    cross-entropy, inputs that were corrupted count `emphasis_on_corrupted` times (alpha), the
    others `emphasis_on_rest` times (beta). Without any noise it is the stacked autoencoder, SAE.

    Args:
        features: Number of pixels.
        hidden: Widths of the layers; none gives a softmax classifier of pixels.
        classes: Number of labels.
        masking: Strength of masking noise, see `Corruption`.
        salt_and_pepper: Strength of salt-and-pepper noise, to 0 or 1.
        gaussian: Strength of Gaussian noise.
        emphasis_on_corrupted: alpha.
        emphasis_on_rest: beta.
    """

    emphasis_on_corrupted: Float[Tensor, ""]
    emphasis_on_rest: Float[Tensor, ""]
    sweeps: ClassVar[frozenset[str]] = NOISES | {"emphasis_on_corrupted", "emphasis_on_rest"}

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        classes: int,
        masking: float,
        salt_and_pepper: float,
        gaussian: float,
        emphasis_on_corrupted: float,
        emphasis_on_rest: float,
    ) -> None:
        super().__init__()
        self.widths = [features, *hidden]
        self.encoder = sigmoid_layers(self.widths)
        self.visible_bias = nn.ParameterList(torch.zeros(width) for width in self.widths[:-1])
        self.classifier = Dense(self.widths[-1], classes)
        zero_(self.classifier)
        self.corruption = Corruption(
            masking=masking, salt_and_pepper=salt_and_pepper, gaussian=gaussian, low=0.0, high=1.0
        )
        self.register_buffer("emphasis_on_corrupted", torch.tensor(float(emphasis_on_corrupted)))
        self.register_buffer("emphasis_on_rest", torch.tensor(float(emphasis_on_rest)))
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """The activities of the top layer."""
        return activities(self.encoder, x)

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Logits of the labels."""
        logits: Tensor = self.classifier(self.encode(x))
        return logits

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """The noise of what is corrupted: a layer's inputs, or those of the network."""
        if objective == "objective":
            return self.draws
        return self.corruption.draws(self.widths[layer or 0])

    def denoise(self, batch: Batch, noise: Noise, *, layer: int) -> Objective:
        """Pretraining of one layer: weighted cross-entropy of its clean input and its repair."""
        x = activities(self.encoder[:layer], batch.x).detach()
        noisy, corrupted = self.corruption(x, noise)
        top = linear(self.encoder, layer)
        logits = self._down(affine(noisy, top.weight, top.bias).sigmoid(), layer)
        weight = torch.where(corrupted > 0, self.emphasis_on_corrupted, self.emphasis_on_rest)
        loss = -(weight * (x * logits + logsigmoid(-logits))).sum(-1)
        return Objective(loss=loss, parts={"cross_entropy": loss})

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning: minus the log-probability of the label, in nats."""
        return classification(self.classify(batch.x), batch.y)

    def jittered(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning on inputs that are corrupted."""
        noisy, _ = self.corruption(batch.x, noise)
        return classification(self.classify(noisy), batch.y)

    def sample_draws(self) -> dict[str, Draw]:
        """The noise of `sample`, a uniform number for each unit between code and pixels."""
        return {
            str(i): Draw("uniform", (width,)) for i, width in enumerate(self.widths[1:-1], start=1)
        }

    def sample(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch features"]:
        """Pixels that the code of clean x makes, each layer between a Bernoulli draw (figure 15).

        The code itself is not drawn, and of the pixels the probabilities are given.
        """
        hidden = self.encode(x)
        for i in reversed(range(len(self.encoder))):
            hidden = self._down(hidden, i).sigmoid()
            if i > 0:
                hidden = (noise[str(i)] < hidden).to(hidden)
        return hidden

    def _down(
        self, hidden: Float[Tensor, "batch units"], layer: int
    ) -> Float[Tensor, "batch width"]:
        logits: Tensor = hidden @ linear(self.encoder, layer).weight + self.visible_bias[layer]
        return logits
