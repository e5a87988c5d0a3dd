"""Parzen windows by their width: what the choice of it looks at."""

from typing import TYPE_CHECKING

import numpy as np

from ae.figures.layout.drawing import FAINT, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.metrics.parzen import curve, spaced
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT = 680  # pixels


def widths(
    runs: list[Trained],
    *,
    samples: int,
    test: int,
    valid: int,
    narrowest: float,
    widest: float,
    tried: int,
    floor: float,
) -> Drawing:
    """Mean log likelihood of the validation images at each width, a line a run; higher is better.

    Arguments are those of `parzen.log_likelihood`, or as many samples and images as there are. Lines
    are means over seeds, bands span them; a dot marks the width that is chosen. Values below `floor`
    are not shown.
    """
    valid = min(valid, *(len(run.test.x) // 2 for run in runs))
    test = min(test, *(len(run.test.x) - valid for run in runs))
    held = [run.stack.buffers["prototypes"] for run in runs if "prototypes" in run.stack.buffers]
    samples = min(samples, *(own.shape[1] for own in held)) if held else samples
    grid = spaced(narrowest, widest, tried)
    values = [
        curve(
            run,
            samples=samples,
            test=test,
            valid=valid,
            narrowest=narrowest,
            widest=widest,
            tried=tried,
        )
        for run in runs
    ]
    return Drawing(
        arrays={
            "widths": np.array(grid),
            "runs": np.array([run.label for run in runs]),
            "floor": np.array(floor),
            "samples": np.array(samples),
            **{f"values_{i}": v.cpu().numpy() for i, v in enumerate(values)},
        },
        paint=_paint,
        vector=True,
    )


def _paint(arrays: Arrays) -> "Figure":
    figure = sheet(WIDTH, HEIGHT)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    floor, grid, top = float(arrays["floor"]), arrays["widths"], -np.inf
    for i, name in enumerate(arrays["runs"]):
        values, colour = arrays[f"values_{i}"], PALETTE[i % len(PALETTE)]
        finite = values[np.isfinite(values).all(1)]
        if len(finite) == 0:
            axes.plot([], [], color=colour, label=f"{wrapped(str(name), 40, 1)}: diverged")
            continue
        mean = finite.mean(0)
        best = int(mean.argmax())
        label = f"{wrapped(str(name), 40, 1)}: {mean[best]:.1f} nats at {grid[best]:.3f}"
        axes.fill_between(grid, finite.min(0), finite.max(0), color=colour, alpha=0.2, lw=0)
        axes.plot(grid, mean, color=colour, lw=1.4, marker="o", markersize=3, label=label)
        axes.plot(grid[best], mean[best], color=colour, marker="o", markersize=8)
        top = max(top, float(finite.max()))
    axes.set_xscale("log")
    axes.set(xlabel="width of the windows", ylabel="log likelihood of validation images, nats")
    if top > floor:
        axes.set_ylim(floor, top + 0.06 * (top - floor))
    ticks = grid[:: max(1, len(grid) // 10)]
    axes.set_xticks(ticks, [f"{t:.3g}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_title(f"{int(arrays['samples']):,} samples", color=FAINT)
    figure.legend(loc="outside lower center", ncols=2)
    return figure
