"""One run after training, as metrics and figures see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._pytree import tree_map

from ae.data.dataset import Dataset
from ae.machine.memory import trim
from ae.models.base import Autoencoder, Noise
from ae.records.entries import Curve
from ae.training.stack import Stack, generator

CHUNK = 2000  # examples that one call of the model sees
PART = 250  # the same, of a model whose members are computed in turn: its planes take the memory
LARGE = 2**22  # pixels of a piece of photographs

if TYPE_CHECKING:
    Measured = Mapping[str, Mapping[str, Mapping[int, float]]]
else:  # whoever looks into it depends on it; to check its type would be to look
    Measured = object
"""Run -> measure -> seed -> value; NaN where the seed diverged."""


class InParts(Stack):
    """A trained stack: of many samples as many pass at once as examples do.

    Every sample is computed alone, so that the values are those of all at once.
    """

    def __init__(self, stack: Stack) -> None:
        vars(self).update(vars(stack))

    def sample(self, method: str, x: Tensor, noise: Noise) -> Any:
        """As `Stack.sample`."""
        many = next(iter(noise.values())).shape[1] if noise else 1
        at_once = max(1, (PART if self.model.in_turn else CHUNK) // len(x))
        if many <= at_once:
            return super().sample(method, x, noise)
        parts = [
            {n: v[:, a : a + at_once] for n, v in noise.items()} for a in range(0, many, at_once)
        ]
        found = [super(InParts, self).sample(method, x, part) for part in parts]
        return tree_map(lambda *each: torch.cat(each, 1), *found)


@dataclass(frozen=True)
class Trained:
    """A run's seeds, trained, and the data that they are measured on.

    Attributes:
        name: The run's name in the spec.
        label: The run's name for readers.
        stack: The run's members only, one a seed, in the order of `seeds`.
        train: The training set as it was used.
        test: The test set as it is used.
        diverged: Members whose loss stopped being finite: index -> reason.
        curves: How the terms of each stage's objective moved, a value a member and point.
        measured: What has been measured so far of every run of the tier: for a measure, those that
            stand before it in the spec; for a figure, all.
    """

    name: str
    label: str
    stack: Stack
    train: Dataset
    test: Dataset
    diverged: dict[int, str] = field(default_factory=dict)
    curves: Sequence[Curve] = ()
    measured: Measured = field(default_factory=dict)
    _memory: dict[tuple[str, str, int], Tensor] = field(default_factory=dict, repr=False)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, one a member."""
        return self.stack.seeds

    @property
    def model(self) -> Autoencoder:
        """The module that the members share the form of; its own tensors are not trained ones."""
        return self.stack.model

    @property
    def rows(self) -> int:
        """How many examples one call of the model sees, where how many changes no value.

        By layers that normalise with the statistics of the present batch it does: they see `CHUNK`.
        """
        layers = (layer for layer in self.model.modules() if isinstance(layer, _BatchNorm))
        apart = all(layer.running_mean is not None for layer in layers)
        return PART if self.model.in_turn and apart else CHUNK

    def generator(self, member: int, purpose: str) -> torch.Generator:
        """Randomness for evaluation: its own stream, so that no metric shifts another."""
        return generator(self.seeds[member], f"evaluate/{purpose}", self.stack.device)

    def split(self, name: str) -> Dataset:
        """The data set `train` or `test`."""
        return {"train": self.train, "test": self.test}[name]

    def of(
        self, method: str, split: str, examples: int | None = None
    ) -> Shaped[Tensor, "seed examples *shape"]:
        """`model.method(x)` for the first `examples` of a split (all by default), remembered.

        For methods that map a batch of images to one tensor with the batch axis first, such as
        `encode`, `reconstruct` and `classify`; integers for `codes`.
        """
        count = len(self.split(split).x) if examples is None else examples
        key = (method, split, count)

        def found() -> Tensor:
            found = self.over(split, lambda x: self.stack.share(method, x), count, self.rows)
            return torch.cat(found, 1)

        return self.remembered(key, found)

    def remembered(self, key: tuple[str, str, int], found: Callable[[], Tensor]) -> Tensor:
        """What `found` gives, computed once for each `key` (what, split, examples)."""
        if key not in self._memory:
            self._memory[key] = found()
        return self._memory[key]

    def over(
        self,
        split: str,
        function: Callable[[Tensor], Tensor],
        examples: int | None = None,
        size: int | None = None,
    ) -> list[Tensor]:
        """`function(x)` for consecutive pieces x of a split, without gradients.

        Of `size` examples each, by default `CHUNK`.
        """
        size = CHUNK if size is None else size
        data = self.split(split)
        count = len(data.x) if examples is None else examples
        self.stack.train(False)
        found = []
        with torch.no_grad():
            for a in range(0, count, size):
                index = torch.arange(a, min(a + size, count), device=data.x.device)
                found.append(function(data.batch(index).x))
                if size * data.features >= LARGE:
                    trim()  # else what is kept of each piece holds the space of the next apart
        return found
