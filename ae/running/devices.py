"""Which kind of device stacks train on."""

import ctypes
import sys
from importlib.metadata import version

from ae.errors import OutsideError

DRIVER = "libcuda.so.1"  # what torch, too, asks for the devices


def choose_device(wanted: str) -> str:
    """`auto` is CUDA where there is one; asking for CUDA where there is none is an error.

    Raises:
        OutsideError: CUDA is asked for and is not there.
    """
    available = wanted != "cpu" and _possible() and _available()
    if wanted == "cuda" and not available:
        raise OutsideError("--device cuda: this torch sees no CUDA device; use --device cpu")
    return "cuda" if available else "cpu"


def _possible() -> bool:
    """Whether torch is worth asking, for importing it takes seconds: False if it must say no.

    So it must if it was built for CPUs, or if on Linux there is no driver for it. A build for
    another kind of device (`+rocm6.2`) is asked.
    """
    build = version("torch").partition("+")[2]
    if build == "cpu":
        return False
    if sys.platform != "linux" or not (build == "" or build.startswith("cu")):
        return True
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


def _available() -> bool:
    import torch

    return torch.cuda.is_available()
