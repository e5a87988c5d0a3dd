"""What a member's weights depend on, part by part, and in which parts two members differ.

Reads specs and code alone; knows no torch.
"""

from collections.abc import Mapping
from typing import Any

from ae.machine.code import changes
from ae.spec import Cell

TRAINER = (  # what turns a member's arguments, seed, protocol and data into its weights
    "ae.data.access:",
    "ae.data.dataset:Dataset",
    "ae.data.noise:drawn",
    "ae.models.base:Autoencoder",
    "ae.training.batches:Batches",
    "ae.training.stack:Stack",
    "ae.training.trainer:Training",
)
PARTS = ("model", "seed", "protocol", "data", "model_code", "trainer_code")


def parts(
    cell: Cell, seed: int, data: str, code: Mapping[str, str], trainer: Mapping[str, str]
) -> dict[str, Any]:
    """What a member's key is the digest of, part by part; see `Member` in `ae.training.plan`."""
    return {
        "model": cell.model,
        "seed": seed,
        "protocol": protocol(cell),
        "data": data,
        "model_code": dict(code),
        "trainer_code": dict(trainer),
    }


def protocol(cell: Cell) -> dict[str, Any]:
    """The stages that a run takes, in order, and their precision; without what is as by default.

    So a key that the format gains makes no member stale whose spec does not give it.
    """
    train = cell.train
    dumps = {
        name: train.stages[name].model_dump(mode="json", exclude_defaults=True)
        for name in train.use
    }
    stages = [[name, dumps[name]] for name in train.use]
    return {"precision": train.precision, "stages": stages}


def differences(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """In which parts of the key a member that was stored differs from one that is wanted, in words.

    Args:
        now: The parts of one that is wanted; a part that it lacks is not compared.
        before: The parts of a stored one.
    """
    found = []
    for name in PARTS:
        if name not in now or (old := before.get(name)) == (new := now[name]):
            continue
        if name.endswith("_code") and isinstance(old, dict):
            found.append(f"code: {', '.join(changes(old, new))}")
        elif isinstance(old, dict) and isinstance(new, dict):
            keys = [k for k in {**old, **new} if old.get(k) != new.get(k)]
            shown = [f"{k} was {_brief(old.get(k))}, is {_brief(new.get(k))}" for k in keys]
            found.append(f"{name}: {'; '.join(shown)}")
        else:
            found.append(f"{name} was {_brief(old)}, is {_brief(new)}")
    return found


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
