"""Where training stands: in the protocol, and on the curves."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """Where training stands after a step.

    Attributes:
        stage: The present stage's name.
        step: Steps of it that are taken, of `steps`.
        steps: How many it takes at most.
        examples: How many a member has seen in it.
        parts: Means per member since the last point of the curves, at a point.
        watched: What was evaluated after the step, by `watch/term`.
        stopped: Members that had stopped before the step; neither of the two is about them.
    """

    stage: str
    step: int
    steps: int
    examples: int
    parts: dict[str, Tensor] | None
    watched: dict[str, Tensor] = field(default_factory=dict)
    stopped: Tensor | None = None

    @property
    def points(self) -> dict[str, Tensor]:
        """What the curves get of the step, by the term's name; NaN of members that had stopped."""
        found = {**(self.parts or {}), **self.watched}
        if self.stopped is None:
            return found
        return {name: value.masked_fill(self.stopped, math.nan) for name, value in found.items()}


@dataclass
class Position:
    """The place in the protocol from which training goes on.

    `sums` are of each term over the `since` steps after the last point of the curve.
    """

    stage: int = 0
    step: int = 0
    started: bool = False
    sums: dict[str, Tensor] = field(default_factory=dict)
    since: int = 0

    def add(self, parts: dict[str, Tensor]) -> None:
        """Add a step's terms to the sums."""
        for name, value in parts.items():
            if name in self.sums:
                self.sums[name] += value
            else:
                self.sums[name] = value.clone()

    def means(self, *, fixed: bool) -> dict[str, Tensor]:
        """The terms' means since the last point, which is here now; `fixed` sums stay in place."""
        means = {name: total / self.since for name, total in self.sums.items()}
        self.since = 0
        if not fixed:
            self.sums = {}
        for total in self.sums.values():  # a recorded step goes on adding to these
            total.zero_()
        return means

    def state(self) -> dict[str, Tensor]:
        """The position as tensors."""
        at = torch.tensor([self.stage, self.step, self.started, self.since])
        return {"at": at} | {f"sums/{k}": t.clone() for k, t in self.sums.items()}

    @classmethod
    def of(cls, state: dict[str, Tensor], device: torch.device) -> "Position":
        """The position that `state` holds."""
        stage, step, started, since = (int(v) for v in state["at"])
        sums = {k: t.to(device) for k, t in under("sums/", state).items()}
        return cls(stage, step, bool(started), sums, since)


def under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, by what follows it."""
    return {k.removeprefix(prefix): t for k, t in state.items() if k.startswith(prefix)}
