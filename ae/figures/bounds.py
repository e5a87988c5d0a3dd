"""How far importance-weighted bounds are below a log p(x) that is known, against their samples."""

from typing import TYPE_CHECKING

import numpy as np

from ae.figures.layout.drawing import DASHES, FAINT, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import sheet, wrapped
from ae.metrics.likelihood import bounds
from ae.metrics.shared import Split, up_to
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL = 1e-3  # nats: below it the axis is linear


def approach(
    runs: list[Trained], *, split: Split, examples: int, samples: int, ks: list[int]
) -> Drawing:
    """log p(x) - L_k, averaged over examples, against k: a curve a run, with the seeds' range.

    All L_k of a run are of the same `samples`. For models with `log_evidence(x)`.

    Raises:
        UserError: One of `ks` does not divide `samples`.
    """
    below = []
    for run in runs:
        count = up_to(run, split, examples)
        exact = run.of("log_evidence", split, count).double().mean(1)
        below.append(exact - bounds(run, split, count, samples, ks).mean(-1))
    return Drawing(
        arrays={
            **{f"below_{i}": values.cpu().numpy() for i, values in enumerate(below)},
            "ks": np.array(ks),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint,
        vector=True,
    )


def _paint(arrays: Arrays) -> "Figure":
    ks, names = arrays["ks"], arrays["runs"]
    figure = sheet(1300, 620)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    axes.axhline(0, color=FAINT, linewidth=0.8)
    for i, name in enumerate(names):
        below = arrays[f"below_{i}"]  # k, seed
        below = below[:, np.isfinite(below).all(0)]
        colour, dash = PALETTE[i % len(PALETTE)], DASHES[i % len(DASHES)]
        label = wrapped(str(name) if below.size else f"{name}: diverged", 26, 3)
        mean = below.mean(1) if below.size else np.full(len(ks), np.nan)
        if below.size:
            axes.fill_between(ks, below.min(1), below.max(1), color=colour, alpha=0.25, lw=0)
        axes.plot(ks, mean, color=colour, linestyle=dash, marker="o", markersize=4, label=label)
    axes.set_xscale("log")
    axes.set_xticks(ks, [f"{k:,}" for k in ks])
    axes.minorticks_off()
    axes.set_yscale("symlog", linthresh=SMALL)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="k, samples that a bound takes", ylabel="log p(x) - L_k (nats)")
    figure.legend(title="mean and range of seeds", loc="outside right upper")
    return figure
