"""Groups of latent variables over places and scales, inferred on the way down from the top.

A. Vahdat and J. Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS 2020,
https://arxiv.org/abs/2007.03898; details as in https://github.com/NVlabs/NVAE.
"""

import math
from abc import abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from ae.maths.cells import LatentGroup, ResidualCell, halvings, largest_scales
from ae.maths.normals import Normals, bounded, divergence, log_density, relative, sampled
from ae.maths.probability import log_bernoulli
from ae.maths.small_convolutions import Conv, matrices
from ae.maths.spectral import SingularValues
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

PARTS = ("stem", "outer_up", "up", "summit", "groups", "outer_down", "pixels")  # of networks
LEAST = 0.01  # nats beside every group's divergence where it is balanced


Choice = Callable[[int, Tensor, list[Tensor], Normals], Tensor]


class LatentGroups(Autoencoder):
    """p(z_1) p(z_2 given z_1) ... p(x given all), Bernoulli pixels; q(z_l given x and z above it).

    A deterministic way up from x keeps a context for every group; on the way down each group meets
    the context from above. Images are framed by zeros to a side that is a power of two. What the
    divergence counts is the buffer `beta`, 1 unless a schedule raises it from 0.
    """

    in_turn: bool = True
    beta: Float[Tensor, ""]
    sizes: Float[Tensor, " groups"]

    def _build(
        self,
        features: int,
        *,
        channels: int,
        latent: int,
        groups: list[int],
        blocks: int,
        outer: int,
        inner: int,
        residual: bool,
        balanced: bool,
        spectral: float,
    ) -> None:
        """Make the networks and buffers, of a model's own arguments."""
        self.side = math.isqrt(features)
        self.padded = 1 << (self.side - 1).bit_length()
        top = self.padded >> (blocks + len(groups) - 1)
        if self.side**2 != features or top < 1:
            raise ValueError(
                f"features {features}, {blocks} blocks, {len(groups)} scales: expected a square "
                f"image whose side can be halved so often"
            )
        self.frame = [(self.padded - self.side + odd) // 2 for odd in (0, 1)] * 2  # of zeros
        self.residual, self.balanced, self.spectral = residual, balanced, spectral
        low = channels << blocks  # planes of the largest scale with latent variables
        large = self.padded >> blocks  # side of the largest scale with latent variables
        self.stem = Conv(1, channels, 3, self.padded)
        self.outer_up, self.outer_down = halvings(channels, self.padded, blocks, outer)
        ways: list[nn.Module] = []
        for up, count in enumerate(reversed(groups)):
            for i in range(count):
                steps = [ResidualCell(low << up, large >> up) for _ in range(inner)]
                if up and not i:
                    steps.insert(0, ResidualCell(low << (up - 1), large >> (up - 1), step="down"))
                ways.append(nn.Sequential(*steps))
        self.up = nn.ModuleList(ways)
        planes = low << (len(groups) - 1)
        self.summit = nn.Sequential(nn.ELU(), Conv(planes, planes, 1, top), nn.ELU())
        self.start = nn.Parameter(torch.rand(planes, top, top))
        scales = [scale for scale, count in enumerate(groups) for _ in range(count)]
        larger = [scale > before for before, scale in zip([0, *scales], scales, strict=False)]
        self.groups = nn.ModuleList(
            LatentGroup(planes >> at, top << at, latent, inner, first=not i, larger=larger[i])
            for i, at in enumerate(scales)
        )
        self.pixels = nn.Sequential(nn.ELU(), Conv(channels, 1, 3, self.padded))
        self.singular = SingularValues(self._matrices())
        sizes = torch.tensor([4.0**scale / groups[scale] for scale in scales])
        self.register_buffer("sizes", sizes / sizes.min())
        self.register_buffer("beta", torch.tensor(1.0))
        self.draws = {
            f"z{i}": Draw("normal", (latent, top << scale, top << scale))
            for i, scale in enumerate(scales, 1)
        }

    @abstractmethod
    def _told(self, group: int, contexts: list[Tensor]) -> Tensor:
        """What the prior of a group is told, of its own context, the last, and those above."""

    @abstractmethod
    def _seen(self, group: int, met: Tensor, context: Tensor, below: list[Tensor]) -> Tensor:
        """What the posterior is told, of what its own way up has met, and contexts nearer to x."""

    @abstractmethod
    def _joined(self, group: int, h: Tensor) -> Tensor:
        """What goes on down of a group's context and its latent variables."""

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x given z) + beta KL(q, p) + the spectral penalty, one sample; nats.

        `kl_1`, `kl_2`, ... are the groups' divergences from the top, each in closed form given the
        sample above; `penalty` is the spectral one. None of them is balanced.
        """
        logits, groups = self._inferred(batch.x, noise)
        reconstruction = -log_bernoulli(batch.x, logits)
        each = torch.stack([divergence(q, p).sum((1, 2, 3)) for _, q, p in groups], 1)
        kl = each.sum(1)
        penalty = self._penalty()
        loss = reconstruction + self.beta * (self._weights(each) * each).sum(1) + penalty
        named = {f"kl_{i}": own for i, own in enumerate(each.unbind(1), 1)}
        parts = {"reconstruction": reconstruction, "kl": kl, "bound": -reconstruction - kl, **named}
        return Objective(loss=loss, parts={**parts, "penalty": penalty.expand(len(kl))})

    def divergences(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> dict[str, Float[Tensor, "batch latent"]]:
        """KL(q, p) of each plane of latent variables, a sum over its places, by group; nats."""
        groups = self._inferred(x, noise)[1]
        each = [divergence(q, p).sum((2, 3)) for _, q, p in groups]
        return dict(zip(self.draws, each, strict=True))

    def log_weights(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) - log q(z given x) at one sample of all groups; nats."""
        logits, groups = self._inferred(x, noise)
        ratios = [log_density(z, p) - log_density(z, q) for z, q, p in groups]
        return log_bernoulli(x, logits) + torch.stack(ratios).sum(0)

    def log_joint(
        self, x: Float[Tensor, "batch features"], latent: Noise
    ) -> Float[Tensor, " batch"]:
        """log p(x, z) at the groups `latent["z1"]`, `latent["z2"]`, ... from the top; nats."""
        logits, priors = self._down(len(x), lambda group, *_: latent[f"z{group + 1}"])
        each = [log_density(latent[name], p) for name, p in zip(self.draws, priors, strict=True)]
        return log_bernoulli(x, logits) + torch.stack(each).sum(0)

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch code"]:
        """All groups from the top in a row, each at its mean given those above at theirs."""
        return torch.cat([z.flatten(1) for z, _, _ in self._inferred(x, None)[1]], 1)

    def decode(self, z: Float[Tensor, "batch code"]) -> Float[Tensor, "batch features"]:
        """The probability of each pixel given all groups, in a row from the top."""
        shapes = [draw.shape for draw in self.draws.values()]
        rows = torch.split(z, [math.prod(shape) for shape in shapes], 1)
        parts = [row.reshape(-1, *shape) for row, shape in zip(rows, shapes, strict=True)]
        return self._down(len(z), lambda group, *_: parts[group])[0].sigmoid()

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through `encode` and back."""
        return self.decode(self.encode(x))

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch code"]:
        """One sample of all groups from the prior, in a row from the top."""
        found: list[Tensor] = []

        def drawn(group: int, told: Tensor, contexts: list[Tensor], prior: Normals) -> Tensor:
            found.append(sampled(prior, noise[f"z{group + 1}"]).flatten(1))
            return found[-1].view(noise[f"z{group + 1}"].shape)

        self._down(len(noise["z1"]), drawn)
        return torch.cat(found, 1)

    def _inferred(
        self, x: Tensor, noise: Noise | None
    ) -> tuple[Tensor, list[tuple[Tensor, Normals, Normals]]]:
        """The pixels' logits, and sample, posterior and prior of each group; no noise: its mean."""
        planes = x.reshape(-1, 1, self.side, self.side)
        ups = [self.outer_up(self.stem(2 * pad(planes, self.frame) - 1))]
        for way in self.up:
            ups.append(way(ups[-1]))
        top, found = self.summit(ups[-1]), list[tuple[Tensor, Normals, Normals]]()

        def chosen(group: int, told: Tensor, contexts: list[Tensor], prior: Normals) -> Tensor:
            own = self.groups[group]
            assert isinstance(own, LatentGroup)
            met = own.meet(told) + ups[-1 - group] if group else top
            seen = self._seen(group, met, contexts[-1], ups[: -1 - group])
            said = bounded(own.posterior(seen))
            q = relative(prior, said) if self.residual else said
            z = q.mean if noise is None else sampled(q, noise[f"z{group + 1}"])
            found.append((z, q, prior))
            return z

        return self._down(len(x), chosen)[0], found

    def _down(self, count: int, choose: Choice) -> tuple[Tensor, list[Normals]]:
        """The pixels' logits and every group's prior, `choose` says each group's variables."""
        contexts: list[Tensor] = []
        priors: list[Normals] = []
        h = self.start.expand(count, *self.start.shape)
        for i, group in enumerate(self.groups):
            assert isinstance(group, LatentGroup)
            contexts.append(group.cells(h) if i else h)
            told = self._told(i, contexts)
            zeros = h.new_zeros(count, *self.draws["z1"].shape)
            priors.append(bounded(group.prior(told)) if i else Normals(zeros, zeros))
            z = choose(i, told, contexts, priors[-1])
            h = self._joined(i, group.join(torch.cat([contexts[-1], z], 1)))
        logits: Tensor = self.pixels(self.outer_down(h))
        return pad(logits, [-width for width in self.frame]).flatten(1), priors

    def _weights(self, each: Float[Tensor, "batch groups"]) -> Float[Tensor, " groups"]:
        """What each group's divergence counts while `beta` is below 1, on average 1; else 1.

        In proportion to its mean over the batch and the number of groups of its scale, inversely to
        the number of its places: groups that say little cost little.
        """
        if not self.balanced:
            return torch.ones_like(self.sizes)
        share = (each.detach().abs().mean(0) + LEAST) / self.sizes
        return torch.where(self.beta < 1, share / share.mean(), torch.ones_like(share))

    def _penalty(self) -> Float[Tensor, ""]:
        if not self.spectral:  # half of a small network's time
            return self.beta.new_zeros(())
        total: Tensor = self.singular(self._matrices()).sum() + largest_scales(self)
        return self.spectral * total

    def _matrices(self) -> list[Tensor]:
        return [matrix for name in PARTS for matrix in matrices(self.get_submodule(name))]
