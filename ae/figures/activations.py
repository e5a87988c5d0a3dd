"""What the hidden units of sparse codes do: how large their activities are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import DASHES, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import sheet, wrapped
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def histogram(runs: list[Trained], *, codes: str, examples: int, bins: int) -> Drawing:
    """Activities that are not 0, on the first test examples, a curve a run; all seeds pooled.

    Each curve's area is the share of activities that are not 0. Seeds that are not finite are left
    out. `codes` names the method that encodes.
    """
    values = [_active(run, codes, min(examples, len(run.test.x))) for run in runs]
    edges = _edges([v for v, _ in values], bins)
    return Drawing(
        arrays={
            "edges": edges,
            "density": np.stack([density(v, edges, of) for v, of in values]),
            "width": np.array([np.sqrt(np.mean(v**2)) if len(v) else np.nan for v, _ in values]),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_histogram,
        vector=True,
    )


def density(active: NDArray[Any], edges: NDArray[Any], of: int) -> NDArray[Any]:
    """Share of `of` activities that fall into each bin, per unit of activity; NaN of none."""
    counts, _ = np.histogram(active, edges)
    found: NDArray[Any] = counts / (of * np.diff(edges)) if of else np.full(len(counts), np.nan)
    return found


def _active(run: Trained, codes: str, examples: int) -> tuple[NDArray[Any], int]:
    """The activities of finite seeds that are not 0, and how many there are with those that are."""
    found: list[NDArray[Any]] = []
    count = 0
    pieces = run.over("test", lambda x: run.stack.share(codes, x), examples)
    finite = np.all([z.isfinite().all(-1).all(-1).cpu().numpy() for z in pieces], axis=0)
    for z in pieces:
        kept = z.double().cpu().numpy()[finite]
        found.append(kept[kept != 0])
        count += kept.size
    return np.concatenate(found), count


def _edges(values: Sequence[NDArray[Any]], bins: int) -> NDArray[Any]:
    everything = np.concatenate([np.zeros(1), *values])
    low, high = everything.min(), everything.max()
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _paint_histogram(arrays: Arrays) -> "Figure":
    figure = sheet(1300, 620)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    for i, (name, curve) in enumerate(zip(arrays["runs"], arrays["density"], strict=True)):
        width = arrays["width"][i]
        known = f"{width:.3g}" if np.isfinite(width) else "diverged"
        axes.stairs(
            np.where(curve > 0, curve, np.nan),
            arrays["edges"],
            baseline=None,
            color=PALETTE[i % len(PALETTE)],
            linestyle=DASHES[i % len(DASHES)],
            linewidth=1.8,
            label=wrapped(f"{name}: {known}", 30, 3),
        )
    if np.nanmax(arrays["density"], initial=0) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="activity of a hidden unit that is on", ylabel="density over all activities")
    figure.legend(title="root mean square", loc="outside right upper")
    return figure
