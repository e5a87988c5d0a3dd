"""The second model of semi-supervised learning with deep generative models, its code given image and label.

Kingma, Mohamed, Rezende and Welling, Semi-supervised Learning with Deep Generative Models, NIPS
2014, https://arxiv.org/abs/1406.5298, model M2; the networks are those of Pyro's tutorial on it.
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ae.maths.networks import Dense, affine
from ae.maths.probability import (
    kl_to_standard_normal,
    log_bernoulli,
    log_normal,
    log_standard_normal,
)
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class M2(Autoencoder):
    """p(x, y, z) = p(y) p(z) p(x given y, z), y uniform, z normal, x Bernoulli; q(y, z given x) = q(y given x) q(z given x, y).

    Where the label is told, the loss is the bound on -log p(x, y) plus `weight` times
    -log q(y given x); else it is the bound on -log p(x), every class weighed by q(y given x). Both
    at one sample of z a class, of whose log ratio of densities no expectation is taken.

    Args:
        features: Number of pixels.
        hidden: Widths of the layers of each of the three networks, softplus.
        latent: Size of z.
        classes: Number of labels.
        weight: alpha', of the classifier's own loss.
        init: Standard deviation of the weights and biases of hidden layers as they begin; output
            layers begin as torch's do.
    """

    hidden_labels: ClassVar[bool] = True
    sweeps: ClassVar[frozenset[str]] = frozenset({"weight"})
    weight: Float[Tensor, ""]

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        classes: int,
        weight: float,
        init: float,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.classifier = _network([features, *hidden, classes], init)
        self.encoder = _network([features + classes, *hidden, 2 * latent], init)
        self.decoder = _network([latent + classes, *hidden, features], init)
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.draws = {"z": Draw("normal", (classes, latent))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One sample of z for each class, but none for the classifier alone."""
        return {} if objective == "classifier_alone" else self.draws

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """log q(y given x) up to a constant."""
        scores: Tensor = self.classifier(x)
        return scores

    def posterior(
        self, x: Float[Tensor, "batch features"], y: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Mean and log variance of q(z given x, y)."""
        label = one_hot(y, self.classes).to(x)
        mean, log_std = self.encoder(torch.cat([x, label], -1)).chunk(2, -1)
        return mean, 2 * log_std

    def decode(
        self, z: Float[Tensor, "batch latent"], y: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(torch.cat([z, one_hot(y, self.classes).to(z)], -1))
        return pixels.sigmoid()

    def classifier_alone(self, batch: Batch, noise: Noise) -> Objective:
        """-log q(y given x) where the label is told, else 0; nats. `accuracy` is in percent."""
        scores = self.classify(batch.x)
        loss = self._told(scores, batch)
        assert batch.y is not None
        right = 100 * (scores.argmax(-1) == batch.y).to(loss)
        return Objective(loss=loss, parts={"cross_entropy": loss, "accuracy": right})

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The bounds and the classifier's weighed loss; nats per image."""
        assert batch.y is not None
        told = batch.y >= 0
        scores = self.classify(batch.x)
        log_q = scores.log_softmax(-1)
        label = one_hot(batch.y.clamp(min=0), self.classes).to(log_q)
        share = torch.where(told.unsqueeze(-1), label, log_q.exp())
        reconstruction, ratio, kl = (
            (share * term).sum(-1) for term in self._each(batch.x, noise["z"])
        )
        cross_entropy = self._told(scores, batch)
        entropy = torch.where(told, 0.0, -(log_q.exp() * log_q).sum(-1))
        bound = reconstruction + ratio + math.log(self.classes) - entropy
        return Objective(
            loss=bound + self.weight * cross_entropy,
            parts={
                "reconstruction": reconstruction,
                "kl": kl,
                "cross_entropy": cross_entropy,
                "entropy": entropy,
            },
        )

    def _told(
        self, scores: Float[Tensor, "batch classes"], batch: Batch
    ) -> Float[Tensor, " batch"]:
        assert batch.y is not None
        own = scores.log_softmax(-1).gather(-1, batch.y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        return torch.where(batch.y >= 0, -own, 0.0)

    def _each(
        self, x: Float[Tensor, "batch features"], noise: Float[Tensor, "batch classes latent"]
    ) -> tuple[
        Float[Tensor, "batch classes"],
        Float[Tensor, "batch classes"],
        Float[Tensor, "batch classes"],
    ]:
        """For every class: -log p(x given y, z), log q(z given x, y) - log p(z), and its mean over z."""
        first, *rest = self.encoder
        assert isinstance(first, Dense)
        pixels, label = first.weight[:, : x.shape[-1]], first.weight[:, x.shape[-1] :]
        # The image's share of the first layer is the same for every class.
        hidden = affine(x, pixels, first.bias).unsqueeze(1) + label.T
        for layer in rest:
            hidden = layer(hidden.flatten(0, 1)).unflatten(0, (len(x), self.classes))
        mean, log_std = hidden.chunk(2, -1)
        labels = torch.eye(self.classes, dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        z = mean + log_std.exp() * noise
        logits = self.decoder(torch.cat([z, labels], -1).flatten(0, 1))
        logits = logits.unflatten(0, (len(x), self.classes))
        ratio = log_normal(z, mean, 2 * log_std) - log_standard_normal(z)
        kl = kl_to_standard_normal(mean, 2 * log_std)
        return -log_bernoulli(x.unsqueeze(1), logits), ratio, kl


def _network(widths: list[int], init: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs), nn.Softplus()]
    for layer in layers[:-2]:
        for parameter in layer.parameters():
            nn.init.normal_(parameter, std=init)
    return nn.Sequential(*layers[:-1])
