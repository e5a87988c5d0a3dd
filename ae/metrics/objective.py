"""What a model's own training objective comes to on a split, noise and all."""

import numpy as np
import torch
from torch import Tensor

from ae.errors import UserError
from ae.metrics.shared import Split, by_seed, up_to
from ae.models.base import Batch, Noise
from ae.spec.facts import measure
from ae.training.noise import NoiseSource
from ae.training.trained_run import CHUNK, Trained


@measure(label="{part:words}, {split} images", unit=None, better=None)
def mean(
    trained: Trained,
    *,
    split: Split,
    part: str,
    silent: list[str],
    batch: int = CHUNK,
    examples: int | None = None,
) -> list[float]:
    """Mean of one part of `objective` over the first `examples` of a split, all by default.

    In the part's own unit; `loss` is what the objective minimises.

    Noise is drawn as in training, one draw an example, from each seed's own stream. Draws named in
    `silent` are 0 instead: a model that corrupts its input then sees it clean. The objective sees
    `batch` images at once, at most 2,000: where it compares the images of a batch, its value depends
    on how many, and its memory grows with the square.

    Raises:
        UserError: The objective has no such part, or the model no such draw.
    """
    draws = trained.model.draws
    if strange := [name for name in silent if name not in draws]:
        raise UserError(
            f"objective.mean on run {trained.name!r}: silent: found {strange[0]!r}; expected draws "
            f"of the model: {', '.join(draws) or 'it has none'}"
        )
    source = NoiseSource(trained.seeds, trained.stack.device, f"evaluate/objective/{split}")

    def value(x: Tensor) -> Tensor:
        return torch.cat([seen(images) for images in torch.split(x, batch)], 1)

    def seen(x: Tensor) -> Tensor:
        noise = source.draw(draws, len(x))
        for name in silent:
            noise[name] = torch.zeros_like(noise[name])
        return _part(trained, Batch(x.expand(len(trained.seeds), *x.shape)), noise, part)

    count = None if examples is None else up_to(trained, split, examples)
    return by_seed(torch.cat(trained.over(split, value, count), 1).double(), np.mean)


@measure(label="{part:words} less {less:words}, {split} images", unit=None, better=None)
def difference(
    trained: Trained, *, split: Split, part: str, less: str, silent: list[str]
) -> list[float]:
    """`mean` of one part less that of another, each over the same examples and noise."""
    both = [mean(trained, split=split, part=name, silent=silent) for name in (part, less)]
    return [a - b for a, b in zip(*both, strict=True)]


def _part(trained: Trained, batch: Batch, noise: Noise, part: str) -> Tensor:
    objective = trained.stack.call("objective", batch, noise)
    parts: dict[str, Tensor] = {"loss": objective.loss, **objective.parts}
    if part not in parts:
        raise UserError(
            f"objective.mean on run {trained.name!r}: part: found {part!r}; expected one of "
            f"{', '.join(parts)}"
        )
    return parts[part]
