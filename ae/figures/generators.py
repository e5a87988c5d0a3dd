"""Many models, each with several laws that its codes are drawn by: what they draw, and how far it is from real."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import FAINT, INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import WIDTH, Pen, mosaic, pictures, place, sheet, wrapped
from ae.figures.layout.ticks import heights, plain
from ae.metrics.samplers import Sampler, made
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, TOP, APART = 210, 66, 18  # pixels for names of rows, of columns, and between cells
FOOT, HIGH = 60, 620  # pixels for the note, of the bars
ROWS = 2  # of pictures in a cell


def samples(
    runs: list[Trained],
    *,
    samplers: list[Sampler],
    names: list[str],
    left_out: list[str],
    images: int,
    codes: int,
    steps: int,
    seed_index: int,
) -> Drawing:
    """A row a run, a column a law of codes: images that no one chose, of one seed.

    Cells `RUN/SAMPLER` of `left_out` stay empty. `codes` and `steps` are those of `samplers.made`.

    Raises:
        UserError: Lists differ in length, or a run has too few seeds.
    """
    if len(samplers) != len(names):
        raise UserError(f"generators: names: found {len(names)}; expected {len(samplers)}")
    shape = runs[0].test.shape
    rows = []
    for run in runs:
        own = member(run, seed_index)
        row = []
        for sampler in samplers:
            if f"{run.name}/{sampler}" in left_out:
                row.append(
                    np.full((images, *pictures(np.zeros(np.prod(shape)), shape).shape), -1.0)
                )
                continue
            x = made(run, sampler=sampler, codes=codes, samples=images, steps=steps, members=[own])
            row.append(pictures(x[own].float().cpu().numpy(), shape))
        rows.append(np.stack(row))
    return Drawing(
        arrays={
            "samples": np.stack(rows),
            "runs": np.array([run.label for run in runs]),
            "names": np.array(names),
        },
        paint=_paint_samples,
        vector=False,
    )


def bars(
    runs: list[Trained], *, measures: list[str], names: list[str], floor: str, label: str
) -> Drawing:
    """A group of bars a run, a bar a measure: the mean over seeds, and a dot a seed.

    What a run was not measured by it has no bar of, and what none was, as a tier may leave it out, is not
    named. `floor` is a measure of one run that a line is drawn at, or empty.

    Raises:
        UserError: Lists differ in length, or no run has any of the measures.
    """
    if len(measures) != len(names):
        raise UserError(f"generators: names: found {len(names)}; expected {len(measures)}")
    known = [run.measured.get(run.name, {}) for run in runs]
    if not any(name in own for own in known for name in measures):
        raise UserError(f"generators: no run has the measure {measures[0]!r}")
    seeds = runs[0].seeds
    nothing = dict.fromkeys(seeds, np.nan)
    values = [
        [[own.get(m, nothing).get(s, np.nan) for s in seeds] for m in measures] for own in known
    ]
    line = [own[floor].get(s, np.nan) for own in known if floor in own for s in seeds]
    return Drawing(
        arrays={
            "values": np.array(values),
            "floor": np.array(line),
            "runs": np.array([run.label for run in runs]),
            "names": np.array(names),
            "label": np.array(label),
        },
        paint=_paint_bars,
        vector=True,
    )


def _paint_samples(arrays: Arrays) -> "Figure":
    found = arrays["samples"]
    runs, laws, count, high, wide = found.shape[:5]
    across = -(-count // ROWS)
    zoom = max(1, (WIDTH - LEFT - laws * APART) // (laws * across * (wide + 2)))
    cell = across * (wide + 2) * zoom + APART
    row = ROWS * (high + 2) * zoom + APART
    figure = sheet(LEFT + laws * cell, TOP + runs * row)
    pen = Pen(figure)
    for j, name in enumerate(arrays["names"]):
        at = (LEFT + j * cell, TOP - 8)
        pen.write(str(name), at, "left bottom", room=cell - APART, lines=2)
    for i, name in enumerate(arrays["runs"]):
        middle = TOP + i * row + (row - APART) / 2
        pen.write(str(name), (LEFT - 14, middle), "right center", room=LEFT - 20, lines=2)
        for j in range(laws):
            left, top = LEFT + j * cell, TOP + i * row
            own = found[i, j]
            if (own == -1).all():
                at = (left + (cell - APART) / 2, middle)
                pen.write("none", at, "center center", room=cell, faint=True)
                continue
            tiles = np.full((ROWS * across, *own.shape[1:]), np.nan)
            tiles[:count] = own.clip(0, 1)
            place(figure, mosaic(tiles.reshape(ROWS, across, *own.shape[1:])), left, top, zoom)
            if not np.isfinite(own).all():
                at = (left + (cell - APART) / 2, middle)
                pen.write("diverged", at, "center center", room=cell, faint=True)
    return figure


def _paint_bars(arrays: Arrays) -> "Figure":
    values = arrays["values"]
    runs, laws, seeds = values.shape
    figure = sheet(WIDTH, HIGH)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    width = 0.84 / laws
    aside = width * (np.linspace(-0.25, 0.25, seeds) if seeds > 1 else np.zeros(1))
    there: NDArray[np.bool_] = np.asarray(np.isfinite(values).any(2))
    for j, name in enumerate(arrays["names"]):
        label = str(name)
        for i in np.flatnonzero(there[:, j]):  # what a run has stands side by side, in the middle
            at = i + width * (there[i, :j].sum() - (there[i].sum() - 1) / 2)
            own, mean = values[i, j], float(np.nanmean(values[i, j]))
            axes.bar(at, mean, width * 0.92, color=PALETTE[j], alpha=0.75, label=label)
            axes.plot(at + aside, own, ".", color=INK, ms=3.5, zorder=3)
            label = "_"
    if np.isfinite(arrays["floor"]).any():
        line = float(np.nanmean(arrays["floor"]))
        axes.axhline(line, color=FAINT, ls="--", lw=1, label="real images")
    axes.set_yscale("log")
    heights(axes, plain)
    axes.set_xticks(np.arange(runs), [wrapped(str(n), 10, 2) for n in arrays["runs"]])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(wrapped(str(arrays["label"]), 40, 2))
    figure.legend(loc="outside upper center", ncols=min(6, laws + 1))
    return figure
