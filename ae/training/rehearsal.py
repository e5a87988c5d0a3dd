"""A model's steps by shapes alone: what they compute, and the memory that they take for it."""

import weakref
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ae.models.base import Autoencoder, Batch
from ae.spec import Descent, Phase, StepTable
from ae.training.batches import size_of
from ae.training.optimizers import trains
from ae.training.rules import told


def seen(step: StepTable, stage: Descent, examples: int) -> int:
    """How many examples a step of a stage sees, of a training set of so many."""
    return (isinstance(step, Phase) and step.labelled) or size_of(stage, examples)


def activations(model: Autoencoder, step: StepTable, examples: int, features: int) -> int:
    """Peak of the bytes that one member's objective and gradient add to what is there."""
    live = Live()
    _rehearse(model, step, examples, features, live)
    peak: int = live.peak
    return peak


def rehearse(
    model: Autoencoder,
    stage: Descent,
    features: int,
    examples: int,
    watch: AbstractContextManager[object],
) -> None:
    """One member's objectives and gradients in a training step, while `watch` is entered.

    `model` is on the device meta.
    """
    with watch:
        for step in stage.steps:
            _rehearse(model, step, seen(step, stage, examples), features, nullcontext())


def _rehearse(
    model: Autoencoder,
    step: StepTable,
    examples: int,
    features: int,
    watch: AbstractContextManager[object],
) -> None:
    with told(f"{type(model).__name__}.{step.objective}"):
        constants: dict[str, Any] = {} if step.layer is None else {"layer": step.layer}
        draws = model.draws_for(step.objective, step.layer)
        trained = [p for n, p in model.named_parameters() if trains(step, n)]
        with torch.device("meta"):
            y = torch.zeros(examples, dtype=torch.long)
            batch = Batch(torch.zeros(examples, features), y)
            noise = {name: torch.zeros(examples, *draw.shape) for name, draw in draws.items()}
            with watch:
                out = getattr(model, step.objective)(batch, noise, **constants)
                loss = sum((a.mean() for a in out.adversaries.values()), out.loss.mean())
                torch.autograd.grad(loss, trained, allow_unused=True)


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that are made and live; `peak` is the most at any time."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        before = {t.untyped_storage()._cdata for t in given}
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._see(tensor.untyped_storage(), before)
        return out

    def _see(self, storage: torch.UntypedStorage, before: set[int]) -> None:
        key = storage._cdata
        if key in before or key in self._known:  # in place, or a view
            return
        self._known.add(key)
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size
