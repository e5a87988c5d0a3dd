"""The trainer: one loop for every model, every seed in the same step.

Losses are averaged over examples and summed over members, so that a member's gradient does not
depend on how many train beside it. The trainer yields progress; the caller decides who hears.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ae.spec import Descent, Fit
from ae.training.batches import Batches, Source, fit_draws
from ae.training.cuda_graph import Capture, CaptureError, StaticStep, captured, obstacle
from ae.training.noise import NoiseSource
from ae.training.position import Position, Progress, under
from ae.training.stack import Stack
from ae.training.steps import StageSteps
from ae.training.watcher import Watcher

POINTS = 60  # of a stage's curve


class Training:
    """A stack, its stages and its data; `run` trains, `state` and `load` let it resume.

    On the CPU, a run that is resumed from `state` ends bit for bit as one never interrupted. On CUDA,
    steps are recorded once and replayed; `reason` says why the present stage's are not.

    Args:
        stack: What is trained, in place.
        stages: Name and protocol of each stage, in order.
        data: The training set.
        held_out: Sets by the names of their splits, for what the stages watch.
        capture: How a step is recorded; by default a CUDA graph on CUDA, and not at all elsewhere.
    """

    def __init__(
        self,
        stack: Stack,
        stages: Sequence[tuple[str, Descent | Fit]],
        data: Source,
        *,
        held_out: Mapping[str, Source] = {},
        capture: Capture | None = None,
    ) -> None:
        self.stack, self.stages, self.held_out = stack, list(stages), held_out
        seeds, device = stack.seeds, stack.device
        self.capture = captured if capture is None and device.type == "cuda" else capture
        self.reason: str | None = None
        self._static: StaticStep | None = None
        self._replay: Callable[[], None] | None = None
        self.noise = NoiseSource(seeds, device, "noise")
        self.batches = Batches(data, self.noise, device)
        self.data = data
        self.at = Position()
        self.steps: StageSteps | None = None
        self._watcher: Watcher | None = None

    def steps_of(self, stage: Descent | Fit) -> int:
        """How many optimiser steps a stage takes, unless all members stop before."""
        if isinstance(stage, Fit):
            return 1
        return max(1, round(stage.epochs * self.batches.per_epoch(stage)))

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
        self.steps = self._static = self._replay = self._watcher = None
        self.batches.release()
        for storage in self.stack.storage.values():
            storage.grad = None

    def _fit(self, name: str, stage: Fit) -> Progress:
        everything = self.batches.all().x
        with torch.no_grad():
            if draws := fit_draws(self.stack.model, stage.fit):
                self.stack.fit(stage.fit, everything, self.noise.draw(draws, 1))
            else:
                self.stack.share(stage.fit, everything)
        return Progress(name, 1, 1, len(everything), {})

    def _descend(self, name: str, stage: Descent) -> Iterator[Progress]:
        watcher = self._begin(name, stage)
        steps = self.steps_of(stage)
        every = max(1, math.ceil(steps / POINTS))
        points = {steps, *stage.points}
        while self.at.step < steps and not watcher.done:
            self._advance(stage)
            self.at.step += 1
            self.at.since += 1
            gone = watcher.stopped  # before this step's evaluation
            watched = watcher.after(self.at.step)
            point = self.at.step % every == 0 or self.at.step in points
            means = self.at.means(fixed=self._static is not None) if point else None
            seen = self.batches.seen(stage, self.at.step)
            yield Progress(name, self.at.step, steps, seen, means, watched, gone)
        watcher.finish()

    def _begin(self, name: str, stage: Descent) -> Watcher:
        """Make what the stage needs and does not have from a checkpoint."""
        if not self.at.started and stage.start is not None:
            with torch.no_grad():
                self.stack.call(stage.start)
        self.at.started = True
        if self.steps is None:
            self.steps = StageSteps(self.stack, stage, self.data, self.noise, self.batches)
        self._watcher = self._watcher or Watcher(self.stack, name, stage, self.held_out)
        if self.capture is not None:
            self.reason = obstacle(stage, even=self.batches.even(stage))
        if self.capture is not None and self.reason is None:
            shape = (len(self.noise.unique), self.batches.size(stage))
            self._static = StaticStep(
                self._step,
                torch.zeros(shape, dtype=torch.long, device=self.stack.device),
                self.at.sums,
                tensors=self._tensors,
                generators=self.noise.generators,
            )
        return self._watcher

    def _tensors(self) -> dict[str, Tensor]:
        """All that a step changes, but the sums."""
        assert self.steps is not None
        found = {f"storage/{k}": t for k, t in self.stack.storage.items()}
        found |= {f"buffer/{k}": t for k, t in self.stack.buffers.items()}
        return found | self.steps.tensors()

    def _advance(self, stage: Descent) -> None:
        """Take one step: replay it where it can be recorded, else compute it."""
        assert self.steps is not None
        if stage.refresh is not None and self.at.step % stage.refresh.every == 0:
            with torch.no_grad():
                self.stack.share(stage.refresh.call, self.batches.all().x)
        if self.steps.schedule(self.at.step / self.batches.per_epoch(stage)):
            self._replay = None
        if self.steps.whole is not None:
            self.at.add(self.steps.whole.advance())
            return
        index = self.batches.index(stage, self.at.step)
        if self._static is not None:
            self._static.index.copy_(index)
            self._replay = self._replay or self._recorded(self._static)
        if self._replay is not None:
            self._replay()
        else:
            self.at.add(self._step(index))

    def _recorded(self, step: StaticStep) -> Callable[[], None] | None:
        assert self.capture is not None
        states = [g.get_state() for g in self.noise.generators]
        try:
            return self.capture(step)
        except CaptureError as error:
            self.reason, self._static = str(error), None
            self.noise.renew(states)
            return None

    def _step(self, index: Tensor) -> dict[str, Tensor]:
        """One step on the examples of `index`: name of a term -> its mean (member,)."""
        assert self.steps is not None
        return self.steps.take(self.batches.at(index), self.at.step)

    def state(self) -> dict[str, Tensor]:
        """Everything that the future of this training depends on, as tensors."""
        state = {f"stack/{k}": t.clone() for k, t in self.stack.tensors().items()}
        state |= self.at.state()
        for i, g in enumerate(self.noise.generators):
            state[f"noise/{i}"] = g.get_state()
        state |= self.batches.state(within=self._within_epoch())
        if self.steps is not None:
            state |= {f"steps/{k}": t for k, t in self.steps.state(self.at.step).items()}
        if self._watcher is not None:
            state |= self._watcher.state()
        return state

    def _within_epoch(self) -> bool:
        """Whether the next step goes on with an order of examples that is already drawn."""
        if self.at.stage == len(self.stages):
            return False
        _, stage = self.stages[self.at.stage]
        if isinstance(stage, Fit) or self.at.step == self.steps_of(stage) or stage.batch == "all":
            return False
        return self.at.step % self.batches.per_epoch(stage) != 0

    def load(self, state: dict[str, Tensor]) -> None:
        """Go back to where `state` was taken."""
        self.at = Position.of(state, self.stack.device)
        self.stack.load(under("stack/", state))
        for i, g in enumerate(self.noise.generators):
            g.set_state(state[f"noise/{i}"].cpu())
        self.batches.load(state)
        self._leave()
        name, stage = self.stages[self.at.stage] if self.at.started else ("", None)
        if not isinstance(stage, Descent):
            return
        self._watcher = Watcher(self.stack, name, stage, self.held_out)
        self._watcher.load(state)
        if steps := under("steps/", state):
            self.steps = StageSteps(self.stack, stage, self.data, self.noise, self.batches)
            self.steps.load(steps)
