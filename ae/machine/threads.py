"""How many threads, how they wait, and how products are rounded: what may decide a last bit."""

import ctypes
import math
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ae.machine import neutral
from ae.machine.limits import cores, quota
from ae.spec import Precision

POLICY = {
    # Threads sleep while they wait: spinning costs up to 20 times on a shared machine.
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "KMP_BLOCKTIME": "0",
    # Matrix products do not depend on where in memory a seed's weights happen to lie.
    "MKL_CBWR": "AUTO",
}


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
MAPPED = 2**25  # bytes: few tensors of a step are as large


def set_policy() -> None:
    """Set how threads wait and how MKL rounds, where the user has not; before torch is loaded.

    Also keeps freed memory in the process: by default glibc returns blocks from 128 KiB on to the
    system and takes them back at every step, and the page faults cost an eighth of the time. Blocks
    from `MAPPED` on are returned all the same: an aligned one is not put again where one of its size was
    freed, so that summing the pixels of 50,000 photographs, piece by piece, took 1.1 GB.
    """
    neutral.settle()
    for name, value in POLICY.items():
        os.environ.setdefault(name, value)
    # numpy and scipy bring OpenBLAS, whose threads spin whatever the policy says: on busy cores the
    # triangles of one image, systems of two unknowns each, took 6 s instead of 3 ms.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if quota() < math.inf:  # libraries that count cores themselves do not see it
        os.environ.setdefault("OMP_NUM_THREADS", str(cores()))
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, MAPPED)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 2**26)


def cores_meant() -> int:
    """As many as OMP_NUM_THREADS says, else all that this process may use."""
    said = re.match(r"\s*([0-9]+)", os.environ.get("OMP_NUM_THREADS", ""))
    return max(1, int(said[1])) if said else cores()


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
