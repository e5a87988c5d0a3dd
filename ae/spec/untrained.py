"""A spec whose stages of descent end after one step: the null run.

A claim that holds there tests no training. Stages that call a model's `fit` are what they are:
closed forms have no steps to leave out, though what follows an untrained stage fits untrained codes.
"""

from typing import Any

from ae.spec.run import Cell
from ae.spec.spec import Spec
from ae.spec.tiers import cells
from ae.spec.training import Descent, StepTable
from ae.spec.words import TierName

ONE_STEP = 1e-9  # epochs: the trainer takes one step at least


def untrained(spec: Spec, tier: TierName, where: str) -> Spec:
    """The spec with one step a stage in this tier, each run in its data, model and seeds.

    A schedule of a buffer holds its last value from the beginning, so that the model is the one that
    the claims are about; one of the optimiser is left out. What a stage watches is evaluated after the
    step. Other tiers stay as they are.

    Raises:
        UserError: An override of the tier does not fit.
    """
    own = spec.tier[tier]
    runs = {}
    for cell in cells(spec, tier, where=where):
        stages = _stages(cell)
        changed = dict(own.run.get(cell.name, {}))
        if stages:
            train = dict(changed.get("train", {}))
            given = dict(train.get("stages", {}))
            train["stages"] = given | {k: {**given.get(k, {}), **v} for k, v in stages.items()}
            changed["train"] = train
        runs[cell.name] = changed
    tiers = {**spec.tier, tier: own.model_copy(update={"run": runs})}
    return spec.model_copy(update={"tier": tiers})


def _stages(cell: Cell) -> dict[str, dict[str, Any]]:
    """What the null run changes of each stage of descent that the run takes."""
    found = {}
    for name in cell.train.use:
        stage = cell.train.stages[name]
        if isinstance(stage, Descent):
            found[name] = {
                "epochs": ONE_STEP,
                "schedules": _last(stage),
                "watch": {label: {"every": 1} for label in stage.watch},
                "phases": [{**_dumped(phase), "schedules": _last(phase)} for phase in stage.phases],
            }
    return found


def _dumped(step: StepTable) -> dict[str, Any]:
    return step.model_dump(mode="json", by_alias=True, exclude_none=True)


def _last(step: StepTable) -> list[dict[str, Any]]:
    """The schedules of buffers, at their ends."""
    return [
        {"key": s.key, "kind": "step", "at": [0.0], "values": [s.values[-1]]}
        for s in step.schedules
        if s.key.startswith("buffer:")
    ]


def descends(cell: Cell) -> bool:
    """Whether a run takes a stage of descent, without which the null run says nothing of it."""
    return any(isinstance(cell.train.stages[name], Descent) for name in cell.train.use)
