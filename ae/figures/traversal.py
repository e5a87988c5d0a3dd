"""Walks along each number of a code: a strip for print, and pictures that a reader can play.

The figures by which Higgins et al. (2017), Burgess et al. (2018), Kim and Mnih (2018) and Chen et
al. (2018) show what each number of a code stands for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.figures.layout.drawing import Arrays, Drawing, Interactive
from ae.figures.layout.filmstrip import ACTIVE, columns_of, data, note, sheets, values_of
from ae.figures.layout.sheet import pictures
from ae.figures.layout.strips import Block, stacked
from ae.metrics.factors import entropies, information
from ae.metrics.likelihood import kl_per_unit
from ae.metrics.shared import places_of, up_to
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    sheets(arrays)
    return Drawing(arrays, _paint, vector=False, interactive=Interactive("traversal", data))


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


def _paint(arrays: Arrays) -> "Figure":
    span = float(arrays["span"])
    return stacked(
        [
            Block(
                head=f"{name}, seed {arrays[f'seeds_{i}'][0]}, {note(arrays, i, 0)}: each number "
                f"from {-span:g} to {span:g}, the others as test image {arrays['image']} has them",
                tiles=arrays[f"tiles_{i}"][0] / 255,
                names=[f"z{axis + 1}" for axis in arrays[f"axes_{i}"][0]],
                columns=columns_of(arrays),
                numbers=[
                    values_of(arrays, i, 0, row) for row in range(arrays[f"axes_{i}"].shape[1])
                ],
            )
            for i, name in enumerate(arrays["runs"])
        ]
    )
