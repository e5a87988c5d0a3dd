"""Where a number came from: machine, versions, threads, commit."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ae.errors import plain
from ae.machine import git
from ae.machine.limits import cores, memory_gib
from ae.machine.threads import POLICY
from ae.records.entries import Environment
from ae.spec import Precision

PACKAGE = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "safetensors")


def capture(root: Path, device: str, code: str, precision: str = "float32") -> Environment:
    """The present environment, for a record; `precision` is that of products in training."""
    import torch

    policy = ", ".join(f"{name}={os.environ.get(name, 'unset')}" for name in POLICY)
    name = "CPU" if device == "cpu" else torch.cuda.get_device_name(device)
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        processor=processor(),
        cores=cores(),
        memory_gib=round(memory_gib(), 1),
        device=name,
        threads=torch.get_num_threads(),
        thread_policy=policy,
        precision=precision,
        versions={package: version(package) for package in PACKAGES},
        commit=commit_of(root),
        dirty=changed_files(root),
        code=code,
    )


def of_training(root: Path, device: str, precision: Precision) -> dict[str, str]:
    """Where this process trains: what may differ between two members of one run."""
    import torch

    name = "CPU" if device == "cpu" else torch.cuda.get_device_name(device)
    changed = " (changed)" if changed_files(root) else ""
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processor": processor(),
        "device": name,
        "threads": str(torch.get_num_threads()),
        "precision": "float32" if device == "cpu" else precision,
        "commit": commit_of(root) + changed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit_of(root: Path) -> str:
    """The project's commit, `unknown` where there is none, or the code is not the project's own."""
    return git.commit(root) if _is_own(root) else "unknown"


def changed_files(root: Path) -> bool:
    """Whether files that numbers depend on differ from the commit."""
    return _is_own(root) and git.changed(root, "ae", "benchmarks", "datasets")


def _is_own(root: Path) -> bool:
    """Whether this package is the project's: one that is installed elsewhere has another history."""
    return PACKAGE.parent.resolve() == root.resolve()


def processor() -> str:
    """The processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return plain(line.partition(":")[2])
    return plain(platform.processor() or platform.machine())
