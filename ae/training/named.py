"""That what a stage names of its model is there: modules to train, groups of parameters.

Seen on the model's shapes alone, on the device meta, where no number is made.
"""

from collections.abc import Callable, Iterator, Sequence

import torch

from ae.errors import UserError
from ae.models.base import Autoencoder
from ae.spec import Cell, Descent, StepTable
from ae.training.optimizers import trains
from ae.training.rules import FAULTS

SHOWN = 12  # names of parameters in a message


def check_named(cell: Cell, build: Callable[[], Autoencoder]) -> None:
    """See that every module and every group of a run's stages holds parameters of its model.

    A model that cannot be built is left to the dry step, which says why.

    Raises:
        UserError: One does not: run, stage, and what was named.
    """
    named = [(at, step) for at, step in _steps(cell) if step.modules != "all" or _groups(step)]
    if not named:
        return
    try:
        with torch.device("meta"):
            model = build()
    except FAULTS:
        return
    parameters = [name for name, _ in model.named_parameters()]
    for at, step in named:
        if wrong := next(_missing(step, parameters), None):
            has = f"{cell.model['class']} has {_few(parameters)}"
            raise UserError(f"[[run]] {cell.name!r}: {at}: {wrong}; {has}")


def _steps(cell: Cell) -> Iterator[tuple[str, StepTable]]:
    """The optimiser steps of a run's stages, each with its place."""
    for name in cell.train.use:
        stage = cell.train.stages[name]
        if isinstance(stage, Descent):
            yield f"stage {name!r}", stage
            yield from ((f"stage {name!r}, phase {p.name!r}", p) for p in stage.phases)


def _groups(step: StepTable) -> list[str]:
    return [group.match for group in step.optimizer.groups]


def _missing(step: StepTable, parameters: Sequence[str]) -> Iterator[str]:
    """What the step names and the model has not."""
    for module in () if step.modules == "all" else step.modules:
        only = step.model_copy(update={"modules": (module,)})
        if not any(trains(only, name) for name in parameters):
            yield f"modules: {module!r} holds no parameter"
    trained = [name for name in parameters if trains(step, name)]
    matches = _groups(step)
    for number, match in enumerate(matches):
        left = [n for n in trained if not any(other in n for other in matches[:number])]
        if not any(match in name for name in left):
            taken = any(match in name for name in trained)
            why = (
                "groups before it take all that have it" if taken else "none that it trains has it"
            )
            yield f"groups: match {match!r} is in the name of no parameter left: {why}"


def _few(names: Sequence[str]) -> str:
    return ", ".join([*names[:SHOWN], *["..."] * (len(names) > SHOWN)]) or "none"
