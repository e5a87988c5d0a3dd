"""What runs make of examples whose hidden images are standard deviations; see `metrics.variance`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.figures.embedding import say
from ae.figures.layout.drawing import FAINT, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import GAP, WIDEST, WIDTH, Pen, mosaic, place, sheet, wrapped
from ae.figures.reconstructions import one_of_each
from ae.metrics.filters import picture
from ae.metrics.variance import best_gain, correlation
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT, TOP, FOOT = 330, 150, 70, 60  # pixels for labels, correlations, what is over and under
LARGEST = 4  # screen pixels to one of an image
WHITE = 1.5  # a number that is drawn white where numbers may be below 0
BINS = 40  # of each axis of a panel
WORDS = {
    "reconstruct": "what is made of x",
    "gain": "gain, from x_t",
    "deviation": "standard deviation, from x",
}
SIGNED = f"where signs matter, mid-grey is 0, white {WHITE} and more, black -{WHITE} and less"


def maps(
    runs: list[Trained], *, methods: list[str], images: int, sigma: float, seed_index: int
) -> Drawing:
    """Hidden images s, examples x of them, x_t = x + sigma n, and one map a run by one seed.

    `methods` has one of `reconstruct` (of x), `gain` (of x_t), `deviation` (of x) for each run. Each
    says its correlation with what it should be: with x, the best gain, or s.

    Raises:
        UserError: There is not one of these methods for each run, or a run has too few seeds.
    """
    if len(methods) != len(runs) or not set(methods) <= set(WORDS):
        raise UserError(
            f"variance.maps: methods: found {methods}; expected {len(runs)}, one a run, of "
            f"{', '.join(WORDS)}"
        )
    test = runs[0].test
    index = one_of_each(test.y)[:images].to(test.x.device)
    s, x = test.clean(index).flatten(1), test.batch(index).x.flatten(1)
    noise = torch.randn(x.shape, generator=runs[0].generator(seed_index, "maps"), device=x.device)
    noisy = x + sigma * noise.to(x)
    best = best_gain(s, sigma)
    rows, names, fits = [s, x, noisy, best], ["hidden image s", "example x"], [np.nan] * 4
    names += [f"noisy x_t = x + {sigma:g} n", "best gain"]
    aims = {"reconstruct": x, "gain": best, "deviation": s}
    for run, method in zip(runs, methods, strict=True):
        made = _made(run, method, noisy if method == "gain" else x, seed_index)
        rows.append(made)
        names.append(f"{run.label}: {WORDS[method]}")
        fits.append(correlation(torch.stack([made, aims[method]], -1).cpu().numpy()))
    signed = [False, True, True, False, *(method == "reconstruct" for method in methods)]
    shape = picture(test.shape)
    return Drawing(
        arrays={
            "maps": torch.stack(rows).float().cpu().numpy().reshape(len(rows), -1, *shape),
            "signed": np.array(signed),
            "correlation": np.array(fits),
            "names": np.array(names),
        },
        paint=_paint_maps,
        vector=False,
    )


def _made(run: Trained, method: str, x: Tensor, seed_index: int) -> Tensor:
    run.stack.train(False)
    with torch.no_grad():
        made: Tensor = run.stack.share(method, x)[member(run, seed_index)]
    return made.flatten(1)


def _paint_maps(arrays: Arrays) -> "Figure":
    maps = arrays["maps"]
    _, count, high, wide = maps.shape
    pitch = wide + GAP
    zoom = max(1, min(LARGEST, (WIDEST - LEFT - RIGHT) // (count * pitch)))
    row, width = (high + 2 * GAP) * zoom, LEFT + count * pitch * zoom + RIGHT
    figure = sheet(width, TOP + row * len(maps) + FOOT)
    pen = Pen(figure)
    for i, (own, name, fit) in enumerate(
        zip(maps, arrays["names"], arrays["correlation"], strict=True)
    ):
        top, middle = TOP + i * row, TOP + i * row + high * zoom / 2
        grey = 0.5 + own / (2 * WHITE) if arrays["signed"][i] else own
        place(figure, mosaic(grey[None].clip(0, 1)), LEFT, top, zoom)
        at = (LEFT - 16, middle)
        pen.write(str(name), at, "right center", room=LEFT - 24, lines=int(row // pen.line))
        if np.isfinite(fit):
            pen.write(f"{fit:.3f}", (width - 10, middle), "right center", room=RIGHT)
        elif not np.isfinite(own).all():
            at = (LEFT + count * pitch * zoom / 2, middle)
            pen.write("diverged", at, "center center", room=RIGHT, faint=True)
    note = "correlation, these images"
    pen.write(note, (width - 10, TOP - 8), "right bottom", room=RIGHT, lines=2, faint=True)
    foot = (LEFT, TOP + row * len(maps) + 8)
    pen.write(SIGNED, foot, "left top", room=width - LEFT - 10, lines=2, faint=True)
    return figure


def gains(runs: list[Trained], *, images: int, sigma: float, seed_index: int) -> Drawing:
    """Learned gains against the best ones, pixel by pixel, a panel a run.

    Of each bin of best gains the distribution of the learned ones and their mean, over the first
    test images and one draw of the noise.

    Raises:
        UserError: A run has too few seeds.
    """
    counts, means, fits = [], [], []
    for run in runs:
        index = torch.arange(min(images, len(run.test.x)), device=run.test.x.device)
        x, best = run.test.batch(index).x, best_gain(run.test.clean(index), sigma)
        generator = run.generator(member(run, seed_index), "gains")
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        learned = _made(run, "gain", x + sigma * noise.to(x), seed_index)
        both = torch.stack([best.flatten(1), learned], -1).cpu().numpy()
        fits.append(correlation(both))
        table, mean = _binned(both.reshape(-1, 2))
        counts.append(table)
        means.append(mean)
    return Drawing(
        arrays={
            "counts": np.stack(counts),
            "mean": np.stack(means),
            "correlation": np.array(fits),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_gains,
        vector=False,
    )


def _binned(both: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pixels by bins of (best, learned), and the mean learned gain by bins of the best."""
    if not np.isfinite(both).all():
        return np.zeros((BINS, BINS), np.int64), np.full(BINS, np.nan)
    where = np.clip((both * BINS).astype(np.int64), 0, BINS - 1)
    table = np.zeros((BINS, BINS), np.int64)
    np.add.at(table, (where[:, 0], where[:, 1]), 1)
    sums = np.bincount(where[:, 0], both[:, 1].astype(np.float64), BINS)
    size = table.sum(1)
    return table, np.where(size > 0, sums / np.maximum(size, 1), np.nan)


def _paint_gains(arrays: Arrays) -> "Figure":
    panels = len(arrays["runs"])
    figure = sheet(max(640, WIDTH // 3 * panels), 560)
    figure.set_layout_engine("constrained")
    centres = (np.arange(BINS) + 0.5) / BINS
    grid = figure.subplots(1, panels, squeeze=False)[0]
    for axes, counts, mean, fit, name in zip(
        grid, arrays["counts"], arrays["mean"], arrays["correlation"], arrays["runs"], strict=True
    ):
        share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axes.imshow(
            np.sqrt(share).T, cmap="Greys", origin="lower", extent=(0, 1, 0, 1), vmin=0, vmax=1
        )
        axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1, label="learned = best")
        axes.plot(centres, mean, color=PALETTE[0], linewidth=2, label="mean of the learned")
        axes.set_title(wrapped(str(name), 38, 2), pad=20)
        say(axes, 1.03, f"correlation {fit:.3f}" if np.isfinite(fit) else "diverged")
        axes.set(xlabel="best gain, s\u00b2 / (s\u00b2 + \u03c3\u00b2)", ylabel="learned gain")
        axes.set(xlim=(0, 1), ylim=(0, 1))
    grid[0].legend(loc="lower right")
    return figure
