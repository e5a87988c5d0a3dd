"""The examples of each training step: each seed's in an order of its own, or drawn anew."""

import inspect
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Draw
from ae.spec import Descent
from ae.training.noise import NoiseSource
from ae.training.stack import generator

ACCESS = "the data's"  # noise: a name that no model gives
HIDDEN = -1  # the label of an example whose class is not told


class Fresh(NamedTuple):
    """Examples that are drawn anew whenever they are seen: by which noise, and batches by both."""

    draw: Draw
    batch: Callable[[Tensor, Tensor], Batch]


class Source(NamedTuple):
    """What the trainer needs of a data set: how many examples, and batches by index.

    With `fresh`, descent sees batches that each seed draws by its own noise, before the model's;
    `batch` is then what a stage that calls `fit` sees, and an evaluation. `told` gives which examples
    show their label to a seed: all, by default.
    """

    examples: int
    batch: Callable[[Tensor], Batch]
    fresh: Fresh | None = None
    told: Callable[[int], Bool[Tensor, " examples"]] | None = None


class Batches:
    """Batches of a source for all members; seeds that are equal see equal ones.

    Args:
        source: The examples.
        noise: What the members draw from; examples that are drawn anew take theirs from it.
        device: Where the examples are.
        purpose: What their order is for: each purpose has orders of its own.
    """

    def __init__(
        self, source: Source, noise: NoiseSource, device: torch.device, purpose: str = "order"
    ) -> None:
        self._source, self._noise, self._device = source, noise, device
        self._generators = [generator(s, purpose, device) for s in noise.unique]
        self._starts = [g.get_state() for g in self._generators]
        self._order: Tensor | None = None
        self._told = self._shown()
        self._everything: Batch | None = None
        self.labelled = source.examples if self._told is None else int(self._told[0].sum())

    def _shown(self) -> Bool[Tensor, "seed examples"] | None:
        """Which examples show their label to which seed; None where all do."""
        if self._source.told is None:
            return None
        told = torch.stack([self._source.told(seed) for seed in self._noise.unique])
        return None if bool(told.all()) else told

    def size(self, stage: Descent) -> int:
        """How many examples a step of the stage sees."""
        return size_of(stage, self._source.examples)

    def per_epoch(self, stage: Descent) -> int:
        """Batches in an epoch: whole ones, and the smaller last one where the stage keeps it."""
        seen = self.labelled if stage.order == "labelled" else self._source.examples
        steps = batches_of(stage, self._source.examples, self.labelled)
        if steps == 0 or seen < self.size(stage):
            of = "labelled examples" if stage.order == "labelled" else "examples"
            raise ValueError(f"batch {self.size(stage)} exceeds the {seen} {of}")
        return steps

    def even(self, stage: Descent) -> bool:
        """Whether every batch of the stage is of one size."""
        return even(stage, self._source.examples)

    def seen(self, stage: Descent, step: int) -> int:
        """Examples that a member has seen after so many steps of the stage."""
        per, size = self.per_epoch(stage), self.size(stage)
        epochs, within = divmod(step, per)
        return epochs * min(per * size, self._source.examples) + within * size

    def index(self, stage: Descent, step: int) -> Int[Tensor, "seed batch"]:
        """The examples of a step; an epoch begins with a new order."""
        if stage.batch == "all":
            return self._stored().expand(len(self._generators), -1)
        within = step % self.per_epoch(stage)
        if within == 0 or self._order is None:
            if within == 0:
                self._starts = [g.get_state() for g in self._generators]
            self._order = self._ordered(stage)
        return self._order[:, within * stage.batch : (within + 1) * stage.batch]

    def _stored(self) -> Int[Tensor, " examples"]:
        return torch.arange(self._source.examples, device=self._device)

    def _ordered(self, stage: Descent) -> Int[Tensor, "seed examples"]:
        """An epoch's order for every seed."""
        told = [None] * len(self._generators) if self._told is None else self._told
        pairs = zip(self._generators, told, strict=True)
        return torch.stack([self._epoch(stage, g, own) for g, own in pairs])

    def _epoch(
        self, stage: Descent, g: torch.Generator, told: Bool[Tensor, " examples"] | None
    ) -> Int[Tensor, " examples"]:
        """One seed's examples of an epoch, in the order in which it sees them."""
        n, size = self._source.examples, self.size(stage)
        if stage.order == "stored":
            return self._stored()
        if stage.order == "batches":
            rest = n % size
            full = self._stored()[: n - rest].view(-1, size)
            mixed = full[torch.randperm(len(full), generator=g, device=self._device)].flatten()
            return torch.cat([mixed, self._stored()[n - rest :]])
        if stage.order == "labelled" and told is not None:
            shown = told.nonzero().squeeze(1)
            return shown[torch.randperm(len(shown), generator=g, device=self._device)]
        mixed = torch.randperm(n, generator=g, device=self._device)
        if stage.order != "apart" or told is None:
            return mixed
        return apart(mixed[told[mixed]], mixed[~told[mixed]], size)

    def at(self, index: Int[Tensor, "seed batch"]) -> Batch:
        """The examples of an index, for every member; labels that a seed is not told are -1."""
        spread = self._noise.spread
        told = None if self._told is None else self._told.gather(1, index)
        if (fresh := self._source.fresh) is not None:
            noise = self._noise.draw({ACCESS: fresh.draw}, index.shape[1])[ACCESS]
            batch = fresh.batch(index if spread is None else index[spread], noise)
            return _masked(batch, told if told is None or spread is None else told[spread])
        batch = _masked(self._source.batch(index), told)
        if spread is None:
            return batch
        return Batch(batch.x[spread], None if batch.y is None else batch.y[spread])

    def all(self) -> Batch:
        """Every example once, without the member axis; kept until `release`.

        Labels that are not told to a seed are there.
        """
        if self._everything is None:
            every = torch.arange(self._source.examples, device=self._device)
            self._everything = self._source.batch(every)
        return self._everything

    def release(self) -> None:
        """Let go of what `all` made."""
        self._everything = None

    def all_of(self, member: int) -> Batch:
        """Every example as a member sees it: without the labels that its seed is not told."""
        row = member if self._noise.spread is None else int(self._noise.spread[member])
        return _masked(self.all(), None if self._told is None else self._told[row])

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


def size_of(stage: Descent, examples: int) -> int:
    """How many examples a step sees of a training set of so many."""
    return examples if stage.batch == "all" else stage.batch


def even(stage: Descent, examples: int) -> bool:
    """Whether all batches of an epoch are of one size."""
    return stage.remainder == "dropped" or examples % size_of(stage, examples) == 0


def batches_of(stage: Descent, examples: int, labelled: int) -> int:
    """Batches in an epoch, of a training set of which so many show their label."""
    size, others = size_of(stage, examples), examples - labelled
    if stage.order == "labelled":
        return labelled // size
    if stage.order == "apart":
        return labelled // size + others // size
    return examples // size + (not even(stage, examples))


def fit_draws(model: Autoencoder, method: str) -> dict[str, Draw]:
    """The noise of a method `(x)` or `(x, noise)` that a stage calls `fit`."""
    takes = inspect.signature(getattr(model, method)).parameters
    return model.draws_for(method, None) if "noise" in takes else {}


def apart(
    shown: Int[Tensor, " shown"], others: Int[Tensor, " others"], size: int
) -> Int[Tensor, " all"]:
    """Whole batches of either kind: one of `shown` after every few of `others`.

    With r examples in all for each that is shown, the second batch is of `shown`, and from there
    every r-th, until there are no more.
    """
    every = max(1, (len(shown) + len(others)) // max(1, len(shown)))
    first, second = (
        [kind[a : a + size] for a in range(0, len(kind) - size + 1, size)]
        for kind in (shown, others)
    )
    order: list[Tensor] = []
    while first or second:
        turn = first and (len(order) % every == min(1, every - 1) or not second)
        order.append((first if turn else second).pop(0))
    return torch.cat(order) if order else shown[:0]


def _masked(batch: Batch, told: Bool[Tensor, "*many"] | None) -> Batch:
    if told is None or batch.y is None:
        return batch
    return Batch(batch.x, torch.where(told, batch.y, HIDDEN))
