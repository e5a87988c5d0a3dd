"""The 8 x 8 digits that scikit-learn carries.

E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49; scikit-learn has its 1,797 test images.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ae.errors import OutsideError

LEVELS = 16  # a pixel is a whole number from 0 to this
FIRST = {"train": 0, "valid": 1000, "test": 1350}  # where a split begins, in scikit-learn's order
SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def optical(split: str, count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images (n, 8, 8) and labels of a split; the byte nearest 255 k / 16 for a pixel k of 0..16.

    Nothing is drawn: `seed` is what every set without files has.

    Raises:
        OutsideError: This scikit-learn carries other digits.
    """
    from sklearn.datasets import load_digits

    whole = load_digits()
    pixels, labels = whole.images.astype(np.uint8), whole.target.astype(np.uint8)
    if (found := hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()) != SHA256:
        raise OutsideError(
            f"scikit-learn's digits: expected sha256 {SHA256} of pixels and labels, found {found}; "
            "install another version of scikit-learn"
        )
    part = slice(FIRST[split], FIRST[split] + count)
    scaled = np.rint(pixels[part] * (255 / LEVELS)).astype(np.uint8)
    return scaled, labels[part]
