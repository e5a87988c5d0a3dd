"""Walks along the numbers of a code as a browser plays them: sheets of pictures, and their words."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import Arrays

GOOD, BYTES = 225_000, 2_000_000  # of all pictures of a figure, before base64 adds a third
LEVELS = (256, 64, 16)  # of grey or of a colour: fewer where more would not be good, or not fit
ACTIVE = 0.1  # nats from which a number of the code counts as used
UNBROKEN = "\N{NO-BREAK SPACE}"  # between a value and its unit
Tiles = NDArray[np.uint8]


def sheets(arrays: Arrays) -> list[list[bytes]]:
    """A PNG for every run and seed: rows of pictures, edge to edge.

    In as many levels as make `GOOD` bytes, else in the fewest.

    Raises:
        UserError: They do not fit with the fewest.
    """
    runs = range(len(arrays["runs"]))
    for levels in LEVELS:
        found = [[_png(tiles, levels) for tiles in arrays[f"tiles_{i}"]] for i in runs]
        size = sum(len(sheet) for made in found for sheet in made)
        if size <= (BYTES if levels == LEVELS[-1] else GOOD):
            return found
    raise UserError(
        f"traversal: the pictures take {size / 1e6:.1f} MB; expected at most {BYTES / 1e6:g}, so "
        "that a page stays small: show fewer seeds, numbers or steps"
    )


def _png(tiles: Tiles, levels: int) -> bytes:
    from PIL import Image

    rows, steps, high, wide, *colours = tiles.shape
    whole = tiles.swapaxes(1, 2).reshape(rows * high, steps * wide, *colours)
    coarse = np.rint(np.rint(whole / 255 * (levels - 1)) * 255 / (levels - 1)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def data(arrays: Arrays) -> dict[str, Any]:
    """For a browser: a sheet of pictures for every run and seed, and words for every row of it."""
    steps, high, wide = arrays["tiles_0"].shape[2:5]
    return {
        "steps": steps,
        "width": wide,
        "height": high,
        "span": float(arrays["span"]),
        "image": int(arrays["image"]),
        "panels": [
            {
                "title": str(name),
                "seeds": [_seed(arrays, i, j, sheet) for j, sheet in enumerate(own)],
            }
            for i, (name, own) in enumerate(zip(arrays["runs"], sheets(arrays), strict=True))
        ],
    }


def _seed(arrays: Arrays, run: int, seed: int, sheet: bytes) -> dict[str, Any]:
    rows = [
        {"name": f"z{axis + 1}", "said": _said(arrays, run, seed, row)}
        for row, axis in enumerate(arrays[f"axes_{run}"][seed])
    ]
    return {
        "seed": int(arrays[f"seeds_{run}"][seed]),
        "note": note(arrays, run, seed),
        "sheet": base64.b64encode(sheet).decode(),
        "rows": rows,
    }


def note(arrays: Arrays, run: int, seed: int) -> str:
    """How many numbers of a seed's code are in use."""
    if not np.isfinite(arrays[f"kl_{run}"][seed]).all():
        return "diverged"
    active, latent = (int(arrays[f"{name}_{run}"][seed]) for name in ("active", "latent"))
    return f"{active} of {latent} numbers above {ACTIVE:g} nats"


def _said(arrays: Arrays, run: int, seed: int, row: int) -> list[str]:
    pairs = zip(columns_of(arrays), values_of(arrays, run, seed, row), strict=True)
    return [f"{column}: {value}" for column, value in pairs]


def columns_of(arrays: Arrays) -> list[str]:
    """What a row's values are of; the first that is not the divergence says what they all are."""
    label, names = str(arrays["number"]), [str(name) for name in arrays["columns"]]
    return ["KL, nats", *(f"{label} {name}" for name in names[:1]), *names[1:]]


def values_of(arrays: Arrays, run: int, seed: int, row: int) -> list[str]:
    """The divergence of a row's number and what else was measured of it, as they are written."""
    digits, unit = int(arrays["digits"]), str(arrays["unit"])
    return [
        _written(arrays[f"kl_{run}"][seed, row], 2, ""),
        *(_written(value, digits, unit) for value in arrays[f"numbers_{run}"][seed, row]),
    ]


def _written(value: float, digits: int, unit: str) -> str:
    return f"{value:.{digits}f}{unit and UNBROKEN}{unit}" if np.isfinite(value) else "none"
