"""Codes of several entries a place: images by depth, what each depth leaves, distortion against bits."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ae.errors import UserError
from ae.figures.curves import band
from ae.figures.layout.drawing import DASHES, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import pictures, sheet, wrapped
from ae.figures.layout.ticks import heights, plain
from ae.figures.reconstructions import paint_rows, shown
from ae.metrics.reconstruction import nmse
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = "osD^vP"


def depths(runs: list[Trained], *, images: int, seed_index: int) -> Drawing:
    """Test images, and what a run's decoder makes of the first 1, 2, ... entries of their codes.

    Each row says its squared error, summed over pixels, mean over the images shown.

    Raises:
        UserError: The runs have different test images, or a run has too few seeds.
    """
    x = shown(runs, images, "residual.depths")
    made, labels = [], []
    for run in runs:
        run.stack.train(False)
        with torch.no_grad():
            codes = run.stack.share("codes", x)
            for depth in range(1, codes.shape[-1] + 1):
                some = run.stack.call("decode", codes[..., :depth])
                made.append(some[member(run, seed_index)].flatten(1).double())
                labels.append(f"{run.label}, first {depth} of {codes.shape[-1]}")
    rows = torch.stack(made)
    return Drawing(
        arrays={
            "original": pictures(x.cpu().numpy(), runs[0].test.shape),
            "reconstruction": pictures(rows.float().cpu().numpy(), runs[0].test.shape),
            "squared_error": ((rows - x.double()) ** 2).sum(-1).mean(-1).cpu().numpy(),
            "runs": np.array(labels),
        },
        paint=paint_rows,
        vector=False,
    )


def norms(runs: list[Trained], *, split: Split) -> Drawing:
    """Mean square that is left after each entry, relative to the vector's own, against depth.

    A line a run, the mean over seeds; the band is their least and greatest.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        left = run.of("residuals", split).double().mean(1)
        arrays[f"{i}/left"] = (left / left[:, :1]).cpu().numpy()
    return Drawing(arrays=arrays, paint=_paint_norms, vector=True)


def _paint_norms(arrays: Arrays) -> "Figure":
    figure = sheet(1100, 600)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    deepest = 0
    for i, label in enumerate(arrays["runs"]):
        mean, low, high = band(arrays[f"{i}/left"])
        at, colour = np.arange(len(mean)), PALETTE[i % len(PALETTE)]
        deepest = max(deepest, len(mean))
        axes.fill_between(at, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(
            at,
            mean,
            color=colour,
            linestyle=DASHES[i % len(DASHES)],
            marker=MARKS[i % len(MARKS)],
            label=wrapped(str(label), 34, 2),
        )
    axes.set(yscale="log", xlabel="entries added up", xticks=range(deepest))
    axes.set_ylabel("mean square left (of the vector's own)")
    heights(axes, plain)
    axes.legend()
    return figure


def rate_distortion(
    runs: list[Trained],
    *,
    split: Split,
    lines: list[list[str]],
    names: list[str],
    bits: list[list[float]],
) -> Drawing:
    """Normalised squared error against bits a place, a line for each list of runs, a dot a seed.

    Args:
        runs: What is drawn, where `lines` names it; runs that a tier leaves out are left out.
        split: Of which images.
        lines: Names of runs, a list a line.
        names: What each line is.
        bits: What a place of each run costs under a uniform prior, in lists like `lines`.

    Raises:
        UserError: The lists do not fit each other.
    """
    if len(names) != len(lines) or [len(b) for b in bits] != [len(line) for line in lines]:
        raise UserError(
            "residual.rate_distortion: names and bits: expected one name a line, and as many bits as "
            "its runs"
        )
    found = {run.name: run for run in runs}
    arrays: Arrays = {"names": np.array(names)}
    for i, line in enumerate(lines):
        here = [j for j, name in enumerate(line) if name in found]
        arrays[f"{i}/bits"] = np.array([bits[i][j] for j in here], float)
        values = [nmse(found[line[j]], split=split) for j in here]
        arrays[f"{i}/count"] = np.array([len(v) for v in values], int)
        arrays[f"{i}/values"] = np.concatenate([np.array(v) for v in values] or [np.zeros(0)])
    return Drawing(arrays=arrays, paint=_paint_distortion, vector=True)


def _paint_distortion(arrays: Arrays) -> "Figure":
    figure = sheet(1100, 620)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    for i, name in enumerate(arrays["names"]):
        at, counts = arrays[f"{i}/bits"], arrays[f"{i}/count"]
        if not len(at):
            continue
        groups = np.split(arrays[f"{i}/values"], np.cumsum(counts)[:-1])
        means = [
            float(np.mean(g[np.isfinite(g)])) if np.isfinite(g).any() else np.nan for g in groups
        ]
        colour, mark = PALETTE[i % len(PALETTE)], MARKS[i % len(MARKS)]
        axes.plot(
            at,
            means,
            color=colour,
            linestyle=DASHES[i % len(DASHES)],
            marker=mark,
            label=wrapped(str(name), 34, 2),
        )
        for x, group in zip(at, groups, strict=True):
            axes.plot(
                np.full(len(group), x), group, color=colour, linestyle="", marker=".", alpha=0.5
            )
    ticks = sorted({float(b) for i in range(len(arrays["names"])) for b in arrays[f"{i}/bits"]})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set(yscale="log", xlabel="bits a place, uniform prior")
    axes.set_ylabel("normalised squared error (mean, a dot a seed)")
    heights(axes, plain)
    axes.legend()
    return figure
