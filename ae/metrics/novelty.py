"""How probable an image is by the manifold that an autoencoder has learned of normal ones.

Pidhorskyi, Almohsen and Doretto, Generative Probabilistic Novelty Detection with Adversarial
Autoencoders, NeurIPS 2018, https://arxiv.org/abs/1807.02588, and their code,
https://github.com/podgorskiy/GPND: log p(x) = log |det S^-1| + log p(z) + log p(|w|), S the singular
values of the code's derivative by the pixels, p(z) a generalised Gaussian a dimension, |w| the
distance of x from its reconstruction. All three are fitted to the training images.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.func import jacrev, vmap

from ae.metrics.anomaly import anomalous, area, both_kinds
from ae.metrics.shared import finite
from ae.spec.facts import measure
from ae.training.trained_run import Trained

BINS = 30  # of the histogram of distances, as in the authors' code
TINY = 1e-308  # what lies outside of it
UNLIKELY = -1000.0  # log p(z) of a code whose density is 0 in double precision
ROWS = 250  # images whose derivatives are taken at once


@measure(label="AUROC of -log p(x) by the learned manifold", unit="", better="higher")
def auroc(trained: Trained, *, power: float) -> list[float]:
    """AUROC of -log p(x) on the whole test set, between 0 and 1; higher is better.

    `power` multiplies the dimension of the space across the manifold, as the authors correct it.

    Raises:
        UserError: The test set has no normal or no anomalous example.
    """
    return _measured(trained, lambda parts: parts.total(power))


@measure(label="AUROC of the same without dz/dx", unit="", better="higher")
def auroc_without_tangent(trained: Trained, *, power: float) -> list[float]:
    """The same without the first term: the density of the code and that of the distance."""
    return _measured(trained, lambda parts: parts.total(power) - parts.tangent)


class _Terms(NamedTuple):
    """The terms of log p of each test image of one seed; `across` is the dimension off the manifold."""

    tangent: NDArray[np.float64]
    code: NDArray[np.float64]
    distance: NDArray[np.float64]
    log_density: NDArray[np.float64]
    across: int

    def total(self, power: float) -> NDArray[np.float64]:
        """log p(x)."""
        n = self.across * power
        sphere = math.lgamma(n / 2) - n / 2 * math.log(2 * math.pi)
        parallel = sphere - (n - 1) * np.log(self.distance) + self.log_density
        total: NDArray[np.float64] = self.tangent + self.code + parallel
        return total


def _terms(trained: Trained, seed: int) -> _Terms:
    z, far = codes(trained, "train", seed), distances(trained, "train", seed)
    asked, distance = codes(trained, "test", seed), distances(trained, "test", seed)
    return _Terms(
        tangent=-log_volume(trained, seed),
        code=log_code(z, asked),
        distance=distance,
        log_density=np.log(histogram(far, distance)),
        across=math.prod(trained.test.shape) - z.shape[1],
    )


def _measured(trained: Trained, score: Callable[[_Terms], NDArray[np.float64]]) -> list[float]:
    strange = anomalous(trained)
    both_kinds(trained, strange, "the test set")
    found = []
    for seed in range(len(trained.seeds)):
        if bool(trained.of("encode", "test")[seed].isfinite().all()):
            log_p = score(_terms(trained, seed))
            found.append(area(-log_p, strange) if np.isfinite(log_p).all() else math.nan)
        else:
            found.append(math.nan)
    return finite(found)


def codes(trained: Trained, split: str, seed: int) -> NDArray[np.float64]:
    """Codes of a split by one seed, in double precision."""
    found: NDArray[np.float64] = trained.of("encode", split)[seed].double().cpu().numpy()
    return found


def distances(trained: Trained, split: str, seed: int) -> NDArray[np.float64]:
    """How far each image lies from its reconstruction."""

    def piece(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.share("reconstruct", x)[seed]
        far: Tensor = (made - x).double().flatten(1).square().sum(-1).sqrt()
        return far

    found: NDArray[np.float64] = (
        torch.cat(trained.over(split, piece, size=trained.rows)).cpu().numpy()
    )
    return found


def log_volume(trained: Trained, seed: int) -> NDArray[np.float64]:
    """log of the product of the singular values of dz/dx, for every test image."""
    alone = trained.stack.select([seed])  # the numbers of another that diverged would get through

    def one(x: Float[Tensor, " features"]) -> Float[Tensor, " latent"]:
        z: Tensor = alone.share("encode", x.unsqueeze(0))[0, 0]
        return z

    def piece(x: Tensor) -> Tensor:
        slopes = torch.cat([vmap(jacrev(one))(part) for part in torch.split(x, ROWS)])
        volume: Tensor = torch.linalg.svdvals(slopes.double()).log().sum(-1)
        return volume

    found: NDArray[np.float64] = torch.cat(trained.over("test", piece)).cpu().numpy()
    return found


def log_code(known: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over dimensions of the log density of generalised Gaussians fitted to the known codes."""
    from scipy.optimize import fmin
    from scipy.stats import gennorm

    def search(cost: Any, start: Any, args: Any, disp: Any) -> Any:
        """As the authors': from a standard normal, to the last digits."""
        return fmin(cost, [2.0, 0.0, 1.0], args, xtol=1e-12, ftol=1e-12, disp=0)

    total = np.zeros(len(asked))
    with np.errstate(divide="ignore"):
        for own, other in zip(known.T, asked.T, strict=True):
            total += np.log(gennorm.pdf(other, *gennorm.fit(own, optimizer=search)))
    return np.where(np.isfinite(total), total, UNLIKELY)


def histogram(known: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Density of a distance by a histogram of the known ones; below it falls to 0 in a line."""
    height, edges = np.histogram(known, bins=BINS, density=True)
    place = np.clip(np.searchsorted(edges, asked, side="right") - 1, 0, BINS - 1)
    density = np.where(asked < edges[-1], height[place], TINY)
    density = np.where(asked < edges[0], height[0] * asked / edges[0], density)
    return np.maximum(density, TINY)
