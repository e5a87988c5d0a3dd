"""Which stacks have a checkpoint: they were interrupted, and go on from there."""

from collections.abc import Sequence
from pathlib import Path

from ae.disk import notes_of
from ae.training.plan import Member, StackPlan


def checkpoint_path(folder: Path, plan: StackPlan) -> Path:
    """Where the checkpoint of a stack is, while it trains."""
    return folder / "checkpoints" / f"{plan.key}.safetensors"


def begun(folder: Path, wanted: Sequence[Member], missing: Sequence[Member]) -> list[StackPlan]:
    """Stacks that have a checkpoint: they go on as they began, whoever else is to be trained now.

    A checkpoint of members that are all there, or no longer wanted, is left alone.

    Args:
        folder: The results folder.
        wanted: All members of the tier that are wanted.
        missing: Those of them that have no file.

    Raises:
        OutsideError: A checkpoint is damaged.
    """
    known, lacking = {m.key: m for m in wanted}, {m.key for m in missing}
    plans = []
    for path in sorted((folder / "checkpoints").glob("[!.]*.safetensors")):
        keys = notes_of(path).get("members", [])
        if lacking & {*keys} and all(key in known for key in keys):
            plans.append(StackPlan(tuple(known.pop(key) for key in keys)))
    return plans


def progress_of(folder: Path, plan: StackPlan) -> float:
    """What share of a stack an interrupted session has done, by its checkpoint; 0 without one."""
    path = checkpoint_path(folder, plan)
    return float(notes_of(path)["share"]) if path.exists() else 0.0
