"""Noise that is always the same, by a name and an example's index; made by numpy on the CPU.

Examples are drawn in blocks, each from a generator of its own, so that an example's noise does not
depend on how many others are asked for, nor on the device.
"""

import hashlib
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK = 500  # examples


def drawn(
    law: Literal["normal", "uniform"], stream: str, index: Int[Tensor, "*many"], features: int
) -> Float[Tensor, "*many features"]:
    """Standard normal noise, or uniform on [0, 1), for the examples of `index`, on its device."""
    which, within = (index // BLOCK).cpu(), (index % BLOCK).cpu()
    noise = torch.empty(*index.shape, features)
    for block in sorted(set(which.flatten().tolist())):
        here = which == block
        noise[here] = torch.from_numpy(_block(law, f"{stream}/{block}", features))[within[here]].to(
            noise.dtype
        )
    return noise.to(index.device)


def _block(law: str, stream: str, features: int) -> np.ndarray:
    name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8])
    generator = np.random.Generator(np.random.PCG64(name))
    if law == "normal":
        return generator.standard_normal((BLOCK, features), np.float32)
    return generator.random((BLOCK, features), np.float32)
