"""Variational autoencoders with discrete codes that are relaxed: bits, and one of several classes.

Maddison, Mnih and Teh, The Concrete Distribution, ICLR 2017, https://arxiv.org/abs/1611.00712; Jang,
Gu and Poole, Categorical Reparameterization with Gumbel-Softmax, ICLR 2017,
https://arxiv.org/abs/1611.01144; networks and divergence are those of kampta/pytorch-distributions at
d6020d6, binconcrete_vae.py and concrete_vae.py, https://github.com/kampta/pytorch-distributions
"""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ae.maths.distributions import Bernoulli
from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class RelaxedBernoulliVAE(Autoencoder):
    """A code of bits, each relaxed to a number between 0 and 1; Bernoulli pixels; ReLU layers.

    The divergence is that of the bits themselves from fair coins, not of their relaxation: with it the
    loss is no bound on log p(x). The decoder mirrors the encoder.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Bits of the code.
        temperature: At which samples are relaxed. A sweep of it trains in one stack; a stage may
            schedule it.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"temperature"})
    temperature: Float[Tensor, ""]

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, temperature: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.register_buffer("temperature", torch.tensor(float(temperature)))
        self.draws = {"z": Draw("uniform", (latent,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The probability that each bit is 1."""
        bits: Tensor = self.encoder(x).sigmoid()
        return bits

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the likelier value of each bit and back."""
        return self.decode(self.encode(x).round())

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """Fair bits."""
        return (noise["z"] < 0.5).to(noise["z"].dtype)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) at a relaxed z + KL(bits, fair coins); nats per image."""
        logits = self.encoder(batch.x)
        z = relaxed_bits(logits, noise["z"], self.temperature)
        reconstruction = -Bernoulli(self.decoder(z)).log_prob(batch.x)
        p = logits.sigmoid()
        each = p * logsigmoid(logits) + (1 - p) * logsigmoid(-logits) + math.log(2)
        kl = each.sum(-1)
        return Objective(
            loss=reconstruction + kl, parts={"reconstruction": reconstruction, "kl": kl}
        )


class RelaxedCategoricalVAE(Autoencoder):
    """A code of classes, each a relaxed one-hot vector; Bernoulli pixels; ReLU layers.

    The divergence is that of the classes themselves from the uniform law, not of their relaxation: the
    loss is no bound on log p(x). The decoder mirrors the encoder.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Variables of the code.
        classes: Of each variable.
        temperature: At which samples are relaxed. A sweep of it trains in one stack; a stage may
            schedule it.
    """

    sweeps: ClassVar[frozenset[str]] = frozenset({"temperature"})
    temperature: Float[Tensor, ""]

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, classes: int, temperature: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent * classes], nn.ReLU)
        self.decoder = mlp([latent * classes, *hidden[::-1], features], nn.ReLU)
        self.classes = classes
        self.register_buffer("temperature", torch.tensor(float(temperature)))
        self.draws = {"z": Draw("uniform", (latent, classes))}

    def logits(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent classes"]:
        """Of the classes of each variable."""
        flat: Tensor = self.encoder(x)
        return flat.view(len(x), -1, self.classes)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """The probability of each class, variable after variable."""
        return self.logits(x).softmax(-1).flatten(1)

    def decode(self, z: Float[Tensor, "batch code"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel, in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the likeliest class of each variable and back."""
        return self.decode(_one_hot(self.logits(x)))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch code"]:
        """A class of each variable, all equally likely."""
        return _one_hot(noise["z"])

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-E log p(x given z) at a relaxed z + KL(classes, uniform); nats per image."""
        logits = self.logits(batch.x)
        z = relaxed_classes(logits, noise["z"], self.temperature)
        reconstruction = -Bernoulli(self.decoder(z.flatten(1))).log_prob(batch.x)
        each = logits.softmax(-1) * (logits.log_softmax(-1) + math.log(self.classes))
        kl = each.sum((-2, -1))
        return Objective(
            loss=reconstruction + kl, parts={"reconstruction": reconstruction, "kl": kl}
        )


def relaxed_bits(
    logits: Float[Tensor, "batch latent"],
    uniform: Float[Tensor, "batch latent"],
    temperature: Float[Tensor, ""],
) -> Float[Tensor, "batch latent"]:
    """The logistic function of (logits + logistic noise) / temperature."""
    u = _open(uniform)
    return ((logits + u.log() - (-u).log1p()) / temperature).sigmoid()


def relaxed_classes(
    logits: Float[Tensor, "batch latent classes"],
    uniform: Float[Tensor, "batch latent classes"],
    temperature: Float[Tensor, ""],
) -> Float[Tensor, "batch latent classes"]:
    """The softmax of (logits + Gumbel noise) / temperature."""
    gumbel = -(-_open(uniform).log()).log()
    return ((logits + gumbel) / temperature).softmax(-1)


def _open(uniform: Tensor) -> Tensor:
    """Away from 0 and 1 by the type's precision, as torch.distributions keeps it."""
    eps = torch.finfo(uniform.dtype).eps
    return uniform.clamp(eps, 1 - eps)


def _one_hot(scores: Float[Tensor, "batch latent classes"]) -> Float[Tensor, "batch code"]:
    """1 at the largest of each variable's scores."""
    places = torch.arange(scores.shape[-1], device=scores.device)
    largest = scores.argmax(-1, keepdim=True) == places
    return largest.to(scores.dtype).flatten(1)
