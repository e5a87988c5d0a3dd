"""Walks along each number of a code: a strip for print, and pictures that a reader can play.

The figures by which Higgins et al. (2017), Burgess et al. (2018), Kim and Mnih (2018) and Chen et
al. (2018) show what each number of a code stands for.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.figures.drawing import Arrays, Drawing, Interactive, member
from ae.figures.sheet import pictures
from ae.figures.strips import Block, stacked
from ae.metrics.likelihood import kl_per_unit
from ae.metrics.members import up_to
from ae.trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BYTES = 2_000_000  # of all pictures of a figure, before base64 adds a third
LEVELS = (256, 64, 16)  # of grey or of a colour: fewer where more would be too many bytes
Tiles = NDArray[np.uint8]


@dataclass(frozen=True)
class Number:
    """Something measured of each number of the code, to stand beside its pictures.

    Attributes:
        label: What it is, with its unit: a few words.
        of: From a run to one value a seed and number.
    """

    label: str
    of: Callable[[Trained], Float[Tensor, "seed unit"]]


def walks(
    runs: list[Trained],
    *,
    span: float,
    steps: int,
    most: int,
    seeds: int,
    image: int,
    examples: int,
) -> Drawing:
    """`played` with the divergence alone beside each number."""
    return played(
        runs,
        None,
        span=span,
        steps=steps,
        most=most,
        seeds=seeds,
        image=image,
        examples=examples,
    )


def played(
    runs: list[Trained],
    number: Number | None,
    *,
    span: float,
    steps: int,
    most: int,
    seeds: int,
    image: int,
    examples: int,
) -> Drawing:
    """Images along each number of the code for the first seeds of each run.

    A number goes from -span to span in equal steps, the others keep what the code of test image
    `image` has, the papers' way; at 0 together they may stand for no image. The `most` numbers with
    the largest divergence from the prior, averaged over the first `examples` of the test set, are shown,
    the largest first, with that divergence in nats and `number` beside them. The picture is of the
    first seed, a block a run; a browser has all seeds and moves through the steps.

    Raises:
        UserError: Images differ in shape, there are too few seeds, steps or images, or there are
            more pictures than a page should carry.
    """
    shapes = {run.test.shape for run in runs}
    if len(shapes) > 1:
        raise UserError(
            f"traversal: runs have images of {sorted(shapes)}; draw them in separate figures"
        )
    arrays: Arrays = {
        "span": np.array(span),
        "image": np.array(image),
        "runs": np.array([run.label for run in runs]),
        "number": np.array("" if number is None else number.label),
    }
    for i, run in enumerate(runs):
        member(run, seeds - 1)
        tiles = _tiles(run, span, steps, image)
        own = _rows(run, tiles, number, most, up_to(run, "test", examples))
        arrays |= {f"{name}_{i}": array[:seeds] for name, array in own.items()}
    _sheets(arrays)
    return Drawing(arrays, _paint, vector=False, interactive=Interactive("traversal", _data))


def _tiles(run: Trained, span: float, steps: int, image: int) -> NDArray[Any]:
    """Pictures (seed, number, step, height, width), and colours, of codes near an image's."""
    if steps < 2 or not 0 <= image < len(run.test.x):
        raise UserError(
            f"traversal: steps, image: found {steps} and {image}; expected at least 2, and one of "
            f"the {len(run.test.x)} test images from 0"
        )
    code = run.of("encode", "test", image + 1)[:, image]
    latent = code.shape[-1]
    along = torch.linspace(-span, span, steps, device=code.device, dtype=code.dtype)
    moved = torch.eye(latent, device=code.device, dtype=torch.bool).unsqueeze(1)
    codes = torch.where(moved, along[:, None], code[:, None, None])
    run.stack.train(False)
    with torch.no_grad():
        made: Tensor = run.stack.call("decode", codes.flatten(1, 2))
    flat = made.reshape(len(code), latent, steps, -1).float().cpu().numpy()
    return pictures(flat, run.test.shape)


def _rows(
    run: Trained, walked: NDArray[Any], number: Number | None, most: int, examples: int
) -> Arrays:
    """A run's arrays, a row a seed: numbers in the order in which they are shown."""
    kl = kl_per_unit(run, "test", examples).cpu().numpy()
    order = np.argsort(-np.nan_to_num(kl), axis=1, kind="stable")[:, :most]
    tiles = np.stack([one[rows] for one, rows in zip(walked, order, strict=True)])
    whole = np.isfinite(tiles.reshape(len(tiles), -1)).all(1)
    found = {
        "seeds": np.array(run.seeds),
        "axes": order,
        "kl": np.where(whole[:, None], np.take_along_axis(kl, order, 1), np.nan),
        "tiles": np.rint(255 * np.nan_to_num(tiles, nan=1.0).clip(0, 1)).astype(np.uint8),
    }
    if number is not None:
        values = number.of(run).detach().cpu().double().numpy()
        found["numbers"] = np.take_along_axis(values, order, 1)
    return found


def _sheets(arrays: Arrays) -> list[list[bytes]]:
    """A PNG for every run and seed: rows of pictures, edge to edge, in as many levels as fit.

    Raises:
        UserError: They do not fit with the fewest.
    """
    runs = range(len(arrays["runs"]))
    for levels in LEVELS:
        found = [[_png(tiles, levels) for tiles in arrays[f"tiles_{i}"]] for i in runs]
        size = sum(len(sheet) for sheets in found for sheet in sheets)
        if size <= BYTES:
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


def _data(arrays: Arrays) -> dict[str, Any]:
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
                "seeds": [_seed(arrays, i, j, sheet) for j, sheet in enumerate(sheets)],
            }
            for i, (name, sheets) in enumerate(zip(arrays["runs"], _sheets(arrays), strict=True))
        ],
    }


def _seed(arrays: Arrays, run: int, seed: int, sheet: bytes) -> dict[str, Any]:
    rows = [
        {"name": f"z{axis + 1}", "said": _said(arrays, run, seed, row)}
        for row, axis in enumerate(arrays[f"axes_{run}"][seed])
    ]
    return {
        "seed": int(arrays[f"seeds_{run}"][seed]),
        "note": "diverged" if _lost(arrays, run, seed) else "",
        "sheet": base64.b64encode(sheet).decode(),
        "rows": rows,
    }


def _lost(arrays: Arrays, run: int, seed: int) -> bool:
    return not np.isfinite(arrays[f"kl_{run}"][seed]).all()


def _said(arrays: Arrays, run: int, seed: int, row: int) -> list[str]:
    said = [f"KL, nats: {_written(arrays[f'kl_{run}'][seed, row])}"]
    if arrays["number"]:
        said.append(f"{arrays['number']}: {_written(arrays[f'numbers_{run}'][seed, row])}")
    return said


def _written(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "none"


def _paint(arrays: Arrays) -> "Figure":
    span, label = float(arrays["span"]), str(arrays["number"])
    return stacked(
        [
            Block(
                head=f"{name}, seed {arrays[f'seeds_{i}'][0]}{', diverged' if _lost(arrays, i, 0) else ''}: each number from {-span:g} to "
                f"{span:g}, the others as test image {arrays['image']} has them",
                tiles=arrays[f"tiles_{i}"][0] / 255,
                names=[f"z{axis + 1}" for axis in arrays[f"axes_{i}"][0]],
                columns=["KL, nats", *([label] if label else [])],
                numbers=[
                    [
                        _written(arrays[f"{column}_{i}"][0, row])
                        for column in ("kl", *(["numbers"] if label else []))
                    ]
                    for row in range(arrays[f"axes_{i}"].shape[1])
                ],
            )
            for i, name in enumerate(arrays["runs"])
        ]
    )
