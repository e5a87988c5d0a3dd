"""Two pictures of one thing: an image, and its edges after Sobel."""

import numpy as np
from numpy.typing import NDArray


def with_edges(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """Images (n, side, side) with their edges, (n, 2, side, side).

    The edges are the length of the gradient that Sobel's two filters find, a quarter of their sums, in
    whole numbers and cut at 255; beyond the image is black. Nothing is drawn.
    """
    wide = np.pad(x.astype(np.int64), ((0, 0), (1, 1), (1, 1)))
    down = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    across = wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]
    horizontal = down[:, :, 2:] - down[:, :, :-2]
    vertical = across[:, 2:] - across[:, :-2]
    length = np.floor(np.sqrt(horizontal**2 + vertical**2) / 4)
    return np.stack([x, length.clip(0, 255).astype(np.uint8)], 1)
