"""What the members of a stack draw: each seed by generators of its own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ae.models.base import Draw, Noise
from ae.training.stack import generator


class NoiseSource:
    """Draws each step's noise into fixed buffers, each seed's from its own generator.

    Members with equal seeds see equal noise, drawn once.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str, purpose: str) -> None:
        self.unique = tuple(dict.fromkeys(seeds))
        self.generators = [generator(s, purpose, device) for s in self.unique]
        self.spread = spread(seeds, device)
        self._buffers: dict[tuple[str, Draw, int], tuple[Tensor, Tensor]] = {}
        self._device = device

    def draw(self, draws: dict[str, Draw], batch: int) -> Noise:
        """Noise for `batch` examples a member: name -> (member, batch, *shape)."""
        return {name: self._fill(name, draw, batch) for name, draw in draws.items()}

    def renew(self, states: Sequence[Tensor]) -> None:
        """Replace the generators by new ones in the given states."""
        self.generators = [torch.Generator(self._device) for _ in states]
        for g, state in zip(self.generators, states, strict=True):
            g.set_state(state)

    def _fill(self, name: str, draw: Draw, batch: int) -> Tensor:
        key = (name, draw, batch)
        if key not in self._buffers:
            self._buffers[key] = self._allocate(draw, batch)
        unique, noise = self._buffers[key]
        for row, g in zip(unique, self.generators, strict=True):
            row.normal_(generator=g) if draw.law == "normal" else row.uniform_(generator=g)
        if self.spread is not None:
            torch.index_select(unique, 0, self.spread, out=noise)
        return noise

    def _allocate(self, draw: Draw, batch: int) -> tuple[Tensor, Tensor]:
        """A buffer with a row for every unique seed, and one with a row for every member."""
        unique = torch.empty(len(self.unique), batch, *draw.shape, device=self._device)
        if self.spread is None:
            return unique, unique
        return unique, unique.new_empty(len(self.spread), batch, *draw.shape)


def spread(seeds: Sequence[int], device: torch.device | str) -> Tensor | None:
    """Which row of the unique seeds each member takes; None where every seed is unique."""
    unique = list(dict.fromkeys(seeds))
    if len(unique) == len(seeds):
        return None
    return torch.tensor([unique.index(s) for s in seeds], device=device)
