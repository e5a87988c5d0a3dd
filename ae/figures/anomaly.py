"""Anomalies: how well each run tells them, and how far their errors lie from normal ones."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.figures.layout.ticks import decades, plain
from ae.metrics.anomaly import anomalous, auroc, scores
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
BINS = 50
SPREAD = 0.14  # how far a seed's dot lies beside the middle of its run


def areas(runs: list[Trained], *, names: list[str], axis: str) -> Drawing:
    """AUROC of the mean squared error, a column a run: a dot a seed, and the 90 % interval.

    The interval is that of the mean over seeds, by Student's t. Seeds that diverged are left out.

    Args:
        runs: Those trained on one class or some; what they were not trained on is anomalous.
        names: What stands under each column, a name a run.
        axis: What the columns are.

    Raises:
        UserError: There are not as many names as runs, or a run has no anomalous test examples.
    """
    if len(names) != len(runs):
        raise UserError(f"anomaly.areas: names: found {len(names)}; expected {len(runs)}, the runs")
    values = {f"auroc_{i}": np.array(auroc(run)) for i, run in enumerate(runs)}
    return Drawing(
        arrays={**values, "names": np.array(names), "axis": np.array(axis)},
        paint=_paint_areas,
        vector=True,
    )


def errors(runs: list[Trained], *, seed_index: int) -> Drawing:
    """Histograms of the test examples' mean squared errors, normal and anomalous, a panel a run.

    Errors are on one logarithmic axis; the bars of each kind sum to 1, so that the few normal
    examples are as large as the many others.

    Raises:
        UserError: A run has too few seeds, or no normal or no anomalous test examples.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        index = member(run, seed_index)
        arrays[f"score_{i}"] = scores(run)[index].cpu().numpy()
        arrays[f"anomalous_{i}"] = anomalous(run)
        arrays[f"auroc_{i}"] = np.array(auroc(run)[index])
    return Drawing(arrays=arrays, paint=_paint_errors, vector=False)


def interval(values: NDArray[Any]) -> tuple[float, float]:
    """Mean of the finite values and half of its 90 % interval, NaN where there are too few."""
    from scipy.stats import t

    kept = values[np.isfinite(values)]
    if len(kept) < 2:
        return (float(kept.mean()) if len(kept) else np.nan), np.nan
    half = t.ppf(0.95, len(kept) - 1) * kept.std(ddof=1) / np.sqrt(len(kept))
    return float(kept.mean()), float(half)


def _paint_areas(arrays: Arrays) -> "Figure":
    names = arrays["names"]
    values = [arrays[f"auroc_{i}"] for i in range(len(names))]
    seen = np.concatenate([v[np.isfinite(v)] for v in values] + [np.array([1.0])])
    low = max(0.0, float(seen.min()) - 0.15 * (1 - float(seen.min())) - 0.005)
    figure = sheet(1300, 560)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    below = []
    for i, own in enumerate(values):
        mean, half = interval(own)
        across = i - SPREAD + 2 * SPREAD * np.arange(len(own)) / max(1, len(own) - 1)
        axes.plot(across, own, ".", color=PALETTE[0], alpha=0.6, markersize=6)
        axes.errorbar(i, mean, half, color=INK, fmt="_", markersize=22, capsize=5, linewidth=1.4)
        below.append(f"{names[i]}\n{mean:.3f}" if np.isfinite(mean) else f"{names[i]}\ndiverged")
    axes.set(xlabel=str(arrays["axis"]), ylabel="AUROC on the test set")
    axes.set(ylim=(low, 1.0 + 0.02 * (1 - low)), xlim=(-0.6, len(names) - 0.4))
    axes.set_xticks(range(len(names)), below)
    axes.grid(axis="y", linewidth=0.4)
    mean = float(np.mean([interval(own)[0] for own in values]))
    axes.set_title(f"dots: seeds; bars: mean and its 90 % interval; mean of columns {mean:.3f}")
    return figure


def _paint_errors(arrays: Arrays) -> "Figure":
    names = arrays["runs"]
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)
    figure = sheet(WIDTH, 440 * down + 40)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    edges = _edges(np.concatenate([arrays[f"score_{i}"] for i in range(len(names))]))
    tallest = []
    for i, (name, axes) in enumerate(zip(names, grid, strict=False)):
        score, title = arrays[f"score_{i}"], str(name)
        if np.isfinite(score).all():
            title += f": AUROC {float(arrays[f'auroc_{i}']):.3f}"
            tallest.append(_histograms(axes, score, arrays[f"anomalous_{i}"], edges))
        else:
            axes.annotate("diverged", (0.5, 0.5), xycoords="axes fraction", ha="center")
        axes.set_title(wrapped(title, 40, 2))
        axes.set_yticks([])
        if i + across >= len(names):
            axes.set_xlabel("mean squared error per pixel")
        if i % across == 0:
            axes.set_ylabel("share of its kind")
    grid[0].set_ylim(0, 1.05 * max(tallest, default=1.0))
    _legend(figure)
    return figure


def _edges(scores: NDArray[Any]) -> NDArray[Any]:
    """Ends of bins of equal ratio that hold all scores that are finite and above 0."""
    seen = scores[np.isfinite(scores) & (scores > 0)]
    low, high = (seen.min(), 1.001 * seen.max()) if len(seen) else (0.01, 1.0)
    return np.geomspace(low, high, BINS)


def _histograms(
    axes: "Axes", score: NDArray[Any], strange: NDArray[np.bool_], edges: NDArray[Any]
) -> float:
    """Draw the normal and the anomalous scores; the height of the tallest bar."""
    middle = np.sqrt(edges[1:] * edges[:-1])
    tallest = 0.0
    for kind, colour in ((~strange, PALETTE[0]), (strange, PALETTE[1])):
        share = np.histogram(score[kind], edges)[0] / kind.sum()
        axes.fill_between(middle, share, step="mid", color=colour, alpha=0.35, linewidth=0)
        axes.step(middle, share, where="mid", color=colour, linewidth=1.4)
        tallest = max(tallest, float(share.max()))
    axes.set(xscale="log", xlim=(edges[0], edges[-1]))
    decades(axes, plain)
    return tallest


def _legend(figure: "Figure") -> None:
    from matplotlib.patches import Patch

    kinds = zip(("normal", "anomalous"), PALETTE, strict=False)
    handles = [Patch(color=colour, alpha=0.6, label=label) for label, colour in kinds]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
