"""Generative adversarial networks, fully connected, as in the authors' program for MNIST.

Goodfellow et al., Generative Adversarial Networks, NIPS 2014, https://arxiv.org/abs/1406.2661; the
network, dropout and initial weights of `mnist.yaml` in https://github.com/goodfeli/adversarial.
"""

import math
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.layers import Maxout, dropout
from ae.maths.networks import Dense, mlp, uniform_weights_
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

CLIP = 1e-7  # of the means of pixels whose logits the generator begins at


class GAN(Autoencoder):
    """A generator G and a discriminator D, each with a loss of its own.

    D minimises -1/2 log D(x) - 1/2 log(1 - D(G(z))); G minimises -log D(G(z)), the loss that the
    paper recommends for its gradient. Both losses see one D(G(z)), dropout included, and are
    followed at once, as the authors' program does. z is uniform with mean 0 and variance 1.

    Args:
        features: Number of pixels.
        latent: Size of z.
        hidden: Widths of the generator's rectified layers.
        units: Maxout units of each layer of the discriminator.
        pieces: Affine maps of each of them.
        keep_input: Probability that the discriminator sees a pixel.
        keep_hidden: And that it keeps a unit of its hidden layers.
        spread: Initial weights of the generator are uniform on plus and minus this.
        discriminator_spread: The same for the discriminator.
    """

    adversaries: ClassVar[tuple[str, ...]] = ("discriminator",)

    def __init__(
        self,
        features: int,
        *,
        latent: int,
        hidden: list[int],
        units: list[int],
        pieces: int,
        keep_input: float,
        keep_hidden: float,
        spread: float,
        discriminator_spread: float,
    ) -> None:
        super().__init__()
        self.generator = mlp([latent, *hidden, features], nn.ReLU)
        widths = [features, *units]
        layers = [Maxout(i, o, pieces) for i, o in zip(widths, units, strict=False)]
        self.discriminator = nn.ModuleList([*layers, Dense(widths[-1], 1)])
        self.keep = [keep_input, *[keep_hidden] * len(units)]
        uniform_weights_(self.generator, spread)
        uniform_weights_(self.discriminator, discriminator_spread)
        masks = [(f"{kind}_{i}", w) for kind in ("real", "made") for i, w in enumerate(widths)]
        self.draws = {"z": Draw("uniform", (latent,))}
        self.draws |= {name: Draw("uniform", (width,)) for name, width in masks}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Training needs z and what is dropped, a sample z alone."""
        return self.draws if objective == "objective" else {"z": self.draws["z"]}

    def set_bias(self, x: Float[Tensor, "examples features"]) -> None:
        """Start the generator's pixels from the logits of their means over the training set."""
        last = self.generator[-1]
        assert isinstance(last, nn.Linear)
        last.bias.copy_(x.mean(0).clamp(CLIP, 1 - CLIP).logit())

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """z, uniform on plus and minus sqrt(3)."""
        return math.sqrt(3) * (2 * noise["z"] - 1)

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """G(z): the image that the generator makes, in (0, 1)."""
        pixels: Tensor = self.generator(z).sigmoid()
        return pixels

    def logit(
        self, x: Float[Tensor, "batch features"], noise: Noise, kind: str
    ) -> Float[Tensor, " batch"]:
        """log D(x) / (1 - D(x)), with the dropout of the noise that is named after `kind`."""
        *layers, last = self.discriminator
        for i, layer in enumerate(layers):
            x = layer(dropout(x, noise[f"{kind}_{i}"], self.keep[i]))
        x = dropout(x, noise[f"{kind}_{len(layers)}"], self.keep[-1])
        score: Tensor = last(x)
        return score.squeeze(-1)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Both losses, in nats; what D gives to real and to made images is recorded."""
        real = self.logit(batch.x, noise, "real")
        made = self.logit(self.decode(self.prior_code(noise)), noise, "made")
        return Objective(
            loss=softplus(-made),
            parts={"real": real.sigmoid(), "made": made.sigmoid()},
            adversaries={"discriminator": 0.5 * (softplus(-real) + softplus(made))},
        )
