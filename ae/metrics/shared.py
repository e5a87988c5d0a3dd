"""What the metrics share: one number a seed, the labels of a split, noise for an evaluation."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.models.base import Draw, Noise
from ae.training.trained_run import Trained

Split = Literal["train", "test"]


def by_seed(
    values: Float[Tensor, " seed *shape"], measure: Callable[[NDArray[Any]], float]
) -> list[float]:
    """`measure` of each seed's part of `values`; NaN where the part or the result is not finite.

    `measure` never sees a seed that diverged, so it may be an estimator that refuses NaN.
    """
    return [_finite(row, measure) for row in values.detach().cpu().numpy()]


def _finite(row: NDArray[Any], measure: Callable[[NDArray[Any]], float]) -> float:
    if not np.isfinite(row).all():
        return math.nan
    value = float(measure(row))
    return value if math.isfinite(value) else math.nan


def finite(values: Iterable[float]) -> list[float]:
    """One number a seed; NaN where it is not finite."""
    return [float(v) if math.isfinite(v) else math.nan for v in values]


def labels(trained: Trained, split: Split, examples: int) -> NDArray[np.int64]:
    """The labels of the first `examples` of a split.

    Raises:
        UserError: The split hides labels.
    """
    data = trained.split(split)
    if hidden := data.hidden:
        raise UserError(
            f"run {trained.name!r}: a metric or figure asks for the labels of the {split} split, "
            f"of which data.labelled hides {hidden}; leave it out on this run"
        )
    found: NDArray[np.int64] = data.y[:examples].cpu().numpy()
    return found


def up_to(trained: Trained, split: Split, examples: int) -> int:
    """`examples`, or the size of a split that has fewer."""
    return min(examples, len(trained.split(split).x))


def fresh_noise(
    draws: dict[str, Draw], generators: Sequence[torch.Generator], samples: int, x: Tensor
) -> Noise:
    """Noise (seed, sample, batch, *shape), drawn sample by sample: how many at once is no matter."""
    noise = {
        name: x.new_empty(len(generators), samples, len(x), *draw.shape)
        for name, draw in draws.items()
    }
    for member, generator in enumerate(generators):
        for sample in range(samples):
            for name, draw in draws.items():
                one = noise[name][member, sample]
                one.normal_(generator=generator) if draw.law == "normal" else one.uniform_(
                    generator=generator
                )
    return noise


def places_of(
    trained: Trained, split: Split, factors: list[str]
) -> Int[NDArray[np.int64], "examples factors"]:
    """The places of these factors' values, in every example of a split.

    Raises:
        UserError: The data set has no such factor, or all examples have the same value of it.
    """
    known = trained.split(split).factors
    for name in factors:
        if name not in known:
            raise UserError(
                f"factors of run {trained.name!r}: found {name!r}; the data set "
                f"has {', '.join(known) or 'none: expected a set that is rendered'}"
            )
    found: NDArray[np.int64] = torch.stack([known[name] for name in factors], -1).cpu().numpy()
    for name, column in zip(factors, found.T, strict=True):
        if (column == column[0]).all():
            raise UserError(
                f"factors of run {trained.name!r}: all examples have the same {name!r}; "
                "take more of them, or leave the factor out"
            )
    return found
