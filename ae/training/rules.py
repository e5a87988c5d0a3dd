"""What torch says of a model that breaks the contract, in the contract's words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ae.errors import UserError, exhausted, plain

FAULTS = (RuntimeError, AttributeError, TypeError, ValueError, IndexError, KeyError, AssertionError)
REFUSALS = {  # what torch says -> what it means, and what to write
    r"random operation": (
        "draws random numbers itself: whose seed are they of? declare a `Draw` in `draws`, take "
        "`noise`"
    ),
    r"calling \.item\(\)|doesn't have storage": (
        "makes a number of a tensor (`.item()`, `float`, `int`, `.tolist()`, `.numpy()`, printing), "
        "which is another for every seed: stay a tensor"
    ),
    r"data-dependent control flow": (
        "asks a tensor what to do (`if`, `while`, `assert`), which is another answer for every seed: "
        "compute both, `torch.where`"
    ),
    r"dynamic shape|differently shaped|stack expects each tensor to be equal size": (
        "makes a shape that depends on the data (`h[h > 0]`, `unique`, `nonzero`, `bincount`): "
        "multiply by a mask; `one_hot(...).mean(0)`"
    ),
    r"explicit positive num_classes": (
        "calls `one_hot` without its number of classes, which makes a shape that depends on the "
        "data: give it"
    ),
    r"has more elements than `self`|the broadcast shape|inplace arithmetic|vmap: .*in-place": (
        "writes what is one seed's into a tensor that all seeds share: make that of the inputs "
        "(`torch.zeros_like(h)`), or do not write in place"
    ),
    "cannot be multiplied|size mismatch|must match the size|invalid for input of size|"
    "must have same reduction dim|Expected size for first two dimensions": (
        "has widths that do not fit each other"
    ),
    r"functorch transform|does not require grad": (
        "takes gradients itself, which is the trainer's business: return the loss"
    ),
}


@contextmanager
def told(at: str) -> Iterator[None]:
    """Say in a line what goes wrong inside, and where.

    Raises:
        UserError: The line.
    """
    try:
        yield
    except FAULTS as error:
        if exhausted(error):
            raise
        said = plain(error) or type(error).__name__
        for pattern, rule in REFUSALS.items():
            if re.search(pattern, str(error)):
                said = f"{rule} (torch says: {said})"
                break
        raise UserError(f"{at}: {said}") from None
