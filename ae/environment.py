"""Where a number came from: machine, versions, threads, commit."""

import ctypes
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from ae.record import Environment
from ae.spec import Precision

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "safetensors")
POLICY = {
    # Threads sleep while they wait: spinning costs up to 20 times on a shared machine.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "KMP_BLOCKTIME": "0",
    # Matrix products do not depend on where in memory a seed's weights happen to lie.
    "MKL_CBWR": "AUTO",
}


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of glibc's malloc.h


def set_policy() -> None:
    """Set how threads wait and how MKL rounds, where the user has not; before torch is loaded.

    Also keeps freed memory in the process: by default glibc returns large blocks to the system and
    takes them back at every step, and the page faults cost an eighth of the time.
    """
    for name, value in POLICY.items():
        os.environ.setdefault(name, value)
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 2**26)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads() -> None:
    """One thread a core, unless OMP_NUM_THREADS says otherwise."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(cores())


@contextmanager
def products(precision: Precision, device: str) -> Iterator[None]:
    """Let CUDA take matrix products and convolutions in this precision meanwhile.

    Nothing changes on the CPU, whose products are in full precision always.
    """
    import torch

    if device == "cpu":
        yield
        return
    convolution = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = torch.get_float32_matmul_precision(), convolution.fp32_precision
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    convolution.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        convolution.fp32_precision = before[1]


def capture(root: Path, device: str, code: str, precision: str = "float32") -> Environment:
    """The present environment, for a record; `precision` is that of products in training."""
    import torch

    policy = ", ".join(f"{name}={os.environ.get(name, 'unset')}" for name in POLICY)
    name = "CPU" if device == "cpu" else torch.cuda.get_device_name(device)
    commit = _git(root, "rev-parse", "HEAD")
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        processor=processor(),
        cores=cores(),
        memory_gib=round(_memory_gib(), 1),
        device=name,
        threads=torch.get_num_threads(),
        thread_policy=policy,
        precision=precision,
        versions={package: version(package) for package in PACKAGES},
        commit=commit or "unknown",
        dirty=bool(_git(root, "status", "--porcelain", "--", "ae", "benchmarks", "datasets")),
        code=code,
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def processor() -> str:
    """The processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return 0.0
