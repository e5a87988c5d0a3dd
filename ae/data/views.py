"""Three views of one event: each shows a factor that all share, and one of its own.

Made for claims on shared and private codes, as those of Hazarika, Zimmermann and Poria, MISA, ACM MM
2020, https://arxiv.org/abs/2005.03545, whose data are videos that may not be passed on. Example i of a
split depends on the set's seed, the split and i alone; the arithmetic is on integers, so that the
bytes do not depend on the machine.
"""

import numpy as np
from numpy.typing import NDArray

from ae.data.variations import stream

LEVELS = 4  # values of a factor
NUMBERS = 32  # of a view
SHARED = (40, 30, 20, 10)  # of 100: how often each value of the shared factor is
SHARES = ((50, 50, 0, 0), (25, 25, 25, 25), (70, 10, 10, 10))  # the same of private ones
PARTS = {"shared": 2, "own": 2, "both": 1, "noise": 3}  # weights of what a number is the mean of


def three_views(split: str, count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Views (n, 3, 32), and labels s + 4 p1 + 16 p2 + 64 p3 of the four factors, each from 0 to 3.

    The shared factor s is skewed (`SHARED`), so that its values are known by their number; the private
    ones, p1 to p3, are distributed differently in each view (`SHARES`), so that codes distributed alike
    in all views cannot hold them. A number of a view is a weighed mean of four bytes, each uniform: one
    that depends on s, one on p, one on both, which are the same for all splits, and noise.
    """
    shared = _drawn(stream(seed, split, "shared"), SHARED, count)
    x = np.empty((count, len(SHARES), NUMBERS), np.uint8)
    y = shared.copy()
    for view, shares in enumerate(SHARES):
        own = _drawn(stream(seed, split, f"private/{view}"), shares, count)
        tables = stream(seed, "tables", f"view/{view}")
        of_shared = tables.integers(0, 256, (LEVELS, NUMBERS))
        of_own = tables.integers(0, 256, (LEVELS, NUMBERS))
        of_both = tables.integers(0, 256, (LEVELS, LEVELS, NUMBERS))
        noise = stream(seed, split, f"noise/{view}").integers(0, 256, (count, NUMBERS))
        parts = (of_shared[shared], of_own[own], of_both[shared, own], noise)
        weighed = sum(w * part for w, part in zip(PARTS.values(), parts, strict=True))
        x[:, view] = weighed // sum(PARTS.values())
        y += LEVELS ** (view + 1) * own
    return x, y.astype(np.uint8)


def _drawn(own: np.random.Generator, shares: tuple[int, ...], count: int) -> NDArray[np.int64]:
    """Values from 0, each as often as its share of 100."""
    chance = own.integers(0, 100, count)
    return np.searchsorted(np.cumsum(shares), chance, side="right").astype(np.int64)
