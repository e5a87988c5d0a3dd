"""What a stage watches, and the weights that each member keeps by it."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ae.errors import UserError
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.held_out import evaluate
from ae.training.position import under
from ae.training.stack import Stack


class Watcher:
    """The evaluations of one stage.

    Without a `keep` there is no best, and nobody stops. Members share nothing: one that has stopped
    goes on being computed while others learn, but its weights and its curves end where it stopped.

    Args:
        stack: What is trained.
        name: The stage's name, by which its noise is drawn.
        stage: What it watches and keeps.
        held_out: Sets by the names of their splits.
    """

    def __init__(
        self, stack: Stack, name: str, stage: Descent, held_out: Mapping[str, Source]
    ) -> None:
        self._stack, self._name, self._stage, self._held_out = stack, name, stage, held_out
        self.done = False  # whether every member has stopped
        self._best: Best | None = None
        if (keep := stage.keep) is not None:
            self._best = Best(stack, higher=keep.better == "higher", patience=keep.patience)

    @property
    def stopped(self) -> Tensor | None:
        """Members that have stopped (member,); None where none ever does."""
        return None if self._best is None else self._best.stopped

    def after(self, step: int) -> dict[str, Tensor]:
        """What is evaluated after this step, if anything: `watch/term` -> (member,)."""
        found: dict[str, Tensor] = {}
        for label, watch in self._stage.watch.items():
            if step % watch.every == 0:
                purpose = f"watch/{self._name}/{label}/{step}"
                terms = evaluate(self._stack, watch, self._held_out[watch.split], purpose)
                found |= {f"{label}/{term}": value for term, value in terms.items()}
        if self._best is not None and (value := self._chosen(found)) is not None:
            self._best.see(value)
            self.done = bool(self._best.stopped.all())
        return found

    def _chosen(self, found: dict[str, Tensor]) -> Tensor | None:
        """The term by which weights are kept; None where its watch was not due."""
        assert self._stage.keep is not None
        prefix = f"{self._stage.keep.watch}/"
        own = {p.removeprefix(prefix): v for p, v in found.items() if p.startswith(prefix)}
        part = self._stage.keep.part
        if own and part not in own:
            raise UserError(
                f"stage {self._name!r}: keep: part: found {part!r}; expected one of {', '.join(own)}"
            )
        return own.get(part)

    def finish(self) -> None:
        """Give each member the weights that the stage keeps."""
        if self._best is not None:
            self._best.restore()

    def state(self) -> dict[str, Tensor]:
        """All that the evaluations to come depend on, as tensors."""
        return {} if self._best is None else self._best.state()

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        if self._best is not None:
            self._best.load(state)
            self.done = bool(self._best.stopped.all())


class Best:
    """The weights of each member's best evaluation, and which members have stopped.

    A member that is never evaluated to a finite number keeps the weights that it has at the end.

    Attributes:
        stopped: Members of whom no later step matters.
    """

    def __init__(self, stack: Stack, *, higher: bool, patience: int | None) -> None:
        self._stack, self._sign, self._patience = stack, 1.0 if higher else -1.0, patience
        members, device = len(stack.seeds), stack.device
        self._value = torch.full((members,), -math.inf, dtype=torch.float64, device=device)
        self._since = torch.zeros(members, dtype=torch.long, device=device)
        self.stopped = torch.zeros(members, dtype=torch.bool, device=device)
        self._tensors: dict[str, Tensor] = {}

    def see(self, value: Tensor) -> None:
        """Take an evaluation (member,) of the present weights."""
        if not self._tensors:
            self._tensors = {k: t.clone() for k, t in self._stack.tensors().items()}
        better = ~self.stopped & (self._sign * value > self._value)  # a NaN is no better
        self._value = torch.where(better, self._sign * value, self._value)
        self._since = torch.where(better, 0, self._since + 1)
        for name, now in self._stack.tensors().items():
            self._tensors[name][better] = now[better]
        if self._patience is not None:
            self.stopped = self.stopped | (self._since > self._patience)

    def restore(self) -> None:
        """Give each member the weights of its best evaluation."""
        found = self._value > -math.inf
        own = self._stack.tensors()
        with torch.no_grad():
            for name, best in self._tensors.items():
                own[name][found] = best[found]

    def state(self) -> dict[str, Tensor]:
        """All of it as tensors."""
        state = {f"best/tensor/{k}": t.clone() for k, t in self._tensors.items()}
        state |= {"best/value": self._value, "best/since": self._since}
        return state | {"best/stopped": self.stopped.clone()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        device = self._stack.device
        self._value, self._since, self.stopped = (
            state[f"best/{key}"].to(device, copy=True) for key in ("value", "since", "stopped")
        )
        tensors = under("best/tensor/", state)
        self._tensors = {name: t.to(device, copy=True) for name, t in tensors.items()}
