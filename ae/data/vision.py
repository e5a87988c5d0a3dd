"""torchvision, which cuts and resizes pictures: loaded here and nowhere else."""

import functools
import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DECLARED: list[Any] = []  # kept: operators are forgotten with the library that declared them


@functools.cache
def functional() -> ModuleType:
    """`torchvision.transforms.functional`.

    The public index has torchvision built for CUDA. Beside a torch without CUDA its compiled part is
    not loaded, and its import fails on two operators of that part, which nothing here calls: then
    they are declared, without a body, and it is imported again.
    """
    try:
        return _imported()
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    import torch

    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)
    return _imported()


def _imported() -> ModuleType:
    from torchvision.transforms import functional

    module: ModuleType = functional
    return module


def resized(picture: Any, side: int) -> NDArray[np.uint8]:
    """A Pillow picture as (side, side) or (side, side, 3) bytes, by bilinear interpolation.

    With antialiasing where it gets smaller.
    """
    transforms = functional()
    bilinear = transforms.InterpolationMode.BILINEAR
    return np.asarray(transforms.resize(picture, [side, side], bilinear))


def middle(picture: Any, cut: int, side: int) -> NDArray[np.uint8]:
    """The square of `cut` pixels in the middle of a Pillow picture, resized to (side, side, 3) bytes.

    Where the margins cannot be equal, the left and the upper one are a pixel narrower.
    """
    left, top = (picture.width - cut) // 2, (picture.height - cut) // 2
    return resized(functional().crop(picture, top, left, cut, cut), side)
