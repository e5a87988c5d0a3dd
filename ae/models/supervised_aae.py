"""Adversarial autoencoder whose decoder is told the label, so that the code keeps the style.

Makhzani, Shlens, Jaitly, Goodfellow and Frey, Adversarial Autoencoders, ICLR 2016 workshop,
https://arxiv.org/abs/1511.05644, figure 6.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ae.maths.adversarial import every_class, judged, judging
from ae.maths.networks import mlp, normal_weights_
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class SupervisedAAE(Autoencoder):
    """The decoder is told the label, and the code, held to N(0, I), keeps the rest: the style.

    Args:
        features: Number of pixels.
        hidden: Widths of the encoder's rectified layers; the decoder mirrors them.
        discriminator: Widths of the discriminator's rectified layers.
        latent: Size of the style.
        classes: Number of labels.
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        discriminator: list[int],
        latent: int,
        classes: int,
        init: float,
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent + classes, *hidden[::-1], features], nn.ReLU)
        self.discriminator = mlp([latent, *discriminator, 1], nn.ReLU)
        normal_weights_(self, init)
        self.classes = classes
        self.draws = {"z": Draw("normal", (latent,))}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Samples of the prior, for the discriminator and for pictures."""
        return self.draws if objective in ("discrimination", "prior_code") else {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The style."""
        z: Tensor = self.encoder(x)
        return z

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """A style of N(0, I)."""
        return noise["z"]

    def every_class(
        self, z: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, "batch classes features"]:
        """The images of each class in this style, in (0, 1)."""
        return every_class(self.decoder, z, self.classes)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Half the squared error, from style and label."""
        assert batch.y is not None
        label = one_hot(batch.y, self.classes).to(batch.x)
        made = self.decoder(torch.cat([label, self.encode(batch.x)], -1)).sigmoid()
        cost = 0.5 * ((batch.x - made) ** 2).sum(-1)
        return Objective(loss=cost, parts={"reconstruction": cost})

    def discrimination(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(z_prior) - log(1 - D(z))."""
        with torch.no_grad():
            z = self.encode(batch.x)
        real, fake = judged(self.discriminator, noise["z"]), judged(self.discriminator, z)
        return Objective(judging(real, fake), {"prior": real.sigmoid(), "codes": fake.sigmoid()})

    def confusion(self, batch: Batch, noise: Noise) -> Objective:
        """-log D(z), which the encoder brings down."""
        return Objective(softplus(-judged(self.discriminator, self.encode(batch.x))), {})
