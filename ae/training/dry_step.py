"""One step of a stage on a few examples, to see that a model keeps the contract."""

from typing import Any

import torch

from ae.models.base import Objective
from ae.spec import Descent, Fit, StepTable
from ae.spec.untrained import ONE_STEP
from ae.training.batches import Source
from ae.training.noise import NoiseSource
from ae.training.stack import Stack
from ae.training.trainer import Training


def step_once(stack: Stack, source: Source, name: str, stage: Descent | Fit) -> None:
    """Take a step of a stage, by the trainer, on all examples of a source that has few.

    A stage that calls `fit` is not done, only looked for: it needs a whole training set.

    Raises:
        TypeError: An objective gives something else.
        ValueError: A term is no number an example.
    """
    if isinstance(stage, Fit):
        getattr(stack.model, stage.fit)
        return
    few = source.examples
    for step in stage.steps:
        _objective(stack, source, step)
    phases = tuple(p.model_copy(update={"labelled": p.labelled and few}) for p in stage.phases)
    once: dict[str, Any] = {
        "batch": stage.batch if stage.batch == "all" else few,
        "epochs": ONE_STEP,
        "order": "shuffled",
        "points": (),
        "watch": {},
        "keep": None,
        "phases": phases,
    }
    for _ in Training(stack, [(name, stage.model_copy(update=once))], source).run():
        pass


def _objective(stack: Stack, source: Source, step: StepTable) -> None:
    """See that every term is a number an example: the trainer would take the mean of anything."""
    noise = NoiseSource(stack.seeds, stack.device, "noise")
    index = torch.arange(source.examples, device=stack.device)
    if source.fresh is None:
        batch = source.batch(index.expand(len(noise.unique), -1))
    else:
        drawn = noise.draw({"the data's": source.fresh.draw}, source.examples)["the data's"]
        batch = source.fresh.batch(index.expand(len(stack.seeds), -1), drawn)
    constants = {} if step.layer is None else {"layer": step.layer}
    draws = noise.draw(stack.model.draws_for(step.objective, step.layer), source.examples)
    stack.train()
    out = stack.call(step.objective, batch, draws, **constants)
    if not isinstance(out, Objective):
        raise TypeError(f"{step.objective} gives {type(out).__name__}; expected an Objective")
    adversaries = {f"the loss of {name!r}": loss for name, loss in out.adversaries.items()}
    for name, term in {"the loss": out.loss, **out.parts, **adversaries}.items():
        if (found := tuple(term.shape[1:])) != (source.examples,):
            raise ValueError(
                f"{step.objective}: {name} has the shape {found} for {source.examples} examples; "
                "expected a number an example, without a mean over the batch"
            )
