"""The trainer: one loop for every model, every seed in the same step.

Losses are averaged over examples and summed over members, so that a member's gradient does not
depend on how many train beside it. The trainer yields progress; the caller decides who hears.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ae.graph import Capture, CaptureError, StaticStep, captured, obstacle
from ae.models.base import Batch, Draw, Objective
from ae.optimize import Optimizers, scheduled
from ae.seeds import NoiseSource, Stack, generator, spread
from ae.spec import Descent, Fit

POINTS = 60  # of a stage's curve
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


@dataclass(frozen=True)
class Progress:
    """Where training stands after a step; `parts` are means per member since the last point."""

    stage: str
    step: int
    steps: int
    examples: int
    parts: dict[str, Tensor] | None


@dataclass
class Position:
    """The place in the protocol from which training goes on."""

    stage: int = 0
    step: int = 0
    started: bool = False
    sums: dict[str, Tensor] = field(default_factory=dict)
    since: int = 0


class Training:
    """A stack, its stages and its data; `run` trains, `state` and `load` let it resume.

    On the CPU, a run that is resumed from `state` ends bit for bit as one never interrupted.
    On CUDA, steps are recorded once and replayed; `reason` says why the present stage's are not.

    Args:
        stack: What is trained, in place.
        stages: Name and protocol of each stage, in order.
        data: The training set.
        capture: How a step is recorded; by default a CUDA graph on CUDA, and not at all elsewhere.
    """

    def __init__(
        self,
        stack: Stack,
        stages: Sequence[tuple[str, Descent | Fit]],
        data: Source,
        *,
        capture: Capture | None = None,
    ) -> None:
        self.stack, self.stages, self.data = stack, list(stages), data
        seeds, device = stack.seeds, stack.device
        self.capture = captured if capture is None and device.type == "cuda" else capture
        self.reason: str | None = None
        self._static: StaticStep | None = None
        self._replay: Callable[[], None] | None = None
        self.noise = NoiseSource(seeds, device, "noise")
        self.order = [generator(s, "order", device) for s in self.noise.unique]
        self.spread = spread(seeds, device)
        self.at = Position()
        self.optimizers: Optimizers | None = None
        self._epoch_start = [g.get_state() for g in self.order]
        self._order: Tensor | None = None

    def steps_of(self, stage: Descent | Fit) -> int:
        """How many optimiser steps a stage takes; incomplete last batches are dropped."""
        if isinstance(stage, Fit):
            return 1
        return max(1, round(stage.epochs * self.per_epoch(stage)))

    def per_epoch(self, stage: Descent) -> int:
        """Whole batches in an epoch."""
        if self.data.examples < stage.batch:
            raise ValueError(f"batch {stage.batch} exceeds the {self.data.examples} examples")
        return self.data.examples // stage.batch

    @property
    def total(self) -> int:
        """Steps of all stages."""
        return sum(self.steps_of(stage) for _, stage in self.stages)

    def run(self) -> Iterator[Progress]:
        """Train from the present position to the end, a step between yields."""
        self.stack.train()
        while self.at.stage < len(self.stages):
            name, stage = self.stages[self.at.stage]
            if isinstance(stage, Fit):
                done = self._fit(name, stage)
                self._end()  # before anyone sees it done, who may keep the state
                yield done
            else:
                yield from self._descend(name, stage)
                self._end()

    def _end(self) -> None:
        """Go on to the next stage."""
        self.at = Position(stage=self.at.stage + 1)
        self._leave()

    def _leave(self) -> None:
        """Let go of what only the present stage needs."""
        self.optimizers = self._static = self._replay = None
        for storage in self.stack.storage.values():
            storage.grad = None

    def _fit(self, name: str, stage: Fit) -> Progress:
        everything = torch.arange(self.data.examples, device=self.stack.device)
        with torch.no_grad():
            self.stack.share(stage.fit, self.data.batch(everything).x)
        return Progress(name, 1, 1, self.data.examples, {})

    def _descend(self, name: str, stage: Descent) -> Iterator[Progress]:
        self._begin(stage)
        steps = self.steps_of(stage)
        every = max(1, math.ceil(steps / POINTS))
        while self.at.step < steps:
            self._advance(stage)
            self.at.step += 1
            self.at.since += 1
            point = self.at.step % every == 0 or self.at.step == steps
            means = self._means() if point else None
            yield Progress(name, self.at.step, steps, self.at.step * stage.batch, means)

    def _begin(self, stage: Descent) -> None:
        if not self.at.started and stage.start is not None:
            with torch.no_grad():
                self.stack.call(stage.start)
        self.at.started = True
        if self.optimizers is None:
            self.optimizers = Optimizers(self.stack, stage)
        for name, parameter in self.stack.parameters.items():
            parameter.requires_grad_(name in self.optimizers.trained)
        self.reason = None if self.capture is None else obstacle(stage)
        if self.capture is not None and self.reason is None:
            shape = (len(self.order), stage.batch)
            self._static = StaticStep(
                partial(self._step, stage),
                torch.zeros(shape, dtype=torch.long, device=self.stack.device),
                self.at.sums,
                tensors=self._tensors,
                generators=self.noise.generators,
            )

    def _tensors(self) -> dict[str, Tensor]:
        """All that a step changes, but the sums."""
        assert self.optimizers is not None
        found = {f"storage/{k}": t for k, t in self.stack.storage.items()}
        found |= {f"buffer/{k}": t for k, t in self.stack.buffers.items()}
        return found | {f"optimizer/{k}": t for k, t in self.optimizers.tensors().items()}

    def _advance(self, stage: Descent) -> None:
        """Take one step: replay it where it can be recorded, else compute it."""
        index = self._next_index(stage)
        if self._schedule(stage):
            self._replay = None
        if self._static is not None:
            self._static.index.copy_(index)
            self._replay = self._replay or self._recorded(self._static)
        if self._replay is not None:
            self._replay()
        else:
            self._accumulate(self._step(stage, index))

    def _recorded(self, step: StaticStep) -> Callable[[], None] | None:
        assert self.capture is not None
        states = [g.get_state() for g in self.noise.generators]
        try:
            return self.capture(step)
        except CaptureError as error:
            self.reason, self._static = str(error), None
            self.noise.renew(states)
            return None

    def _next_index(self, stage: Descent) -> Tensor:
        """The next batch's examples (seed, batch); an epoch begins with a new order."""
        per_epoch = self.per_epoch(stage)
        within = self.at.step % per_epoch
        if within == 0 or self._order is None:
            if within == 0:
                self._epoch_start = [g.get_state() for g in self.order]
            n, device = self.data.examples, self.stack.device
            rows = [torch.randperm(n, generator=g, device=device) for g in self.order]
            self._order = torch.stack(rows)
        return self._order[:, within * stage.batch : (within + 1) * stage.batch]

    def _batch(self, index: Tensor) -> Batch:
        if self.data.fresh is not None:
            return self._fresh(self.data.fresh, index)
        batch = self.data.batch(index)
        if self.spread is None:
            return batch
        return Batch(batch.x[self.spread], None if batch.y is None else batch.y[self.spread])

    def _fresh(self, fresh: Fresh, index: Tensor) -> Batch:
        noise = self.noise.draw({ACCESS: fresh.draw}, index.shape[1])[ACCESS]
        return fresh.batch(index if self.spread is None else index[self.spread], noise)

    def _step(self, stage: Descent, index: Tensor) -> dict[str, Tensor]:
        """One step on the examples of `index`: name of a term -> its mean (member,)."""
        assert self.optimizers is not None
        batch = self._batch(index)
        draws = self.stack.model.draws_for(stage.objective, stage.layer)
        noise = self.noise.draw(draws, stage.batch)
        constants = {} if stage.layer is None else {"layer": stage.layer}
        out: Objective = self.stack.call(stage.objective, batch, noise, **constants)
        self.optimizers.assign("", out.loss)
        if stage.update == "simultaneous":
            for name, loss in out.adversaries.items():
                self.optimizers.assign(name, loss)
            self.optimizers.step()
        else:
            self.optimizers.step("")
            for name in out.adversaries:
                again: Objective = self.stack.call(stage.objective, batch, noise, **constants)
                self.optimizers.assign(name, again.adversaries[name])
                self.optimizers.step(name)
        named = {"loss": out.loss, **out.parts}
        named |= {f"{name}_loss": loss for name, loss in out.adversaries.items()}
        return {name: value.detach().mean(-1) for name, value in named.items()}

    def _schedule(self, stage: Descent) -> bool:
        """Set what the schedules say; whether a step recorded before is stale by that."""
        assert self.optimizers is not None
        epoch = self.at.step / self.per_epoch(stage)
        stale = False
        for schedule in stage.schedules:
            value = scheduled(schedule, epoch)
            kind, _, name = schedule.key.partition(":")
            if kind == "buffer":
                self.stack.buffers[name].fill_(value)
            else:
                stale |= self.optimizers.set(schedule.key, value)
        return stale

    def _accumulate(self, parts: dict[str, Tensor]) -> None:
        for name, value in parts.items():
            if name in self.at.sums:
                self.at.sums[name] += value
            else:
                self.at.sums[name] = value.clone()

    def _means(self) -> dict[str, Tensor]:
        means = {name: total / self.at.since for name, total in self.at.sums.items()}
        self.at.since = 0
        if self._static is None:
            self.at.sums = {}
        for total in self.at.sums.values():  # a recorded step goes on adding to these
            total.zero_()
        return means

    def state(self) -> dict[str, Tensor]:
        """Everything that the future of this training depends on, as tensors."""
        at = self.at
        state = {f"stack/{k}": t.clone() for k, t in self.stack.tensors().items()}
        state["at"] = torch.tensor([at.stage, at.step, at.started, at.since])
        state |= {f"sums/{k}": t.clone() for k, t in at.sums.items()}
        for i, g in enumerate(self.noise.generators):
            state[f"noise/{i}"] = g.get_state()
        for i, (g, start) in enumerate(zip(self.order, self._epoch_start, strict=True)):
            state[f"order/{i}"] = start.clone() if self._within_epoch() else g.get_state()
        if self.optimizers is not None:
            state |= {f"optimizer/{k}": t for k, t in self.optimizers.state().items()}
        return state

    def _within_epoch(self) -> bool:
        """Whether the next step goes on with an order of examples that is already drawn."""
        if self.at.stage == len(self.stages):
            return False
        _, stage = self.stages[self.at.stage]
        if isinstance(stage, Fit) or self.at.step == self.steps_of(stage):
            return False
        return self.at.step % self.per_epoch(stage) != 0

    def load(self, state: dict[str, Tensor]) -> None:
        """Go back to where `state` was taken."""
        stage, step, started, since = (int(v) for v in state["at"])
        sums = {k.removeprefix("sums/"): t for k, t in state.items() if k.startswith("sums/")}
        sums = {k: t.to(self.stack.device) for k, t in sums.items()}
        self.at = Position(stage, step, bool(started), sums, since)
        self.stack.load(_under("stack/", state))
        for i, g in enumerate(self.noise.generators):
            g.set_state(state[f"noise/{i}"].cpu())
        for i, g in enumerate(self.order):
            g.set_state(state[f"order/{i}"].cpu())
        self._epoch_start = [g.get_state() for g in self.order]
        self._order = None
        optimizer = _under("optimizer/", state)
        self._leave()
        if optimizer:
            protocol = self.stages[stage][1]
            assert isinstance(protocol, Descent)
            self.optimizers = Optimizers(self.stack, protocol)
            self.optimizers.load(optimizer)


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in state.items() if k.startswith(prefix)}
