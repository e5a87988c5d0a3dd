"""Adversarial autoencoder whose code is a class, inferred, beside a style.

Makhzani, Shlens, Jaitly, Goodfellow and Frey, Adversarial Autoencoders, ICLR 2016 workshop,
https://arxiv.org/abs/1511.05644, figure 8: from some labels, or from none.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ae.maths.adversarial import every_class, judged, judging
from ae.maths.layers import Normalised, dropout
from ae.maths.networks import Dense, mlp, normal_weights_
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective, classification


class CategoricalAAE(Autoencoder):
    """A class q(y given x) and a style z, each held to its prior by a discriminator of its own.

    The priors are uniform over one-hot classes and N(0, I); the decoder sees probabilities of the
    classes. With the phase `supervision`, on images that show their label, the classes are those of
    the labels; without, they are clusters.

    Args:
        features: Number of pixels.
        hidden: Widths of the encoder's rectified layers; the decoder mirrors them.
        discriminator: Widths of the discriminators' rectified layers.
        latent: Size of the style.
        classes: Number of classes, or of clusters.
        normalised: Whether every layer of the encoder, the two last included, is followed by batch
            normalisation.
        keep: Probability that the encoder sees a pixel in training.
        noise: Standard deviation of Gaussian noise that pixels get in training.
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    hidden_labels: ClassVar[bool] = True

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        discriminator: list[int],
        latent: int,
        classes: int,
        normalised: bool,
        keep: float,
        noise: float,
        init: float,
    ) -> None:
        super().__init__()
        units = zip([features, *hidden], hidden, strict=False)
        layers = [(*_head(i, o, normalised), nn.ReLU()) for i, o in units]
        self.encoder = nn.Sequential(*(module for layer in layers for module in layer))
        self.label = nn.Sequential(*_head(hidden[-1], classes, normalised))
        self.style = nn.Sequential(*_head(hidden[-1], latent, normalised))
        self.decoder = mlp([classes + latent, *hidden[::-1], features], nn.ReLU)
        self.label_discriminator = mlp([classes, *discriminator, 1], nn.ReLU)
        self.style_discriminator = mlp([latent, *discriminator, 1], nn.ReLU)
        for linear in (m for m in self.modules() if isinstance(m, nn.Linear)):
            normal_weights_(linear, init)
        self.classes, self.keep, self.noise = classes, keep, noise
        prior = {"z": Draw("normal", (latent,)), "y": Draw("uniform", ())}
        seen = {"kept": Draw("uniform", (features,)), "pixels": Draw("normal", (features,))}
        used = {"kept": keep < 1, "pixels": noise > 0}
        self.draws = {name: draw for name, draw in seen.items() if used[name]}
        self._draws = {"discrimination": self.draws | prior, "prior_code": {"z": prior["z"]}}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """What the input suffers, and samples of the priors for the discriminators."""
        return self._draws.get(objective, self.draws)

    def _seen(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch features"]:
        """The image as the encoder sees it in training."""
        if "pixels" in noise:
            x = x + self.noise * noise["pixels"]
        return dropout(x, noise["kept"], self.keep) if "kept" in noise else x

    def _code(
        self, x: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch classes"], Float[Tensor, "batch latent"]]:
        """Logits of the classes, and the style."""
        features = self.encoder(x)
        return self.label(features), self.style(features)

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """log q(y given x) up to a constant."""
        return self._code(x)[0]

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The style."""
        return self._code(x)[1]

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """A style of N(0, I)."""
        return noise["z"]

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through class and style, and back."""
        logits, z = self._code(x)
        pixels: Tensor = self.decoder(torch.cat([logits.softmax(-1), z], -1)).sigmoid()
        return pixels

    def every_class(
        self, z: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, "batch classes features"]:
        """The images of each class in this style, in (0, 1)."""
        return every_class(self.decoder, z, self.classes)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Half the squared error, from the probabilities of the classes and the style."""
        logits, z = self._code(self._seen(batch.x, noise))
        made = self.decoder(torch.cat([logits.softmax(-1), z], -1)).sigmoid()
        cost = 0.5 * ((batch.x - made) ** 2).sum(-1)
        return Objective(loss=cost, parts={"reconstruction": cost})

    def discrimination(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(prior) - log(1 - D(code)) of both discriminators, which share no parameter."""
        with torch.no_grad():
            logits, z = self._code(self._seen(batch.x, noise))
        drawn = one_hot((noise["y"] * self.classes).long(), self.classes).to(z)
        labels = [judged(self.label_discriminator, y) for y in (drawn, logits.softmax(-1))]
        styles = [judged(self.style_discriminator, code) for code in (noise["z"], z)]
        names = ("label_prior", "label_codes", "style_prior", "style_codes")
        return Objective(
            loss=judging(*labels) + judging(*styles),
            parts={n: d.sigmoid() for n, d in zip(names, [*labels, *styles], strict=True)},
        )

    def confusion(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(y) - log D(z), which the encoder brings down."""
        logits, z = self._code(self._seen(batch.x, noise))
        label = judged(self.label_discriminator, logits.softmax(-1))
        return Objective(softplus(-label) + softplus(-judged(self.style_discriminator, z)), {})

    def supervision(self, batch: Batch, noise: Noise) -> Objective:
        """-log q(y given x) at the label; an image that hides it costs nothing."""
        assert batch.y is not None
        told = (batch.y >= 0).to(batch.x)
        out = classification(self._code(self._seen(batch.x, noise))[0], batch.y.clamp(min=0))
        return Objective(told * out.loss, {"error": told * out.parts["error"]})


def _head(inputs: int, outputs: int, normalised: bool) -> list[nn.Module]:
    """An affine layer, and perhaps batch normalisation."""
    return [Dense(inputs, outputs), *([Normalised(outputs)] if normalised else [])]
