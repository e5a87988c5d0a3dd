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
from ae.figures.drawing import Arrays, Drawing, Interactive
from ae.figures.sheet import pictures
from ae.figures.strips import Block, stacked
from ae.metrics.factors import entropies, information
from ae.metrics.likelihood import kl_per_unit
from ae.metrics.members import places_of, up_to
from ae.trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GOOD, BYTES = 225_000, 2_000_000  # of all pictures of a figure, before base64 adds a third
LEVELS = (256, 64, 16)  # of grey or of a colour: fewer where more would not be good, or not fit
ACTIVE = 0.1  # nats from which a number of the code counts as used
UNBROKEN = "\N{NO-BREAK SPACE}"  # between a value and its unit
Tiles = NDArray[np.uint8]


@dataclass(frozen=True)
class Numbers:
    """What is measured of each number of the code, to stand beside its pictures.

    Attributes:
        label: What it is: a few words that go before the first column's name.
        columns: What each value of a number of the code is of, in a word.
        of: From a run to one value a seed, number of the code and column.
        digits: How many are written after the point.
        unit: Written after each value.
    """

    label: str
    columns: list[str]
    of: Callable[[Trained], Float[Tensor, "seed unit column"]]
    digits: int
    unit: str


def walks(
    runs: list[Trained],
    *,
    span: float,
    steps: int,
    most: int,
    seeds: int,
    image: int,
    examples: int,
    factors: list[str] | None = None,
    bins: int = 20,
) -> Drawing:
    """`played` with what each number tells of the `factors` beside it, where they are given.

    That is their mutual information, of codes in `bins` of equal width over the whole test set, in
    percent of the factor's entropy.

    Raises:
        UserError: As `played`; or the data have no such factor.
    """

    def told(run: Trained) -> Float[Tensor, "seed unit factor"]:
        places = places_of(run, "test", factors or [])
        codes = run.of("encode", "test").double().cpu().numpy()
        found = np.full((*codes.shape[::2], places.shape[1]), np.nan)
        for i, one in enumerate(codes):
            if np.isfinite(one).all():
                found[i] = 100 * information(one, places, bins) / entropies(places)
        return torch.from_numpy(found)

    numbers = Numbers("tells of", factors or [], told, 0, "%")
    return played(
        runs,
        numbers if factors else None,
        span=span,
        steps=steps,
        most=most,
        seeds=seeds,
        image=image,
        examples=examples,
    )


def played(
    runs: list[Trained],
    numbers: Numbers | None,
    *,
    span: float,
    steps: int,
    most: int,
    seeds: int,
    image: int,
    examples: int,
) -> Drawing:
    """Images along each number of the code for the first `seeds` seeds of each run, or all.

    A number goes from -span to span in equal steps, the others keep what the code of test image
    `image` has, the papers' way; at 0 together they may stand for no image. The `most` numbers with
    the largest divergence from the prior, averaged over the first `examples` of the test set, are shown,
    the largest first, with that divergence in nats and `numbers` beside them, and how many of all
    have more than `ACTIVE` nats. The picture is of the first seed, a block a run; a browser has all
    seeds and moves through the steps.

    Raises:
        UserError: Images differ in shape, there are too few seeds, steps or images, or there are more
            pictures than a page should carry.
    """
    shapes = {run.test.shape for run in runs}
    if len(shapes) > 1:
        raise UserError(
            f"traversal: runs have images of {sorted(shapes)}; draw them in separate figures"
        )
    if seeds < 1:
        raise UserError(f"traversal: seeds: found {seeds}; expected at least 1")
    arrays: Arrays = {
        "span": np.array(span),
        "image": np.array(image),
        "runs": np.array([run.label for run in runs]),
        "number": np.array("" if numbers is None else numbers.label),
        "columns": np.array([] if numbers is None else numbers.columns, dtype=str),
        "digits": np.array(0 if numbers is None else numbers.digits),
        "unit": np.array("" if numbers is None else numbers.unit),
    }
    for i, run in enumerate(runs):
        tiles = _tiles(run, span, steps, image)
        own = _rows(run, tiles, numbers, most, up_to(run, "test", examples))
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
    run: Trained, walked: NDArray[Any], numbers: Numbers | None, most: int, examples: int
) -> Arrays:
    """A run's arrays, a row a seed: numbers of the code in the order in which they are shown."""
    kl = kl_per_unit(run, "test", examples).cpu().numpy()
    order = np.argsort(-np.nan_to_num(kl), axis=1, kind="stable")[:, :most]
    tiles = np.stack([one[rows] for one, rows in zip(walked, order, strict=True)])
    whole = np.isfinite(tiles.reshape(len(tiles), -1)).all(1)
    values = np.empty((*kl.shape, 0))
    if numbers is not None:
        values = numbers.of(run).detach().cpu().double().numpy()
    return {
        "seeds": np.array(run.seeds),
        "axes": order,
        "kl": np.where(whole[:, None], np.take_along_axis(kl, order, 1), np.nan),
        "active": (kl > ACTIVE).sum(1),
        "latent": np.full(len(kl), kl.shape[1]),
        "tiles": np.rint(255 * np.nan_to_num(tiles, nan=1.0).clip(0, 1)).astype(np.uint8),
        "numbers": np.take_along_axis(values, order[..., None], 1),
    }


def _sheets(arrays: Arrays) -> list[list[bytes]]:
    """A PNG for every run and seed: rows of pictures, edge to edge.

    In as many levels as make `GOOD` bytes, else in the fewest.

    Raises:
        UserError: They do not fit with the fewest.
    """
    runs = range(len(arrays["runs"]))
    for levels in LEVELS:
        found = [[_png(tiles, levels) for tiles in arrays[f"tiles_{i}"]] for i in runs]
        size = sum(len(sheet) for sheets in found for sheet in sheets)
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
        "note": _note(arrays, run, seed),
        "sheet": base64.b64encode(sheet).decode(),
        "rows": rows,
    }


def _note(arrays: Arrays, run: int, seed: int) -> str:
    if not np.isfinite(arrays[f"kl_{run}"][seed]).all():
        return "diverged"
    active, latent = (int(arrays[f"{name}_{run}"][seed]) for name in ("active", "latent"))
    return f"{active} of {latent} numbers above {ACTIVE:g} nats"


def _said(arrays: Arrays, run: int, seed: int, row: int) -> list[str]:
    pairs = zip(_columns(arrays), _values(arrays, run, seed, row), strict=True)
    return [f"{column}: {value}" for column, value in pairs]


def _columns(arrays: Arrays) -> list[str]:
    """What a row's values are of; the first that is not the divergence says what they all are."""
    label, names = str(arrays["number"]), [str(name) for name in arrays["columns"]]
    return ["KL, nats", *(f"{label} {name}" for name in names[:1]), *names[1:]]


def _values(arrays: Arrays, run: int, seed: int, row: int) -> list[str]:
    """The divergence of a row's number and what else was measured of it, as they are written."""
    digits, unit = int(arrays["digits"]), str(arrays["unit"])
    return [
        _written(arrays[f"kl_{run}"][seed, row], 2, ""),
        *(_written(value, digits, unit) for value in arrays[f"numbers_{run}"][seed, row]),
    ]


def _written(value: float, digits: int, unit: str) -> str:
    return f"{value:.{digits}f}{unit and UNBROKEN}{unit}" if np.isfinite(value) else "none"


def _paint(arrays: Arrays) -> "Figure":
    span = float(arrays["span"])
    return stacked(
        [
            Block(
                head=f"{name}, seed {arrays[f'seeds_{i}'][0]}, {_note(arrays, i, 0)}: each number "
                f"from {-span:g} to {span:g}, the others as test image {arrays['image']} has them",
                tiles=arrays[f"tiles_{i}"][0] / 255,
                names=[f"z{axis + 1}" for axis in arrays[f"axes_{i}"][0]],
                columns=_columns(arrays),
                numbers=[_values(arrays, i, 0, row) for row in range(arrays[f"axes_{i}"].shape[1])],
            )
            for i, name in enumerate(arrays["runs"])
        ]
    )
