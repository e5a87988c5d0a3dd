"""The trainer: one loop for every model, every seed in the same step.

Losses are averaged over examples and summed over members, so that a member's gradient does not
depend on how many train beside it. The trainer yields progress; the caller decides who hears.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from ae.batches import Batches, Source
from ae.graph import Capture, CaptureError, StaticStep, captured, obstacle
from ae.models.base import Objective
from ae.optimize import Optimizers, scheduled
from ae.position import Position, Progress
from ae.seeds import NoiseSource, Stack
from ae.spec import Descent, Fit

POINTS = 60  # of a stage's curve


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
        self.stack, self.stages = stack, list(stages)
        seeds, device = stack.seeds, stack.device
        self.capture = captured if capture is None and device.type == "cuda" else capture
        self.reason: str | None = None
        self._static: StaticStep | None = None
        self._replay: Callable[[], None] | None = None
        self.noise = NoiseSource(seeds, device, "noise")
        self.batches = Batches(data, self.noise, device)
        self.at = Position()
        self.optimizers: Optimizers | None = None

    def steps_of(self, stage: Descent | Fit) -> int:
        """How many optimiser steps a stage takes; incomplete last batches are dropped."""
        if isinstance(stage, Fit):
            return 1
        return max(1, round(stage.epochs * self.per_epoch(stage)))

    def per_epoch(self, stage: Descent) -> int:
        """Whole batches in an epoch."""
        return self.batches.per_epoch(stage.batch)

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
        everything = self.batches.all().x
        with torch.no_grad():
            self.stack.share(stage.fit, everything)
        return Progress(name, 1, 1, len(everything), {})

    def _descend(self, name: str, stage: Descent) -> Iterator[Progress]:
        self._begin(stage)
        steps = self.steps_of(stage)
        every = max(1, math.ceil(steps / POINTS))
        while self.at.step < steps:
            self._advance(stage)
            self.at.step += 1
            self.at.since += 1
            point = self.at.step % every == 0 or self.at.step == steps
            means = self.at.means(fixed=self._static is not None) if point else None
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
            shape = (len(self.noise.unique), stage.batch)
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
        index = self.batches.index(stage.batch, self.at.step)
        if self._schedule(stage):
            self._replay = None
        if self._static is not None:
            self._static.index.copy_(index)
            self._replay = self._replay or self._recorded(self._static)
        if self._replay is not None:
            self._replay()
        else:
            self.at.add(self._step(stage, index))

    def _recorded(self, step: StaticStep) -> Callable[[], None] | None:
        assert self.capture is not None
        states = [g.get_state() for g in self.noise.generators]
        try:
            return self.capture(step)
        except CaptureError as error:
            self.reason, self._static = str(error), None
            self.noise.renew(states)
            return None

    def _step(self, stage: Descent, index: Tensor) -> dict[str, Tensor]:
        """One step on the examples of `index`: name of a term -> its mean (member,)."""
        assert self.optimizers is not None
        batch = self.batches.at(index)
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

    def state(self) -> dict[str, Tensor]:
        """Everything that the future of this training depends on, as tensors."""
        state = {f"stack/{k}": t.clone() for k, t in self.stack.tensors().items()}
        state |= self.at.state()
        for i, g in enumerate(self.noise.generators):
            state[f"noise/{i}"] = g.get_state()
        state |= self.batches.state(within=self._within_epoch())
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
        self.at = Position.of(state, self.stack.device)
        self.stack.load(_under("stack/", state))
        for i, g in enumerate(self.noise.generators):
            g.set_state(state[f"noise/{i}"].cpu())
        self.batches.load(state)
        optimizer = _under("optimizer/", state)
        self._leave()
        if optimizer:
            protocol = self.stages[self.at.stage][1]
            assert isinstance(protocol, Descent)
            self.optimizers = Optimizers(self.stack, protocol)
            self.optimizers.load(optimizer)


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): t for k, t in state.items() if k.startswith(prefix)}
