"""What a Ray worker does: it trains one stack from its beginning. Knows nothing of Ray itself."""

import platform
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ae.data.dataset import Dataset
from ae.errors import OutsideError
from ae.machine.threads import set_policy
from ae.training.members import FOLDER
from ae.training.plan import StackPlan
from ae.training.stack_training import StackTraining


def train(
    plan: StackPlan,
    facts: tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]],
    device: str,
    cpus: int,
    versions: Mapping[str, str],
    provenance: Mapping[str, str],
    *arrays: Mapping[str, Any],
) -> dict[str, bytes]:
    """In a worker: train a stack from its beginning; the bytes of its members' files, by name.

    Args:
        plan: The stack.
        facts: What is no array of its training set, and of each split that it watches, by name.
        device: Where to train.
        cpus: Threads.
        versions: Of packages, which this machine must have.
        provenance: What every member's file says of where it was trained.
        arrays: Those of the training set, then those of each split.

    Raises:
        OutsideError: The machine has other versions than `versions`.
    """
    for name, wanted in versions.items():
        if (found := release(name)) != wanted:
            raise OutsideError(
                f"--executor ray: node {platform.node()} has {name} {found}, this machine {wanted}; "
                "install the same version on both"
            )
    set_policy()
    torch.set_num_threads(cpus)
    data = _dataset(arrays[0], facts[0], device)
    held_out = {
        split: _dataset(own, facts[1][split], device)
        for split, own in zip(facts[1], arrays[1:], strict=True)
    }
    here = dict(provenance) | {"threads": str(cpus), "node": platform.node()}
    with tempfile.TemporaryDirectory(prefix="ae-") as folder:
        training = StackTraining(plan, data, Path(folder), device, here, held_out=held_out)
        for _ in training.run(lambda: False):
            pass
        return {path.name: path.read_bytes() for path in (Path(folder) / FOLDER).iterdir()}


def _dataset(arrays: Mapping[str, Any], facts: Mapping[str, Any], device: str) -> Dataset:
    tensors: dict[str, Any] = {n: torch.tensor(a, device=device) for n, a in arrays.items()}
    return Dataset(**tensors, **facts)


def release(package: str) -> str:
    """A version without its build, such as `+cpu`."""
    return version(package).partition("+")[0]
