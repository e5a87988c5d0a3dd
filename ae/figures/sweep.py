"""A likelihood against a number that the paper sweeps, every seed shown."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import DASHES, FAINT, PALETTE, Arrays, Drawing
from ae.figures.layout.sheet import sheet, wrapped
from ae.metrics.likelihood import nll_of_each
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = "osD^vP"
ASIDE = 1.03  # by which factor lines stand beside each other, so that their seeds can be told apart


def nll(
    runs: list[Trained],
    *,
    split: Split,
    examples: int,
    samples: int,
    lines: list[list[str]],
    names: list[str],
    at: list[list[float]],
    published: list[list[float]],
    label: str,
) -> Drawing:
    """-log p(x) by importance sampling, a line for each list of runs, a dot a seed.

    Lines join the means over seeds that are finite; crosses of their colour are published values.

    Args:
        runs: What is drawn, where `lines` names it; runs that a tier leaves out are left out.
        split: Which examples.
        examples: How many of them, the first.
        samples: Importance samples an example.
        lines: Names of runs, a list a line.
        names: What each line is.
        at: Where each run stands on the horizontal axis, in lists like `lines`; above 0.
        published: The paper's values, in lists like `lines`; an empty list where it has none.
        label: What the horizontal axis shows.

    Raises:
        UserError: The lists do not fit each other.
    """
    _fit(lines, names, at, published)
    found = {run.name: run for run in runs}
    key = "mean, a dot a seed" + ("; x: published" if any(published) else "")
    ours = f"-log p(x), {samples:,} samples (nats)"
    arrays: Arrays = {"text": np.array([label, ours, key])}
    for i, line in enumerate(lines):
        here = [j for j, name in enumerate(line) if name in found]
        if here:
            values = [nll_of_each(found[line[j]], split, examples, samples).mean(1) for j in here]
            arrays |= {
                f"{i}/name": np.array(names[i]),
                f"{i}/at": np.array([at[i][j] for j in here]),
                f"{i}/values": np.stack([v.cpu().numpy() for v in values]),
                f"{i}/published": np.array([published[i][j] for j in here] if published[i] else []),
            }
    return Drawing(arrays=arrays, paint=_paint, vector=True)


def _fit(
    lines: list[list[str]],
    names: list[str],
    at: list[list[float]],
    published: list[list[float]],
) -> None:
    for key, given in (("names", names), ("at", at), ("published", published)):
        if len(given) != len(lines):
            raise UserError(
                f"sweep.nll: {key}: found {len(given)}; expected {len(lines)}, one a line"
            )
    for i, line in enumerate(lines):
        for key, values in (("at", at[i]), ("published", published[i] or at[i])):
            if len(values) != len(line):
                raise UserError(
                    f"sweep.nll: {key}: found {len(values)} numbers for line {names[i]!r}; "
                    f"expected {len(line)}, one a run"
                )


def _paint(arrays: Arrays) -> "Figure":
    figure = sheet(1300, 640)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    order = sorted(int(k.removesuffix("/name")) for k in arrays if k.endswith("/name"))
    for place, i in enumerate(order):
        _line(axes, arrays, i, ASIDE ** (place - (len(order) - 1) / 2))
    axes.set_xscale("log")
    ticks = sorted({float(x) for i in order for x in arrays[f"{i}/at"]})
    axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
    axes.minorticks_off()
    axes.set(xlabel=str(arrays["text"][0]), ylabel=str(arrays["text"][1]))
    figure.legend(title=str(arrays["text"][2]), loc="outside right upper")
    return figure


def _line(axes: "Axes", arrays: Arrays, i: int, aside: float) -> None:
    at, values, published = (arrays[f"{i}/{key}"] for key in ("at", "values", "published"))
    colour, mark = PALETTE[i % len(PALETTE)], MARKS[i % len(MARKS)]
    known = np.isfinite(values)
    means = np.where(known.any(1), _means(values), np.nan)
    axes.plot(
        at * aside,
        means,
        color=colour,
        linestyle=DASHES[i % len(DASHES)],
        marker=mark,
        markersize=6,
        label=wrapped(str(arrays[f"{i}/name"]), 30, 3),
    )
    seeds = np.broadcast_to(at[:, None], values.shape)[known]
    axes.plot(seeds * aside, values[known], color=colour, linestyle="", marker=".", alpha=0.45)
    if len(published):
        axes.plot(
            at * aside, published, color=colour, linestyle="", marker="x", markersize=9, mew=2
        )
    for x in at[~known.all(1)]:
        axes.annotate("a seed diverged", (x, 1), xycoords=("data", "axes fraction"), color=FAINT)


def _means(values: NDArray[Any]) -> NDArray[Any]:
    """Mean over the finite seeds (run, seed); 0 where there is none."""
    known = np.isfinite(values)
    means: NDArray[Any] = np.where(known, values, 0).sum(1) / known.sum(1).clip(1)
    return means
