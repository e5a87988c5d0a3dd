"""Test images and what a run makes of them."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.errors import UserError
from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.sheet import GAP, WIDEST, Pen, mosaic, pictures, place, sheet
from ae.metrics.reconstruction import reconstructed, with_noise
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT, TOP = 300, 160, 70  # pixels for the labels, the errors, and what stands over them
LARGEST = 4  # screen pixels to one of an image


def rows(runs: list[Trained], *, images: int, seed_index: int) -> Drawing:
    """Test images, and below them each run's reconstructions by one of its seeds.

    The first image of every class in the order of the labels, then every class's second, and so
    on. Each row says the squared error of the images shown: summed over pixels, mean over them.

    Raises:
        UserError: The runs have different test images, or too few seeds.
    """
    x = shown(runs, images, "reconstructions.rows")
    made = [_reconstructed(run, x, seed_index) for run in runs]
    return _drawing(runs[0], x, made, [run.label for run in runs])


def restored(runs: list[Trained], *, images: int, seed_index: int, noise: float) -> Drawing:
    """As `rows`, but what is reconstructed is the second row: test images with noise.

    The noise is normal with standard deviation `noise`, the sum cut to [0, 1]. Each row says its
    squared error against the clean images.

    Raises:
        UserError: The runs have different test images, or too few seeds.
    """
    x = shown(runs, images, "reconstructions.restored")
    noisy = [with_noise(run, x, noise) for run in runs]
    members = [member(run, seed_index) for run in runs]
    made = [reconstructed(run, n)[m] for run, n, m in zip(runs, noisy, members, strict=True)]
    labels = [f"with noise {noise:g}", *(run.label for run in runs)]
    return _drawing(runs[0], x, [noisy[0][members[0]], *made], labels)


def shown(runs: list[Trained], images: int, figure: str) -> Float[Tensor, "images features"]:
    """The test images of the top row, which must be the same for all runs."""
    shown = one_of_each(runs[0].test.y)[:images]
    x = [run.test.batch(shown.to(run.test.x.device)).x.flatten(1) for run in runs]
    for run, own in zip(runs, x, strict=True):
        if own.shape != x[0].shape or not torch.equal(own, x[0]):
            raise UserError(
                f"{figure}: run {run.name!r} has other test images than "
                f"{runs[0].name!r}; draw them in separate figures"
            )
    return x[0]


def _drawing(
    run: Trained, x: Float[Tensor, "images features"], made: list[Tensor], labels: list[str]
) -> Drawing:
    rows = torch.stack([row.flatten(1) for row in made]).double()
    errors = ((rows - x.double()) ** 2).sum(-1).mean(-1)
    shape = run.test.shape
    return Drawing(
        arrays={
            "original": pictures(x.cpu().numpy(), shape),
            "reconstruction": pictures(rows.float().cpu().numpy(), shape),
            "squared_error": errors.cpu().numpy(),
            "runs": np.array(labels),
        },
        paint=paint_rows,
        vector=False,
    )


def one_of_each(y: Int[Tensor, " examples"]) -> Int[Tensor, " examples"]:
    """All examples in the order 'each class's first, each class's second, ...'."""
    y = y.cpu()
    turn = torch.zeros_like(y)
    for label in set(y.tolist()):
        turn[y == label] = torch.arange(int((y == label).sum()))
    return torch.argsort(turn * (int(y.max()) + 1) + y, stable=True)


def _reconstructed(
    run: Trained, x: Float[Tensor, "images features"], seed_index: int
) -> Float[Tensor, "images features"]:
    run.stack.train(False)
    with torch.no_grad():
        made: Tensor = run.stack.share("reconstruct", x)[member(run, seed_index)]
    return made.flatten(1)


def paint_rows(arrays: Arrays) -> "Figure":
    """A row of originals, then a row of `reconstruction` for each of `runs`, with its squared error."""
    original, made = arrays["original"], arrays["reconstruction"]
    count, high, wide = original.shape[:3]
    pitch = wide + GAP
    zoom = max(1, min(LARGEST, (WIDEST - LEFT - RIGHT) // (count * pitch)))
    width = LEFT + count * pitch * zoom + RIGHT
    row = (high + 2 * GAP) * zoom
    figure = sheet(width, TOP + row * (len(made) + 1))
    pen = Pen(figure)
    end, middle, lines = width - 10, high * zoom / 2, int(row // pen.line)
    for i, (label, tiles) in enumerate(
        zip(["test images", *arrays["runs"]], [original, *made], strict=True)
    ):
        top = TOP + i * row
        place(figure, mosaic(tiles[None].clip(0, 1)), LEFT, top, zoom)
        at = (LEFT - 16, top + middle)
        pen.write(str(label), at, "right center", room=LEFT - 24, lines=lines)
    for i, error in enumerate(arrays["squared_error"]):
        top = TOP + (i + 1) * row + middle
        if np.isfinite(error):
            pen.write(f"{error:.2f}", (end, top), "right center", room=RIGHT)
        else:
            at = (LEFT + count * pitch * zoom / 2, top)
            pen.write("diverged", at, "center center", room=RIGHT, faint=True)
    note = "squared error, mean of row"
    pen.write(note, (end, TOP - 8), "right bottom", room=RIGHT, lines=2, faint=True)
    return figure
