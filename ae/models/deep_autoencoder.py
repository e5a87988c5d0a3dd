"""Deep autoencoder, pretrained as a stack of restricted Boltzmann machines.

Hinton and Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313
(2006), https://doi.org/10.1126/science.1127647
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from ae.maths.networks import Dense, activities, linear
from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class DeepAutoencoder(Autoencoder):
    """Logistic layers, a linear code, a mirrored decoder with weights of its own.

    Layer i of the encoder and its mirror in the decoder are the two sides of one machine: during
    pretraining the encoder's weight and bias belong to it, and the mirror's bias is its visible
    bias. `unroll` then gives the mirror the transposed weight.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code; empty gives logistic PCA.
        latent: Size of the linear code.
        init: Standard deviation of the initial weights; biases start at zero.
    """

    def __init__(self, features: int, *, hidden: list[int], latent: int, init: float) -> None:
        super().__init__()
        self.widths = [features, *hidden, latent]
        self.encoder = _linears(self.widths, init)
        self.decoder = _linears(self.widths[::-1], init)
        self.draws = {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The linear code."""
        *logistic, linear = self.encoder
        z: Tensor = linear(activities(logistic, x))
        return z

    def logits(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """What the decoder says of each pixel, before the logistic function."""
        *logistic, last = self.decoder
        logits: Tensor = last(activities(logistic, z))
        return logits

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """Pixel intensities in (0, 1)."""
        return self.logits(z).sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back."""
        return self.decode(self.encode(x))

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Fine-tuning: cross-entropy -sum_i p_i log q_i + (1 - p_i) log(1 - q_i) per image."""
        logits = self.logits(self.encode(batch.x))
        cross_entropy = -log_bernoulli(batch.x, logits)
        squared_error = ((logits.sigmoid() - batch.x) ** 2).sum(-1)
        return Objective(loss=cross_entropy, parts={"squared_error": squared_error})

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """One number per hidden unit of the machine that is being trained."""
        if objective != "contrastive_divergence" or layer is None:
            return self.draws
        shape = (self.widths[layer + 1],)
        return {"hidden": Draw("normal" if self._is_code(layer) else "uniform", shape)}

    def contrastive_divergence(self, batch: Batch, noise: Noise, *, layer: int) -> Objective:
        """CD-1 for one machine: F(data) - F(reconstruction), the reconstruction held fixed.

        Its gradient is <v h>_data - <v h>_reconstruction with real-valued hidden probabilities.
        Hidden states are sampled for the step down; reconstructed pixels are probabilities.
        """
        visible = activities(self.encoder[:layer], batch.x).detach()
        hidden, mirror = self._machine(layer)
        with torch.no_grad():
            if self._is_code(layer):
                states = hidden(visible) + noise["hidden"]
            else:
                states = (noise["hidden"] < hidden(visible).sigmoid()).to(visible)
            chain = (states @ hidden.weight + mirror.bias).sigmoid()
        both = self._free_energy(torch.cat([visible, chain]), layer)
        contrast = both[: len(visible)] - both[len(visible) :]
        return Objective(loss=contrast, parts={"reconstruction": ((visible - chain) ** 2).sum(-1)})

    def _free_energy(
        self, v: Float[Tensor, "batch visible"], layer: int
    ) -> Float[Tensor, " batch"]:
        """F(v) = -b v - sum_j log(1 + exp(c_j + W_j v)); Gaussian units give -(c + W v)^2 / 2."""
        hidden, mirror = self._machine(layer)
        activity = hidden(v)
        free = activity**2 / 2 if self._is_code(layer) else softplus(activity)
        # Not v @ b: products with a vector add in another order alone than among others on some CPUs.
        return -(v * mirror.bias).sum(-1) - free.sum(-1)

    def _machine(self, layer: int) -> tuple[nn.Linear, nn.Linear]:
        """A layer of the encoder and its mirror in the decoder."""
        mirror = len(self.encoder) - 1 - layer
        return linear(self.encoder, layer), linear(self.decoder, mirror)

    def _is_code(self, layer: int) -> bool:
        return layer == len(self.encoder) - 1

    def unroll(self) -> None:
        """Start the decoder from the transposed weights of the encoder."""
        for layer in range(len(self.encoder)):
            up, down = self._machine(layer)
            down.weight.copy_(up.weight.T)


def _linears(widths: Sequence[int], init: float) -> nn.ModuleList:
    layers = [Dense(inputs, outputs) for inputs, outputs in pairwise(widths)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=init)
        nn.init.zeros_(layer.bias)
    return nn.ModuleList(layers)
