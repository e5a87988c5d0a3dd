"""Deep embedded clustering: an autoencoder's codes are moved to the clusters that they are near.

Xie, Girshick and Farhadi, Unsupervised Deep Embedding for Clustering Analysis, ICML 2016,
https://arxiv.org/abs/1511.06335
"""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from ae.maths.clustering import k_means, squared_distances
from ae.maths.networks import mlp
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

CHUNK = 10_000  # examples that are encoded at once


class DEC(Autoencoder):
    """q_ij: Student's t of the distance of code i to centre j; p_ij in proportion to q_ij^2 / sum_i q_ij.

    Stages: `reconstruct_pixels` trains the autoencoder, `place` puts the centres where k-means has
    them, and `objective`, with `retarget` called every so many steps, draws codes and centres
    together. p is that of the network as `retarget` last saw it. Once fewer than a share `tolerance`
    of the examples have changed their cluster from one call to the next, a member has arrived: its
    target stays, and its loss is 0. Weights begin uniform in +-sqrt(1 / inputs), biases 0.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code, ReLU.
        latent: Size of the code, which is linear, as are the reconstructed pixels.
        clusters: Number of clusters.
        starts: How often k-means is started.
        iterations: Of each start.
        tolerance: The share.
    """

    changed: Float[Tensor, ""]
    arrived: Float[Tensor, ""]
    calls: Float[Tensor, ""]
    frequency: Float[Tensor, " clusters"]

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        latent: int,
        clusters: int,
        starts: int,
        iterations: int,
        tolerance: float,
    ) -> None:
        super().__init__()
        widths = [features, *hidden, latent]
        self.encoder = mlp(widths, nn.ReLU)
        self.decoder = mlp(widths[::-1], nn.ReLU)
        self.centres = nn.Parameter(torch.zeros(clusters, latent))
        for layer in (*self.encoder, *self.decoder):
            if isinstance(layer, nn.Linear):
                bound = math.sqrt(1 / layer.in_features)
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.zeros_(layer.bias)
        self.layers = len(widths) - 1
        self.iterations, self.tolerance = iterations, tolerance
        for when in ("first", "target"):
            for i, (inputs, outputs) in enumerate(pairwise(widths)):
                self.register_buffer(f"{when}_weight_{i}", torch.zeros(outputs, inputs))
                self.register_buffer(f"{when}_bias_{i}", torch.zeros(outputs))
            self.register_buffer(f"{when}_centres", torch.zeros(clusters, latent))
        self.register_buffer("frequency", torch.ones(clusters))
        self.register_buffer("changed", torch.ones(()))
        self.register_buffer("arrived", torch.zeros(()))
        self.register_buffer("calls", torch.zeros(()))
        self._starts = Draw("uniform", (starts, clusters))
        self.draws = {}

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """Where k-means begins, for `place`."""
        return {"starts": self._starts} if objective == "place" else {}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code."""
        z: Tensor = self.encoder(x)
        return z

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Pixels, which may be any numbers."""
        pixels: Tensor = self.decoder(self.encode(x))
        return pixels

    def cluster(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch clusters"]:
        """q of each cluster."""
        return soft_assignment(self.encode(x), self.centres)

    def first_cluster(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch clusters"]:
        """q of each cluster where k-means had put the centres: before any clustering step."""
        return self._snapshot(x, "first")

    def last_cluster(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch clusters"]:
        """q of each cluster as `retarget` last saw it, or where the member had arrived."""
        return self._snapshot(x, "target")

    def reconstruct_pixels(self, batch: Batch, noise: Noise) -> Objective:
        """Mean squared error per pixel."""
        error = ((self.reconstruct(batch.x) - batch.x) ** 2).mean(-1)
        return Objective(loss=error, parts={"squared_error": error})

    def place(self, x: Float[Tensor, "examples features"], noise: Noise) -> None:
        """Put the centres where k-means of the codes has them."""
        z = torch.cat([self.encode(part) for part in torch.split(x, CHUNK)])
        self.centres.copy_(k_means(z, noise["starts"][0], iterations=self.iterations))
        self._keep("first", torch.ones_like(self.arrived))
        self._keep("target", torch.ones_like(self.arrived))

    def retarget(self, x: Float[Tensor, "examples features"]) -> None:
        """Take the present network for the one that p is of, unless it has arrived."""
        total = torch.zeros_like(self.frequency)
        moved = torch.zeros_like(self.changed)
        for part in torch.split(x, CHUNK):
            q = self.cluster(part)
            total = total + q.sum(0)
            moved = moved + (q.argmax(-1) != self._snapshot(part, "target").argmax(-1)).sum()
        share = moved / len(x)
        going = 1 - self.arrived
        self.changed.copy_(torch.where(going > 0, share, self.changed))
        now = (self.calls > 0) & (share < self.tolerance)
        self.arrived.copy_(torch.maximum(self.arrived, now.to(share)))
        self.calls.add_(1)
        self.frequency.copy_(torch.where(going > 0, total, self.frequency))
        self._keep("target", going)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """KL(p, q) of each example, in nats; 0 for a member that has arrived."""
        log_q = self.cluster(batch.x).log()
        weight = self._snapshot(batch.x, "target") ** 2 / self.frequency
        p = (weight / weight.sum(-1, keepdim=True)).detach()
        kl = (torch.xlogy(p, p) - p * log_q).sum(-1)
        return Objective(
            loss=(1 - self.arrived) * kl,
            parts={"kl": kl, "changed": self.changed.expand_as(kl)},
        )

    def _snapshot(
        self, x: Float[Tensor, "batch features"], when: str
    ) -> Float[Tensor, "batch clusters"]:
        """q of the network that was kept."""
        for i in range(self.layers):
            x = linear(x, getattr(self, f"{when}_weight_{i}"), getattr(self, f"{when}_bias_{i}"))
            x = x.relu() if i + 1 < self.layers else x
        return soft_assignment(x, getattr(self, f"{when}_centres"))

    def _keep(self, when: str, going: Float[Tensor, ""]) -> None:
        """Copy the present network, where `going` is 1."""
        layers = [layer for layer in self.encoder if isinstance(layer, nn.Linear)]
        pairs: list[tuple[Tensor, Tensor]] = [(getattr(self, f"{when}_centres"), self.centres)]
        for i, layer in enumerate(layers):
            pairs.append((getattr(self, f"{when}_weight_{i}"), layer.weight))
            pairs.append((getattr(self, f"{when}_bias_{i}"), layer.bias))
        for kept, present in pairs:
            kept.copy_(torch.where(going > 0, present, kept))


def soft_assignment(
    z: Float[Tensor, "batch latent"], centres: Float[Tensor, "clusters latent"]
) -> Float[Tensor, "batch clusters"]:
    """1 / (1 + |z - c|^2), divided by its sum over centres: Student's t with one degree of freedom."""
    q = 1 / (1 + squared_distances(z, centres))
    return q / q.sum(-1, keepdim=True)
