"""What each layer of a hierarchy of codes says of an image: its part of the divergence, its units.

C. K. Sonderby et al., Ladder Variational Autoencoders, NeurIPS 2016, https://arxiv.org/abs/1602.02282:
a unit is active if KL(q, p) of it, given the layers above or below that it hangs on, is above 0.01 nats.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.metrics.shared import Split, by_seed, fresh_noise, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Divergence of {layers} from the prior, {examples:,} {split} images",
    unit="nats",
    better=None,
)
def divergence(
    trained: Trained, *, split: Split, examples: int, samples: int, layers: list[str]
) -> list[float]:
    """KL(q, p) of these layers, its mean over the first examples of a split; nats.

    By `samples` codes of each image. All layers together are the divergence of the bound.
    """
    return _of(trained, split, examples, samples, layers, np.sum)


@measure(
    label="Active units of {layers}: divergence above {threshold} nats, {examples:,} {split} images",
    unit="",
    better=None,
)
def active(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    samples: int,
    layers: list[str],
    threshold: float,
) -> list[float]:
    """Units of these layers whose KL(q, p), its mean over images, is above `threshold` nats."""
    return _of(
        trained, split, examples, samples, layers, lambda seed: float(np.sum(seed > threshold))
    )


def _of(
    trained: Trained, split: Split, examples: int, samples: int, layers: list[str], statistic: Any
) -> list[float]:
    known = per_unit(trained, split, examples, samples)
    if missing := [name for name in layers if name not in known]:
        raise UserError(
            f"layers of run {trained.name!r}: found {missing[0]!r}; it has {', '.join(known)}"
        )
    units = torch.cat([known[name] for name in layers], -1)

    def measured(seed: NDArray[Any]) -> float:
        return float(statistic(seed))

    return by_seed(units, measured)


def per_unit(
    trained: Trained, split: Split, examples: int, samples: int
) -> dict[str, Float[Tensor, "seed unit"]]:
    """log q - log p of each unit, its mean over images and samples, by layer; nats.

    Of a model whose `divergences(x, noise)` gives them of one sample, in the order of its `draws`.
    """
    sizes = {name: draw.shape[0] for name, draw in trained.model.draws.items()}

    def found() -> Tensor:
        draws = trained.model.draws_for("divergences", None)
        generators = [trained.generator(m, "divergences") for m in range(len(trained.seeds))]

        def piece(x: Tensor) -> Tensor:
            sums = torch.zeros((), dtype=torch.float64, device=x.device)
            for _ in range(samples):
                noise = fresh_noise(draws, generators, 1, x)
                units = trained.stack.sample("divergences", x, noise)
                each = torch.cat([units[name].squeeze(1) for name in sizes], -1)
                sums = sums + each.double().sum(1)
            return sums / samples

        count = up_to(trained, split, examples)
        return torch.stack(trained.over(split, piece, count)).sum(0) / count

    key = (f"divergences/{samples}", split, up_to(trained, split, examples))
    flat = trained.remembered(key, found)
    return dict(zip(sizes, torch.split(flat, list(sizes.values()), -1), strict=True))
