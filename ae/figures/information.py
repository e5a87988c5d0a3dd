"""Which numbers of a code tell of which factors, and how many nats each number uses."""

from typing import TYPE_CHECKING

import numpy as np

from ae.figures.layout.drawing import INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import sheet, wrapped
from ae.metrics.factors import entropies, information
from ae.metrics.likelihood import kl_per_unit
from ae.metrics.shared import places_of
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 30  # pixels of a number of the code
TALL = 130  # pixels for titles and names
WIDE = 640  # pixels of a run
DARK = 50  # percent from which a cell's text is white


def table(
    runs: list[Trained], *, factors: list[str], bins: int, examples: int, seed_index: int
) -> Drawing:
    """Share of each factor's entropy that each number of the code tells, and its divergence.

    Of one seed, a panel a run: mutual information of the posterior means of the whole test set, in
    `bins` of equal width, in percent of the factor's entropy; beside it the number's divergence from
    the prior in nats, a mean over the first `examples`. The numbers with most divergence come first.

    Raises:
        UserError: The data have no such factor, or there are too few seeds.
    """
    arrays: Arrays = {
        "runs": np.array([run.label for run in runs]),
        "factors": np.array(factors),
    }
    for i, run in enumerate(runs):
        which, places = member(run, seed_index), places_of(run, "test", factors)
        codes = run.of("encode", "test")[which].double().cpu().numpy()
        kl = kl_per_unit(run, "test", examples)[which].cpu().numpy()
        order = np.argsort(-kl, kind="stable")
        finite = np.isfinite(codes).all()
        told = (
            information(codes, places, bins) if finite else np.full((len(kl), len(factors)), np.nan)
        )
        arrays[f"share_{i}"] = 100 * (told / entropies(places))[order]
        arrays[f"kl_{i}"] = kl[order]
        arrays[f"axes_{i}"] = order
    return Drawing(arrays=arrays, paint=_paint, vector=False)


def _paint(arrays: Arrays) -> "Figure":
    runs = arrays["runs"]
    rows = max(len(arrays[f"kl_{i}"]) for i in range(len(runs)))
    figure = sheet(WIDE * len(runs), TALL + ROW * rows)
    figure.set_layout_engine("constrained")
    panels = figure.subplots(1, 2 * len(runs), squeeze=False, width_ratios=[3, 1] * len(runs))[0]
    for i, name in enumerate(runs):
        share, kl = arrays[f"share_{i}"], arrays[f"kl_{i}"]
        names = [f"z{axis + 1}" for axis in arrays[f"axes_{i}"]]
        _cells(panels[2 * i], share, [*arrays["factors"]], names)
        panels[2 * i].set_title(f"{wrapped(str(name), 40, 1)}\ntold of each factor (%)")
        _bars(panels[2 * i + 1], kl)
    return figure


def _cells(axes: "Axes", share: "np.ndarray", factors: list[str], names: list[str]) -> None:
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(share):
        said = f"{value:.0f}" if np.isfinite(value) else "diverged"
        colour = "white" if value > DARK else INK
        axes.text(column, row, said, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(factors)), factors)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)


def _bars(axes: "Axes", kl: "np.ndarray") -> None:
    axes.barh(np.arange(len(kl)), kl, color=PALETTE[0])
    axes.set(ylim=(len(kl) - 0.5, -0.5), yticks=[], xlabel="nats")
    axes.set_title("divergence\n(mean)")
