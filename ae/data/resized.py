"""Images at another size."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ae.data.vision import resized


def to_32(x: NDArray[np.uint8], split: str, seed: int) -> NDArray[np.uint8]:
    """Images (n, side, side) of at most 32 x 32 pixels enlarged to that, by bilinear interpolation.

    As torchvision's `Resize` makes them of Pillow's pictures.
    """
    found = np.empty((len(x), 32, 32), np.uint8)
    for i, image in enumerate(x):
        found[i] = resized(Image.fromarray(image), 32)
    return found
