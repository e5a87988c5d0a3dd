"""How well one half of a pair is made of the other.

For models with `translate(x)`, of examples that are pairs of planes.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ae.metrics.shared import by_seed
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Half = Literal["first", "second"]


@measure(
    label="Squared error of the {to} half, made of the other", unit="per image", better="lower"
)
def error(trained: Trained, *, to: Half) -> list[float]:
    """Mean over test examples of the sum of squared errors of a half, pixels in [0, 1]."""

    def halves(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.share("translate", x).double()
        both = ((made - x.double()) ** 2).flatten(2).chunk(2, -1)
        return both[0 if to == "first" else 1].sum(-1)

    return by_seed(torch.cat(trained.over("test", halves), 1), np.mean)
