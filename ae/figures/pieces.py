"""A broken stick as a code: sizes of its pieces, and the weights that the decoder gives them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.figures.layout.drawing import FAINT, INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import WIDTH, pictures, sheet, wrapped
from ae.maths.sticks import expected_pieces
from ae.metrics.pieces import column_norms, decoded, mean_sizes
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 420  # pixels of a panel's height


def sizes(runs: list[Trained], *, examples: int, concentration: float) -> Drawing:
    """Mean size of each piece over test examples, a panel a run: bars are means over seeds.

    Whiskers span the seeds; the line is what a prior of Beta(1, concentration) expects.
    """
    means = [mean_sizes(run, "test", examples).cpu().numpy() for run in runs]
    return Drawing(
        arrays={
            **_by_run(runs, means),
            "prior": np.array(expected_pieces(concentration, means[0].shape[-1])),
            "concentration": np.array(concentration),
        },
        paint=_paint_sizes,
        vector=True,
    )


def columns(runs: list[Trained]) -> Drawing:
    """Length of each column of the decoder's first weights, a panel a run.

    Bars are means over seeds, whiskers span the seeds.
    """
    norms = [column_norms(run).cpu().numpy() for run in runs]
    return Drawing(arrays=_by_run(runs, norms), paint=_paint_columns, vector=True)


def samples(runs: list[Trained], *, rows: int, columns: int, seed_index: int) -> Drawing:
    """rows x columns images of one seed, a panel a run, from codes of the model's own prior.

    Raises:
        UserError: A run has too few seeds.
    """
    made = [decoded(run, rows * columns)[member(run, seed_index)] for run in runs]
    shape = runs[0].test.shape
    return Drawing(
        arrays={
            "samples": np.stack([pictures(own.float().cpu().numpy(), shape) for own in made]),
            "columns": np.array(columns),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_samples,
        vector=False,
    )


def _by_run(runs: list[Trained], values: list[NDArray[Any]]) -> Arrays:
    names = np.array([run.label for run in runs])
    return {"runs": names, **{f"values_{i}": v for i, v in enumerate(values)}}


def _paint_sizes(arrays: Arrays) -> "Figure":
    figure, panels = _panels(arrays)
    prior = arrays["prior"]
    label = f"prior Beta(1, {float(arrays['concentration']):g})"
    for axes in panels:
        axes.plot(np.arange(1, len(prior) + 1), prior, color=INK, lw=1.2, label=label)
    panels[0].legend(loc="upper right")
    panels[0].set_ylabel("mean size, share of the stick")
    _name(panels, "piece k")
    return figure


def _paint_columns(arrays: Arrays) -> "Figure":
    figure, panels = _panels(arrays)
    panels[0].set_ylabel("length of the decoder's column")
    _name(panels, "latent dimension k")
    return figure


def _paint_samples(arrays: Arrays) -> "Figure":
    note = "mean pixels; black is 0, white is 1"
    return side_by_side(arrays["samples"], arrays["runs"], int(arrays["columns"]), note)


def _name(panels: list["Axes"], label: str) -> None:
    for axes in panels:
        axes.set_xlabel(label)


def _panels(arrays: Arrays) -> "tuple[Figure, list[Axes]]":
    """A panel a run with its bars, on one scale."""
    names = arrays["runs"]
    figure = sheet(WIDTH, PANEL + 60)
    figure.set_layout_engine("constrained")
    panels = list(figure.subplots(1, len(names), sharey=True, squeeze=False)[0])
    for i, (axes, name) in enumerate(zip(panels, names, strict=True)):
        values = arrays[f"values_{i}"]
        finite = values[np.isfinite(values).all(-1)]
        axes.set_title(wrapped(str(name), 100 // len(names), 2))
        if len(finite) == 0:
            place = axes.transAxes
            axes.text(0.5, 0.5, "diverged", color=FAINT, ha="center", transform=place)
            continue
        at, mean = np.arange(1, values.shape[-1] + 1), finite.mean(0)
        colour = PALETTE[i % len(PALETTE)]
        axes.bar(at, mean, color=colour, alpha=0.55, width=0.8)
        axes.vlines(at, finite.min(0), finite.max(0), color=colour, lw=1.2)
        axes.set_xlim(0.2, len(at) + 0.8)
        axes.xaxis.get_major_locator().set_params(integer=True)
    panels[0].set_ylim(bottom=0)  # of all, and only now: it ends the fitting to what is drawn
    return figure, panels
