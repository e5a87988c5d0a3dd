"""Adversarial autoencoder: the codes of the data are made to be distributed as a prior.

Makhzani, Shlens, Jaitly, Goodfellow and Frey, Adversarial Autoencoders, ICLR 2016 workshop,
https://arxiv.org/abs/1511.05644. The gaussian posterior and the dropout of its hidden layers are of
a reproduction, https://github.com/keil555/AAE_paddle.
"""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot, softplus

from ae.maths.adversarial import judging
from ae.maths.initial import initialise_
from ae.maths.layers import dropout
from ae.maths.networks import Dense, normal_weights_
from ae.maths.priors import petal, petal_distance, roll, roll_distance
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

Prior = Literal["normal", "petals", "roll"]


class AAE(Autoencoder):
    """Reconstruction, and codes that a discriminator cannot tell from samples of a prior.

    Three phases on every batch: `objective` trains the autoencoder; `discrimination` trains the
    discriminator by -log D(z_prior) - log(1 - D(z)); `confusion` trains the encoder by -log D(z).

    With `told` the discriminator is told the class: which part of the prior a sample is of, and the
    label of the image that a code is of. An image whose label is hidden has a class of its own, and
    beside it stand samples of the whole prior.

    Args:
        features: Number of pixels.
        hidden: Widths of the encoder's rectified layers; the decoder mirrors them.
        discriminator: Widths of the discriminator's rectified layers.
        latent: Size of the code; 2 for the priors in the plane.
        prior: `normal`, `petals` (a mixture of Gaussians) or `roll` (a Swiss roll).
        scale: Standard deviation of the normal prior.
        classes: Parts of the priors in the plane.
        told: Whether the discriminator is told the class.
        cost: `squared`, half the squared error; or `cross_entropy`, its mean over pixels.
        posterior: `none`, the code is a function of the image; or `gaussian`, with noise of
            standard deviation `scale` times exp(logvar / 2), as the reproduction has it.
        keep: Probability to keep a unit of a hidden layer in training.
        init: Standard deviation of the initial weights, or `glorot`; biases begin at 0.
    """

    hidden_labels: ClassVar[bool] = True

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        discriminator: list[int],
        latent: int,
        prior: Prior,
        scale: float,
        classes: int,
        told: bool,
        cost: Literal["squared", "cross_entropy"],
        posterior: Literal["none", "gaussian"],
        keep: float,
        init: float | Literal["glorot"],
    ) -> None:
        super().__init__()
        if prior != "normal" and latent != 2:
            raise ValueError(f"latent {latent}: prior {prior!r} lies in the plane; expected 2")
        self.latent, self.prior, self.scale, self.classes = latent, prior, scale, classes
        self.told, self.cost, self.keep = told, cost, keep
        self.gaussian = posterior == "gaussian"
        outputs = latent * (2 if self.gaussian else 1)
        seen = latent + (classes + 1) * told
        self.encoder = _layers([features, *hidden, outputs])
        self.decoder = _layers([latent, *hidden[::-1], features])
        self.discriminator = _layers([seen, *discriminator, 1])
        if init == "glorot":
            initialise_(self, "glorot_uniform")
        else:
            normal_weights_(self, init)
        self._masks = {"encoder": hidden, "decoder": hidden[::-1], "discriminator": discriminator}
        own = {"code": Draw("normal", (latent,))}
        code = own if self.gaussian else {}
        self._prior = {"normal": Draw("normal", (latent,)), "uniform": Draw("uniform", (2,))}
        if prior == "normal":
            del self._prior["uniform"]
        elif prior == "roll":
            del self._prior["normal"]
        fake = self._dropped("discriminator", "fake")
        self._draws = {
            "objective": code | self._dropped("encoder") | self._dropped("decoder"),
            "discrimination": code | self._prior | fake | self._dropped("discriminator", "real"),
            "confusion": code | self._dropped("encoder") | fake,
            "prior_code": self._prior,
            "sample_code": own,
        }
        self.draws = self._draws["objective"]

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """What each phase draws: of the prior, of the posterior, and what is dropped."""
        return self._draws[objective]

    def _dropped(self, network: str, kind: str = "") -> dict[str, Draw]:
        if self.keep == 1:
            return {}
        name = f"{network}{kind and '_'}{kind}"
        widths = self._masks[network]
        return {f"{name}_{i}": Draw("uniform", (width,)) for i, width in enumerate(widths)}

    def _run(
        self, network: nn.Module, x: Float[Tensor, "batch inputs"], noise: Noise, name: str
    ) -> Float[Tensor, "batch outputs"]:
        """A network's outputs; units are dropped where there is noise for it."""
        assert isinstance(network, nn.ModuleList)
        *layers, last = network
        for i, layer in enumerate(layers):
            x = layer(x).relu()
            if f"{name}_{i}" in noise:
                x = dropout(x, noise[f"{name}_{i}"], self.keep)
        outputs: Tensor = last(x)
        return outputs

    def _code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        outputs = self._run(self.encoder, x, noise, "encoder")
        if not self.gaussian:
            return outputs
        mean, logvar = outputs.chunk(2, -1)
        return mean + self.scale * (logvar / 2).exp() * noise["code"]

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code, or the mean of its posterior."""
        return self._run(self.encoder, x, {}, "encoder")[..., : self.latent]

    def sample_code(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """The code, or a sample of its posterior, without dropout."""
        return self._code(x, noise)

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The pixels that the decoder makes, in (0, 1)."""
        return self._run(self.decoder, z, {}, "decoder").sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back."""
        return self.decode(self.encode(x))

    def part_distances(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch parts"]:
        """Squared distance of a code from each part of the prior, in the part's own deviations.

        A normal prior is one part. Of the roll, which has no width, the distance is Euclidean.
        """
        if self.prior == "normal":
            return ((z / self.scale) ** 2).sum(-1, keepdim=True)
        measure = petal_distance if self.prior == "petals" else roll_distance
        return measure(z, classes=self.classes)

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch parts"]:
        """Log responsibility of each part for the code, up to a constant; of the roll, nearness."""
        return -0.5 * self.part_distances(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """A sample of the prior."""
        return self._sample(None, noise)

    def _sample(
        self, y: Int[Tensor, " batch"] | None, noise: Noise
    ) -> Float[Tensor, "batch latent"]:
        """A sample of the part of the prior that belongs to a label; of any part where none is told."""
        if self.prior == "normal":
            return self.scale * noise["normal"]
        any_part = (noise["uniform"][..., 0] * self.classes).long()
        part = any_part if y is None else torch.where(y >= 0, y, any_part)
        if self.prior == "petals":
            return petal(noise["normal"], part, classes=self.classes)
        return roll(noise["uniform"][..., 1], part, classes=self.classes)

    def _logit(
        self,
        z: Float[Tensor, "batch latent"],
        y: Int[Tensor, " batch"] | None,
        noise: Noise,
        kind: str,
    ) -> Float[Tensor, " batch"]:
        if self.told:
            assert y is not None
            known = one_hot(torch.where(y >= 0, y, self.classes), self.classes + 1)
            z = torch.cat([z, known.to(z)], -1)
        return self._run(self.discriminator, z, noise, f"discriminator_{kind}").squeeze(-1)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Reconstruction: half the squared error, or the cross entropy per pixel."""
        logits = self._run(self.decoder, self._code(batch.x, noise), noise, "decoder")
        if self.cost == "squared":
            cost = 0.5 * ((batch.x - logits.sigmoid()) ** 2).sum(-1)
        else:
            cost = binary_cross_entropy_with_logits(logits, batch.x, reduction="none").mean(-1)
        return Objective(loss=cost, parts={"reconstruction": cost})

    def discrimination(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(z_prior) - log(1 - D(z)); what D gives to either is recorded."""
        with torch.no_grad():
            z = self._code(batch.x, noise)
        y = batch.y if self.told else None
        real = self._logit(self._sample(y, noise), batch.y, noise, "real")
        fake = self._logit(z, batch.y, noise, "fake")
        return Objective(
            loss=judging(real, fake),
            parts={"prior": real.sigmoid(), "codes": fake.sigmoid()},
        )

    def confusion(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(z), which the encoder brings down."""
        logit = self._logit(self._code(batch.x, noise), batch.y, noise, "fake")
        return Objective(loss=softplus(-logit), parts={})


def _layers(widths: list[int]) -> nn.ModuleList:
    return nn.ModuleList([Dense(i, o) for i, o in pairwise(widths)])
