"""The optimiser steps of a training step: a stage's own, and those of its phases, in order.

Phases are how alternating objectives are trained that share a module: an encoder that reconstructs
by one optimiser and deceives a discriminator by another has two, each with its own averages.
"""

from torch import Tensor

from ae.models.base import Batch, Objective
from ae.spec import Descent, Phase, StepTable
from ae.training.batches import Batches, Source
from ae.training.full_batch import FullBatch
from ae.training.noise import NoiseSource
from ae.training.optimizers import Optimizers, scheduled
from ae.training.position import under
from ae.training.stack import Stack

LABELLED = {"order": "labelled", "remainder": "dropped"}


class StageSteps:
    """A stage's steps with their optimisers; `take` is a training step.

    Of a stage that takes all examples at once by a search of its own, `whole` does instead.

    Args:
        stack: What is trained, in place.
        stage: Its protocol.
        data: The training set, for the phases that see labelled examples by themselves.
        noise: What the objectives draw from.
        batches: The training set as the stage sees it.
    """

    def __init__(
        self, stack: Stack, stage: Descent, data: Source, noise: NoiseSource, batches: Batches
    ) -> None:
        self.stack, self.stage, self.noise = stack, stage, noise
        self.whole: FullBatch | None = None
        if stage.optimizer.name == "LBFGS":
            self.whole = FullBatch(stack, stage, batches)
        self.own = self.whole or Optimizers(stack, stage)
        self.phases = {phase.name: Optimizers(stack, phase) for phase in stage.phases}
        self.labelled = {
            phase.name: (
                Batches(data, noise, stack.device, f"order/{phase.name}"),
                stage.model_copy(update=LABELLED | {"batch": phase.labelled}),
            )
            for phase in stage.phases
            if phase.labelled is not None
        }
        trained = {name for made in self._all.values() for name in made.trained}
        for name, parameter in stack.parameters.items():
            parameter.requires_grad_(name in trained)

    @property
    def _all(self) -> dict[str, Optimizers | FullBatch]:
        return {"optimizer": self.own} | {f"phase/{n}": made for n, made in self.phases.items()}

    def take(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """All steps on a batch: name of a term -> its mean (member,); a phase's bear its name."""
        assert isinstance(self.own, Optimizers)
        named = self._take(self.stage, self.own, batch, self.stage.update)
        for phase in self.stage.phases:
            seen = self._seen(phase, batch, step)
            own = self._take(phase, self.phases[phase.name], seen, "simultaneous")
            named |= {f"{phase.name}_{term}": mean for term, mean in own.items()}
        return named

    def _seen(self, phase: Phase, batch: Batch, step: int) -> Batch:
        """The examples of a phase."""
        if phase.labelled is None:
            return batch
        batches, like = self.labelled[phase.name]
        return batches.at(batches.index(like, step))

    def _take(
        self, step: StepTable, optimizers: Optimizers, batch: Batch, update: str
    ) -> dict[str, Tensor]:
        size = batch.x.shape[1]  # an epoch's last batch may be smaller
        noise = self.noise.draw(self.stack.model.draws_for(step.objective, step.layer), size)
        constants = {} if step.layer is None else {"layer": step.layer}
        out: Objective = self.stack.call(step.objective, batch, noise, **constants)
        optimizers.assign("", out.loss)
        if update == "simultaneous":
            for name, loss in out.adversaries.items():
                optimizers.assign(name, loss)
            optimizers.step()
        else:
            optimizers.step("")
            for name in out.adversaries:
                again: Objective = self.stack.call(step.objective, batch, noise, **constants)
                optimizers.assign(name, again.adversaries[name])
                optimizers.step(name)
        named = {"loss": out.loss, **out.parts}
        named |= {f"{name}_loss": loss for name, loss in out.adversaries.items()}
        return {name: value.detach().mean(-1) for name, value in named.items()}

    def schedule(self, epoch: float) -> bool:
        """Set what the schedules say; whether a step recorded before is stale by that."""
        stale = False
        for step, optimizers in zip(self.stage.steps, self._all.values(), strict=True):
            for schedule in step.schedules:
                value = scheduled(schedule, epoch)
                kind, _, name = schedule.key.partition(":")
                if kind == "buffer":
                    self.stack.buffers[name].fill_(value)
                else:
                    stale |= optimizers.set(schedule.key, value)
        return stale

    def tensors(self) -> dict[str, Tensor]:
        """The optimisers' tensors; there are more after a step."""
        return {
            f"{place}/{key}": tensor
            for place, optimizers in self._all.items()
            for key, tensor in optimizers.tensors().items()
        }

    def state(self, step: int) -> dict[str, Tensor]:
        """What the steps after this one depend on, besides the stack, the noise and the batches."""
        state = {key: tensor.clone() for key, tensor in self.tensors().items()}
        for name, (batches, like) in self.labelled.items():
            within = step % batches.per_epoch(like) != 0
            own = batches.state(within=within)
            state |= {f"labelled/{name}/{key}": tensor for key, tensor in own.items()}
        return state

    def load(self, state: dict[str, Tensor]) -> None:
        """Go back to where `state` was taken."""
        for place, optimizers in self._all.items():
            optimizers.load(under(f"{place}/", state))
        for name, (batches, _) in self.labelled.items():
            batches.load(under(f"labelled/{name}/", state))
