"""The examples of each training step: each seed's in an order of its own, or drawn anew."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ae.models.base import Batch, Draw
from ae.seeds import NoiseSource, generator

ACCESS = "the data's"  # noise: a name that no model gives


class Fresh(NamedTuple):
    """Examples that are drawn anew whenever they are seen: by which noise, and batches by both."""

    draw: Draw
    batch: Callable[[Tensor, Tensor], Batch]


class Source(NamedTuple):
    """What the trainer needs of a data set: how many examples, and batches by index.

    With `fresh`, descent sees batches that each seed draws by its own noise, before the model's;
    `batch` is then what a stage that calls `fit` sees.
    """

    examples: int
    batch: Callable[[Tensor], Batch]
    fresh: Fresh | None = None


class Batches:
    """Batches of a source for all members; seeds that are equal see equal ones.

    Args:
        source: The examples.
        noise: What the members draw from; examples that are drawn anew take theirs from it.
        device: Where the examples are.
    """

    def __init__(self, source: Source, noise: NoiseSource, device: torch.device) -> None:
        self._source, self._noise, self._device = source, noise, device
        self._generators = [generator(s, "order", device) for s in noise.unique]
        self._starts = [g.get_state() for g in self._generators]
        self._order: Tensor | None = None

    def per_epoch(self, size: int) -> int:
        """Whole batches of this size in an epoch."""
        if self._source.examples < size:
            raise ValueError(f"batch {size} exceeds the {self._source.examples} examples")
        return self._source.examples // size

    def index(self, size: int, step: int) -> Tensor:
        """The examples of a step (seed, batch); an epoch begins with a new order."""
        within = step % self.per_epoch(size)
        if within == 0 or self._order is None:
            if within == 0:
                self._starts = [g.get_state() for g in self._generators]
            n, device = self._source.examples, self._device
            rows = [torch.randperm(n, generator=g, device=device) for g in self._generators]
            self._order = torch.stack(rows)
        return self._order[:, within * size : (within + 1) * size]

    def at(self, index: Tensor) -> Batch:
        """The examples of an index (seed, batch), for every member."""
        spread = self._noise.spread
        if (fresh := self._source.fresh) is not None:
            noise = self._noise.draw({ACCESS: fresh.draw}, index.shape[1])[ACCESS]
            return fresh.batch(index if spread is None else index[spread], noise)
        batch = self._source.batch(index)
        if spread is None:
            return batch
        return Batch(batch.x[spread], None if batch.y is None else batch.y[spread])

    def all(self) -> Batch:
        """Every example once, without the member axis."""
        return self._source.batch(torch.arange(self._source.examples, device=self._device))

    def state(self, *, within: bool) -> dict[str, Tensor]:
        """What the orders to come depend on; `within` an epoch, its own order is among them."""
        pairs = zip(self._generators, self._starts, strict=True)
        return {
            f"order/{i}": start.clone() if within else g.get_state()
            for i, (g, start) in enumerate(pairs)
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go back to where `state` was taken."""
        for i, g in enumerate(self._generators):
            g.set_state(state[f"order/{i}"].cpu())
        self._starts = [g.get_state() for g in self._generators]
        self._order = None
