"""How much each unit of each layer of a hierarchy of codes is used."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import Arrays, Drawing
from ae.figures.layout.sheet import WIDTH, panels, wrapped
from ae.figures.units import bars, scaled
from ae.metrics.layers import per_unit
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 2  # panels in a row
HIGH = 300  # pixels of a row of panels
LEAST, MOST = 1e-4, 30.0  # ends of the logarithmic axis, in nats
GAP = 2  # units between two layers
LINE = 34  # letters of a panel's title that stand in one line


def divergences(
    runs: list[Trained], *, split: Split, examples: int, samples: int, threshold: float
) -> Drawing:
    """KL(q, p) of each unit, layer beside layer, the largest first: a panel a run.

    Units above `threshold` are active. A bar is the geometric mean over seeds of the unit of that
    rank, its whisker their range; a panel says how many are active of each layer, a mean over seeds.
    """
    arrays: Arrays = {
        "runs": np.array([run.label for run in runs]),
        "threshold": np.array(threshold),
    }
    for i, run in enumerate(runs):
        known = per_unit(run, split, examples, samples)
        arrays[f"{i}/layers"] = np.array(list(known))
        for name, units in known.items():
            arrays[f"{i}/{name}"] = np.sort(units.cpu().numpy())[:, ::-1]
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def counted(units: NDArray[Any], threshold: float) -> str:
    """How many of the units (seed, unit) are active: the mean over seeds; without seeds, a dash."""
    return f"{(units > threshold).sum(1).mean():.3g}" if len(units) else "-"


def _paint(arrays: Arrays) -> "Figure":
    names, threshold = arrays["runs"], float(arrays["threshold"])
    across = min(ACROSS, len(names))
    figure, grid = panels(len(names), across, max(640, WIDTH // ACROSS * across), HIGH, sharey=True)
    for i, (axes, name) in enumerate(zip(grid, names, strict=True)):
        layers = {str(key): arrays[f"{i}/{key}"] for key in arrays[f"{i}/layers"]}
        layers = {key: units[np.isfinite(units).all(1)] for key, units in layers.items()}
        active = " + ".join(counted(units, threshold) for units in layers.values())
        axes.set_title(f"{wrapped(str(name), LINE, 1)}\nactive: {active}")
        _bars(axes, layers, threshold)
        if i % across == 0:
            axes.set_ylabel("divergence (nats)")
        if i + across >= len(names):
            axes.set_xlabel("layer, its units by rank")
    return figure


def _bars(axes: "Axes", layers: dict[str, NDArray[Any]], threshold: float) -> None:
    start, middles = 0, []
    for units in layers.values():
        place = start + np.arange(units.shape[1])
        bars(axes, place, units, threshold, LEAST)
        middles.append(place.mean())
        start = place[-1] + 1 + GAP
    axes.set_xticks(middles, list(layers))
    axes.tick_params(axis="x", length=0)
    scaled(axes, threshold, LEAST, MOST)
