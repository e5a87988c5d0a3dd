"""Small colour images, tiled into large pictures in lossless WebP files."""

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data.npz import Arrays, labelled
from ae.errors import OutsideError, plain

TILE = 32  # pixels: the side of a small image
BLOCK = 16  # examples that TensorFlow Datasets takes of a file before it turns to the next
WIDEST = 3200  # pixels: of a picture, so that one declares at most 31 MB


def tiles(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """Images (n, 3, 32, 32), row by row of each picture, and labels (n,); 0 without a name.

    `images` is `file/N`: that file and the next ones of the manifest, N in all. `labels` is
    `file/array` of an .npz file.

    Raises:
        OutsideError: A file is no such picture, or there are fewer images than labels or more.
    """
    first, _, number = images.partition("/")
    paths = [path for name, path in files.items() if path.suffix == ".webp"]
    start = paths.index(files[first])
    x = np.concatenate([_tiles(path) for path in paths[start : start + int(number or 1)]])
    return labelled(files, x, labels)


def shuffled(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """As `tiles`, of a training and a test split together: `file/N+file/N`, `file/array+file/array`.

    In the order in which TensorFlow Datasets reads `train+test`: each split by the md5 of its name and
    an example's number, then blocks of 16 of the two in turn until one of them ends.

    Raises:
        OutsideError: As `tiles`.
    """
    names = [None, None] if labels is None else labels.split("+")
    parts = [tiles(files, i, n) for i, n in zip(images.split("+"), names, strict=True)]
    x, y = (np.concatenate(both) for both in zip(*parts, strict=True))
    order = interleaved(len(parts[0][1]), len(parts[1][1]))
    return x[order], y[order]


def interleaved(train: int, test: int) -> NDArray[np.int64]:
    """The places, in that order, of `train` examples and `test` more that come after them."""
    first, second = _hashed("train", train), train + _hashed("test", test)
    blocks = [
        part[i : i + BLOCK] for i in range(0, max(train, test), BLOCK) for part in (first, second)
    ]
    return np.concatenate(blocks)


def _hashed(name: str, count: int) -> NDArray[np.int64]:
    keys = [
        hashlib.md5(f"{name}{i}".encode(), usedforsecurity=False).digest() for i in range(count)
    ]
    return np.array(sorted(range(count), key=keys.__getitem__), np.int64)


def _tiles(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        content = path.read_bytes()
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        with Image.open(io.BytesIO(content), formats=["WEBP"]) as picture:
            width, height = picture.size
            if width % TILE or height % TILE or max(width, height) > WIDEST:
                raise OutsideError(
                    f"{path}: a picture of {width} x {height} pixels; expected multiples of {TILE} "
                    f"up to {WIDEST}"
                )
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise OutsideError(f"{path}: not a whole WebP picture ({plain(error)})") from None
    rows = pixels.reshape(height // TILE, TILE, width // TILE, TILE, 3)
    return rows.transpose(0, 2, 4, 1, 3).reshape(-1, 3, TILE, TILE)
