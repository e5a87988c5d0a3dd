"""Importance weighted autoencoder, with one or more stochastic layers.

Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016,
https://arxiv.org/abs/1509.00519
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import Dense, mlp
from ae.maths.probability import log_bernoulli, log_normal, log_standard_normal
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class IWAE(Autoencoder):
    """q(h1 given x) q(h2 given h1) ... and p(h_L) ... p(h1 given h2) p(x given h1), Bernoulli pixels.

    Every conditional is a Gaussian whose mean and log deviation come from two tanh layers; so do
    the logits of the pixels. Weights start from Glorot's uniform law, biases at zero.

    Args:
        features: Number of pixels.
        hidden: Width of the two deterministic layers under each stochastic one, from the pixels up.
        latent: Size of each stochastic layer, in the same order.
        samples: k, how many samples of all layers the training objective draws for an example.
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: list[int], samples: int
    ) -> None:
        super().__init__()
        if len(hidden) != len(latent) or not latent:
            raise ValueError(f"hidden {hidden}, latent {latent}: expected as many, at least one")
        sizes = list(zip([features, *latent], hidden, latent, strict=False))
        self.encoder = nn.ModuleList(_conditional(low, h, 2 * z) for low, h, z in sizes)
        self.decoder = nn.ModuleList(
            _conditional(z, h, features if i == 0 else 2 * low)
            for i, (low, h, z) in enumerate(sizes)
        )
        self.latent, self.samples = latent, samples
        self.draws = self._noise(samples)

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """`samples` of every layer for the two bounds that take them, else one."""
        if objective in ("objective", "average"):
            return self.draws
        return self._noise(1 if objective == "single" else None)

    def _noise(self, samples: int | None) -> dict[str, Draw]:
        shape = () if samples is None else (samples,)
        return {f"h{i}": Draw("normal", (*shape, size)) for i, size in enumerate(self.latent, 1)}

    def set_bias(self, x: Float[Tensor, "examples features"]) -> None:
        """Start the pixels' biases from the logits of their means, held to [0.001, 0.999]."""
        _linear(self.decoder[0], -1).bias.copy_(x.mean(0).clamp(0.001, 0.999).logit())

    def encode_first(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of q(h1 given x)."""
        mean: Tensor = self.encoder[0](x).chunk(2, -1)[0]
        return mean

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The mean of the last layer, every layer below taken at its mean."""
        h = x
        for conditional in self.encoder:
            h = conditional(h).chunk(2, -1)[0]
        return h

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel given the last layer, those between taken at their means."""
        h = z
        for conditional in list(self.decoder)[:0:-1]:
            h = conditional(h).chunk(2, -1)[0]
        pixels: Tensor = self.decoder[0](h).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the means of all layers and back."""
        return self.decode(self.encode(x))

    def remove(self, *kept: Float[Tensor, " _"]) -> None:
        """Take units out, in place: of each stochastic layer, those whose number in `kept` is 0.

        Nothing reads such a unit any more, and given whatever it is N(0, 1) in encoder and decoder
        alike, so that it cancels from every weight: what is left is the model without it.
        """
        for i, keep in enumerate(kept):
            heads, readers = [self.encoder[i]], [self.decoder[i]]
            if i + 1 < len(self.latent):
                heads.append(self.decoder[i + 1])
                readers.append(self.encoder[i + 1])
            both = torch.cat([keep, keep])  # means, then log deviations
            for head in heads:
                last = _linear(head, -1)
                last.weight.mul_(both.unsqueeze(1))
                last.bias.mul_(both)
            for reader in readers:
                _linear(reader, 0).weight.mul_(keep)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-L_k = -log (1/k) sum_i w_i, over k samples of all layers; nats per image."""
        weights = self._log_weights(batch.x, noise)
        bound = weights.logsumexp(-1) - math.log(weights.shape[-1])
        return Objective(loss=-bound, parts={"elbo": weights.mean(-1)})

    def average(self, batch: Batch, noise: Noise) -> Objective:
        """-(1/k) sum_i log w_i: the variational autoencoder's bound, with k samples of it."""
        weights = self._log_weights(batch.x, noise)
        return Objective(loss=-weights.mean(-1), parts={"elbo": weights.mean(-1)})

    def single(self, batch: Batch, noise: Noise) -> Objective:
        """-log w of one sample: both bounds with k = 1."""
        return self.average(batch, noise)

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, h) - log q(h given x) at one sample of all layers; nats."""
        each = {name: value.unsqueeze(1) for name, value in noise.items()}
        return self._log_weights(x, each).squeeze(1)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, h) at the layers `latent["h1"]`, `latent["h2"]`, ...; nats."""
        layers = [latent[f"h{i}"] for i in range(1, len(self.latent) + 1)]
        return self._log_joint(x, layers)

    def _log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, "batch k"]:
        batch, k = noise["h1"].shape[:2]
        mean, deviation = self.encoder[0](x).chunk(2, -1)
        mean, deviation = (
            t.unsqueeze(1).expand(-1, k, -1).flatten(0, 1) for t in (mean, deviation)
        )
        log_q = x.new_zeros(())
        layers: list[Tensor] = []
        for i in range(len(self.latent)):
            if i > 0:
                mean, deviation = self.encoder[i](layers[-1]).chunk(2, -1)
            h = mean + deviation.exp() * noise[f"h{i + 1}"].flatten(0, 1)
            log_q = log_q + log_normal(h, mean, 2 * deviation)
            layers.append(h)
        many = x.unsqueeze(1).expand(-1, k, -1).flatten(0, 1)
        return (self._log_joint(many, layers) - log_q).reshape(batch, k)

    def _log_joint(
        self, x: Float[Tensor, "batch features"], layers: Sequence[Tensor]
    ) -> Float[Tensor, " batch"]:
        total = log_standard_normal(layers[-1])
        for i in range(len(layers) - 1, 0, -1):
            mean, deviation = self.decoder[i](layers[i]).chunk(2, -1)
            total = total + log_normal(layers[i - 1], mean, 2 * deviation)
        return total + log_bernoulli(x, self.decoder[0](layers[0]))


def _linear(conditional: nn.Module, index: int) -> nn.Linear:
    """A layer of a conditional's network, from its first (0) to its last (-1)."""
    layer = list(conditional.children())[index]
    assert isinstance(layer, nn.Linear)
    return layer


def _conditional(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    network = mlp([inputs, hidden, hidden, outputs], nn.Tanh)
    for layer in network:
        if isinstance(layer, Dense):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network
