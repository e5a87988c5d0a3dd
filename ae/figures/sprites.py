"""Small pictures of test images on one sheet, for a reader who points at one of them."""

import base64
import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ae.figures.layout.drawing import Arrays
from ae.figures.layout.sheet import pictures
from ae.training.trained_run import Trained

PICTURES = 1000  # of a figure: the first test images
SIDE = 28  # pixels of the longer side, at most
LEVELS = (16, 4)  # of grey: fewer where more would be too many bytes
COLUMNS = 40  # pictures in a row of the sheet
BYTES = 200_000  # of the sheet; where the fewest levels take more, it has fewer pictures


def tiles(runs: list[Trained], count: int) -> Arrays:
    """Small pictures of the first test images, `PICTURES` or `count`, as (n, height, width) bytes.

    Nothing, where the runs have different test images, or where those may not be published.
    """
    if len({run.test.sha256 for run in runs}) > 1 or not runs[0].test.manifest.publish:
        return {}
    index = torch.arange(min(count, PICTURES), device=runs[0].test.x.device)
    flat = runs[0].test.clean(index).float().cpu().numpy()
    grey = pictures(flat, runs[0].test.shape)
    grey = grey.mean(-1) if grey.ndim == 4 else grey
    return {"tiles": np.rint(255 * _smaller(grey)).astype(np.uint8)}


def _smaller(grey: NDArray[Any]) -> NDArray[Any]:
    """Pictures whose longer side is at most `SIDE`: means of squares, what is left over cut off."""
    height, width = grey.shape[1:]
    side = -(-max(height, width) // SIDE)
    high, wide = height // side, width // side
    cut = grey[:, : high * side, : wide * side]
    return np.asarray(cut.reshape(len(grey), high, side, wide, side).mean((2, 4)))


def sheet(arrays: Arrays) -> dict[str, Any] | None:
    """For a browser: the pictures edge to edge in rows, and their measures; None without any."""
    if "tiles" not in arrays:
        return None
    kept = arrays["tiles"]
    found = [_png(kept, levels) for levels in LEVELS]
    image = next((one for one in found if len(one) <= BYTES), None)
    while image is None:
        kept = kept[: len(kept) // 2]
        small = _png(kept, LEVELS[-1])
        image = small if len(small) <= BYTES else None
    return {
        "sheet": base64.b64encode(image).decode(),
        "columns": COLUMNS,
        "count": len(kept),
        "width": kept.shape[2],
        "height": kept.shape[1],
    }


def _png(kept: NDArray[np.uint8], levels: int) -> bytes:
    from PIL import Image

    count, high, wide = kept.shape
    rows = -(-count // COLUMNS)
    whole = np.zeros((rows * COLUMNS, high, wide), np.uint8)
    whole[:count] = np.rint(kept / 255 * (levels - 1))
    edge = whole.reshape(rows, COLUMNS, high, wide).swapaxes(1, 2)
    image = Image.fromarray(edge.reshape(rows * high, COLUMNS * wide), mode="L")
    image.putpalette([round(255 * i / (levels - 1)) for i in range(levels) for _ in range(3)])
    buffer = io.BytesIO()
    image.save(buffer, format="png", optimize=True, bits=4)
    return buffer.getvalue()
