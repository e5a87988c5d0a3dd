"""The plain autoencoder with a narrow code, which sees pixels or their squares.

Exercises of the course CS-E4890 Deep Learning of Aalto University, as solved by H. Do,
https://github.com/huongdo108/Bottleneck-Denoising-Variational-Autoencoders
"""

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Noise, Objective


class BottleneckAE(Autoencoder):
    """The plain autoencoder: ReLU layers, a linear code, a mirrored decoder with linear outputs.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
        centre: Taken from a pixel before it enters, and added where it leaves.
        scale: What the rest is divided by; 0.5 and 0.5 take [0, 1] to [-1, 1].
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, centre: float, scale: float
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.centre, self.scale = centre, scale
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code."""
        z: Tensor = self.encoder((x - self.centre) / self.scale)
        return z

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back."""
        pixels: Tensor = self.decoder(self.encode(x)) * self.scale + self.centre
        return pixels

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error, mean over pixels, in the scaled units."""
        difference = (self.reconstruct(batch.x) - batch.x) / self.scale
        error = (difference**2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})


class SquaresAE(Autoencoder):
    """As `BottleneckAE`, with an encoder that sees x^2; its target is x all the same.

    The rival of reduced networks whose encoders are handed the squares: on varianceMNIST x has
    no sign to be told from x^2, so that there is nothing for this one to learn.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        latent: Size of the code.
    """

    def __init__(self, features: int, *, hidden: list[int], latent: int) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code of the squares."""
        z: Tensor = self.encoder(x**2)
        return z

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back, to pixels."""
        pixels: Tensor = self.decoder(self.encode(x))
        return pixels

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared error, mean over pixels."""
        error = ((self.reconstruct(batch.x) - batch.x) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})
