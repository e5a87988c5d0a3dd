"""Small colour images, tiled into large pictures in lossless WebP files."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data.npz import Arrays, labelled
from ae.errors import OutsideError, plain

TILE = 32  # pixels: the side of a small image
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
