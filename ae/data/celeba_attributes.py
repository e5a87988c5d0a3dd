"""CelebA's photographs with one of their forty attributes as the label.

The attributes of Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild, ICCV 2015: people
said of every photograph whether it shows eyeglasses, a smile and so on.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data import celeba
from ae.data.npz import Arrays, read_npz
from ae.errors import OutsideError

NAME = "<U19"  # how numpy calls the type of the attributes' names


def excerpt(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """As `celeba.excerpt`, (n, 3, 64, 64); labels are 1 where a photograph has the attribute.

    `labels` is `file/attribute`, such as `faces/Eyeglasses`; the file's arrays `attr` (photographs,
    attributes) and `attr_names` say who has what. Without it every label is 0.

    Raises:
        OutsideError: The file lacks the attribute, has not a row a photograph, or one is no picture.
    """
    x, y = celeba.excerpt(files, images, None)
    return x, y if labels is None else _attribute(files, labels, len(x))


def excerpt_32(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """As `excerpt` at half the side, (n, 3, 32, 32): each pixel the mean of four, rounded."""
    x, y = excerpt(files, images, labels)
    return halved(x), y


def halved(x: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (n, 3, side, side) at half the side: each byte the mean of four, halves rounded up."""
    fours = x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).astype(np.uint16)
    small: NDArray[np.uint8] = ((fours.sum((3, 5), dtype=np.uint16) + 2) // 4).astype(np.uint8)
    return small


def _attribute(files: dict[str, Path], labels: str, count: int) -> NDArray[np.uint8]:
    file, _, wanted = labels.partition("/")
    path = files[file]
    names = read_npz(path, "attr_names", NAME).tolist()
    if wanted not in names:
        raise OutsideError(f"{path}: no attribute {wanted!r}; it has {', '.join(names)}")
    table = read_npz(path, "attr", "|b1")
    if table.shape != (count, len(names)):
        raise OutsideError(
            f"{path}: attr has shape {table.shape}; expected {(count, len(names))}, a row a "
            "photograph and a column a name"
        )
    column: NDArray[np.uint8] = table[:, names.index(wanted)].astype(np.uint8)
    return column
