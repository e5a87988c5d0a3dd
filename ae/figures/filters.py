"""The filters of first layers: as pictures, and how structured they are."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import DASHES, FAINT, PALETTE, Arrays, Drawing, member
from ae.figures.layout.panels import FOOT, SPACE, TITLE, explain, side_by_side
from ae.figures.layout.sheet import GAP, WIDTH, Pen, mosaic, place, sheet, wrapped
from ae.metrics.filters import images, lag_one
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALL = 900  # pixels that rows of units may take
LEFT = 130  # pixels for the names of units
SCALE = "each filter on its own scale: black is negative, mid-grey 0, white positive"
POINTS = 201  # of a curve


def grid(runs: list[Trained], *, rows: int, columns: int, seed_index: int) -> Drawing:
    """The first rows x columns units of one seed, a panel a run: the same units in each.

    Only units that every run has. Each filter is drawn on a grey scale of its own, symmetric
    about 0.

    Raises:
        UserError: A run has too few seeds.
    """
    own = [images(run)[member(run, seed_index)] for run in runs]
    count = min(rows * columns, *(len(filters) for filters in own))
    return Drawing(
        arrays={
            "filters": np.stack([filters[:count].float().cpu().numpy() for filters in own]),
            "columns": np.array(columns),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_grid,
        vector=False,
    )


def same_unit(runs: list[Trained], *, units: list[int], seed_index: int) -> Drawing:
    """A few units of one seed followed across runs: a row a unit, a column a run.

    Each filter is drawn on a grey scale of its own, symmetric about 0.

    Raises:
        UserError: A run has no such unit, or too few seeds.
    """
    own = [images(run)[member(run, seed_index)] for run in runs]
    for run, filters in zip(runs, own, strict=True):
        if strange := [unit for unit in units if not 0 <= unit < len(filters)]:
            raise UserError(
                f"filters.same_unit: units: found {strange[0]}; run {run.name!r} has "
                f"{len(filters)} units: expected 0 to {len(filters) - 1}"
            )
    return Drawing(
        arrays={
            "filters": np.stack([filters[units].float().cpu().numpy() for filters in own], 1),
            "units": np.array(units),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_same_unit,
        vector=False,
    )


def structure(runs: list[Trained], *, threshold: float) -> Drawing:
    """Share of units whose lag-1 autocorrelation exceeds a value, a curve a run.

    The line is the mean over seeds, the band their least and greatest share. At `threshold` it
    is read as the metric `filters.structured_share`.
    """
    correlations = {
        f"autocorrelation_{i}": lag_one(images(run)).cpu().numpy() for i, run in enumerate(runs)
    }
    return Drawing(
        arrays={
            **correlations,
            "threshold": np.array(threshold),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_structure,
        vector=True,
    )


def grey(filters: NDArray[Any]) -> NDArray[Any]:
    """Weights (..., height, width) as grey values: 0.5 is 0, the largest weight is 0 or 1."""
    largest = np.abs(filters).max((-2, -1), keepdims=True)
    grey: NDArray[Any] = 0.5 + 0.5 * filters / np.where(largest == 0, 1, largest)
    return grey


def _paint_grid(arrays: Arrays) -> "Figure":
    pictures = np.stack([grey(filters) for filters in arrays["filters"]])
    return side_by_side(pictures, arrays["runs"], int(arrays["columns"]), SCALE)


def _paint_same_unit(arrays: Arrays) -> "Figure":
    filters, names = arrays["filters"], arrays["runs"]
    down, across, high, wide = filters.shape
    fitting = (WIDTH - LEFT) // (across * (wide + GAP)), TALL // (down * (high + GAP))
    zoom = max(1, min(6, *fitting))
    pitch, row = (wide + GAP) * zoom, (high + GAP) * zoom
    width = LEFT + across * pitch + SPACE
    figure = sheet(width, TITLE + down * row + FOOT)
    pen = Pen(figure)
    place(figure, mosaic(grey(filters)), LEFT, TITLE, zoom)
    for j, name in enumerate(names):
        at = (LEFT + j * pitch, TITLE - 8)
        pen.write(str(name), at, "left bottom", room=wide * zoom, lines=2)
    for i, unit in enumerate(arrays["units"]):
        middle = TITLE + i * row + high * zoom / 2
        pen.write(f"unit {unit}", (LEFT - 16, middle), "right center", room=LEFT - 16)
        for j in range(across):
            if not np.isfinite(filters[i, j]).all():
                at = (LEFT + j * pitch + wide * zoom / 2, middle)
                pen.write("diverged", at, "center center", room=pitch, faint=True)
    explain(pen, TITLE + down * row, width, SCALE)
    return figure


def share_above(correlations: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Percent of each seed's units above each value: (seed, value); only finite seeds."""
    finite = correlations[np.isfinite(correlations).all(-1)]
    share: NDArray[Any] = 100 * (finite[:, None, :] > values[None, :, None]).mean(-1)
    return share


def _paint_structure(arrays: Arrays) -> "Figure":
    names, threshold = arrays["runs"], float(arrays["threshold"])
    correlations = [arrays[f"autocorrelation_{i}"] for i in range(len(names))]
    seen = np.concatenate([c.ravel() for c in correlations])
    low = np.append(seen[np.isfinite(seen)], 0.0).min()
    values = np.linspace(low, 1.0, POINTS)
    figure = sheet(1300, 620)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    axes.axvline(threshold, color=FAINT, linewidth=0.8)
    for i, name in enumerate(names):
        colour, dash = PALETTE[i % len(PALETTE)], DASHES[i % len(DASHES)]
        share = share_above(correlations[i], values)
        label = f"{name}: diverged"
        if len(share):
            at = share_above(correlations[i], np.array([threshold])).mean()
            label = f"{name}: {at:.1f} %"
            axes.fill_between(values, share.min(0), share.max(0), color=colour, alpha=0.25, lw=0)
        mean = share.mean(0) if len(share) else np.full(POINTS, np.nan)
        label = wrapped(label, 26, 3)
        axes.plot(values, mean, color=colour, linestyle=dash, linewidth=1.8, label=label)
    axes.set(xlabel="lag-1 spatial autocorrelation of a filter", xlim=(values[0], 1))
    axes.set(ylabel="units above it (%), mean and range of seeds", ylim=(0, 101))
    figure.legend(title=f"share above {threshold:g}", loc="outside right upper")
    return figure
