"""Which kind of device stacks train on."""

import torch

from ae.errors import OutsideError


def choose_device(wanted: str) -> str:
    """`auto` is CUDA where there is one; asking for CUDA where there is none is an error.

    Raises:
        OutsideError: CUDA is asked for and is not there.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise OutsideError("--device cuda: this torch sees no CUDA device; use --device cpu")
    return "cuda" if wanted != "cpu" and available else "cpu"
