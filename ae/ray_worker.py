"""What a Ray worker does: it trains one stack from its beginning. Knows nothing of Ray itself."""

import platform
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ae.data.dataset import Dataset
from ae.environment import set_policy
from ae.errors import OutsideError
from ae.fitting import Fitting
from ae.plan import StackPlan


def train(
    plan: StackPlan,
    arrays: Mapping[str, Any],
    facts: Mapping[str, Any],
    device: str,
    cpus: int,
    versions: Mapping[str, str],
) -> bytes:
    """In a worker: train a stack from its beginning; the bytes of its file."""
    for name, wanted in versions.items():
        if (found := release(name)) != wanted:
            raise OutsideError(
                f"--executor ray: node {platform.node()} has {name} {found}, this machine {wanted}; "
                "install the same version on both"
            )
    set_policy()
    torch.set_num_threads(cpus)
    tensors: dict[str, Any] = {n: torch.tensor(a, device=device) for n, a in arrays.items()}
    with tempfile.TemporaryDirectory(prefix="ae-") as folder:
        fitting = Fitting(plan, Dataset(**tensors, **facts), Path(folder), device)
        for _ in fitting.run(lambda: False):
            pass
        return fitting.weights.read_bytes()


def release(package: str) -> str:
    """A version without its build, such as `+cpu`."""
    return version(package).partition("+")[0]
