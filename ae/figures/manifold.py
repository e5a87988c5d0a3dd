"""What a decoder makes of codes: a grid of two numbers, and walks along each axis."""

from typing import TYPE_CHECKING

import numpy as np

from ae.errors import UserError
from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures
from ae.figures.layout.strips import Block, stacked
from ae.metrics.filters import picture
from ae.metrics.traversal import axes, plane, smoothness
from ae.metrics.traversal import grid as images_of_grid
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALE = "z1 to the right, z2 upwards: quantiles of the prior at equal distances, 0 in the middle"


def grid(runs: list[Trained], *, side: int, seed_index: int) -> Drawing:
    """The images of side x side codes of two numbers by one seed, a panel a run.

    The codes are the quantiles of the prior at equal distances, so that every image stands for as
    much of N(0, I) as every other; 0 is in the middle. Each panel says its `smoothness`.

    Raises:
        UserError: Codes are not of two numbers, images differ in shape, or there are too few seeds.
    """
    shape = _picture(runs)
    tiles = [images_of_grid(run, side=side)[member(run, seed_index)] for run in runs]
    smooth = [smoothness(run, side=side)[seed_index] for run in runs]
    return Drawing(
        arrays={
            "tiles": np.stack([t.float().cpu().numpy().reshape(side, side, *shape) for t in tiles]),
            "smoothness": np.array(smooth),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_grid,
        vector=False,
    )


def tweaks(
    runs: list[Trained], *, span: float, side: int, examples: int, seed_index: int
) -> Drawing:
    """The images of the two most used numbers of the code by one seed, a panel a run.

    Each goes from -span to span, all others are 0. Most used are those with the largest divergence
    from the prior, averaged over the first `examples` of the test set; each panel names them.

    Raises:
        UserError: There are too few seeds.
    """
    found = [plane(run, span=span, side=side, examples=examples) for run in runs]
    own = [member(run, seed_index) for run in runs]
    tiles = [
        pictures(made[i].flatten(0, 1).flatten(1).float().cpu().numpy(), run.test.shape)
        for (made, _), i, run in zip(found, own, runs, strict=True)
    ]
    return Drawing(
        arrays={
            "tiles": np.stack(tiles),
            "axes": np.stack(
                [used[i].cpu().numpy() for (_, used), i in zip(found, own, strict=True)]
            ),
            "span": np.array(span),
            "side": np.array(side),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_tweaks,
        vector=False,
    )


def _paint_tweaks(arrays: Arrays) -> "Figure":
    names = [
        f"{run}: z{first + 1} to the right, z{second + 1} upwards"
        for run, (first, second) in zip(arrays["runs"], arrays["axes"], strict=True)
    ]
    span = float(arrays["span"])
    note = f"each from {-span:g} to {span:g}, 0 in the middle, the other numbers 0"
    return side_by_side(arrays["tiles"].clip(0, 1), np.array(names), int(arrays["side"]), note)


def traversal(
    runs: list[Trained], *, span: float, steps: int, most: int, seed_index: int
) -> Drawing:
    """Images along each axis of the code by one seed, a row an axis, a block a run.

    All other numbers are 0. The `most` axes whose ends differ most are shown, the greatest change
    first; each row says how far its ends are apart.

    Raises:
        UserError: Images differ in shape, or there are too few seeds.
    """
    _picture(runs)
    tiles, names, change = [], [], []
    for run in runs:
        walked = axes(run, span=span, steps=steps)[member(run, seed_index)].flatten(2).float()
        apart = (walked[:, -1] - walked[:, 0]).norm(dim=-1)
        order = apart.argsort(descending=True)[:most].cpu()
        tiles.append(pictures(walked.cpu()[order].numpy(), run.test.shape))
        change.append(apart.cpu()[order].numpy())
        names.append(order.numpy())
    return Drawing(
        arrays={
            **{f"tiles_{i}": t for i, t in enumerate(tiles)},
            **{f"axes_{i}": n for i, n in enumerate(names)},
            **{f"change_{i}": c for i, c in enumerate(change)},
            "span": np.array(span),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_traversal,
        vector=False,
    )


def _picture(runs: list[Trained]) -> tuple[int, int]:
    shapes = {run.name: picture(run.test.shape) for run in runs}
    first = shapes[runs[0].name]
    for name, shape in shapes.items():
        if shape != first:
            raise UserError(
                f"manifold: run {name!r} has images of {shape}, {runs[0].name!r} of {first}; draw "
                "them in separate figures"
            )
    return first


def _paint_grid(arrays: Arrays) -> "Figure":
    tiles, runs = arrays["tiles"], arrays["runs"]
    names = [
        f"{name}: smoothness {smooth:.2f}"
        for name, smooth in zip(runs, arrays["smoothness"], strict=True)
    ]
    shown = tiles.reshape(len(runs), -1, *tiles.shape[3:]).clip(0, 1)  # keeps NaN
    return side_by_side(shown, np.array(names), tiles.shape[2], SCALE)


def _paint_traversal(arrays: Arrays) -> "Figure":
    span = float(arrays["span"])
    return stacked(
        [
            Block(
                head=f"{name}: each axis from {-span:g} to {span:g}, the others 0",
                tiles=arrays[f"tiles_{i}"],
                names=[f"z{axis + 1}" for axis in arrays[f"axes_{i}"]],
                columns=["ends apart"],
                numbers=[
                    [f"{change:.2f}" if np.isfinite(change) else "diverged"]
                    for change in arrays[f"change_{i}"]
                ],
            )
            for i, name in enumerate(arrays["runs"])
        ]
    )
