"""Codebooks: training beside a printed log, codes as pictures, how often entries are used, samples."""

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.figures.curves import band
from ae.figures.layout.drawing import DASHES, INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures, sheet, wrapped
from ae.figures.layout.strips import Block, stacked
from ae.figures.layout.ticks import decades, heights, plain
from ae.figures.reconstructions import one_of_each
from ae.metrics.codebook import Prior, shares
from ae.metrics.codebook_samples import images as generated
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPREAD = (2, 98)  # percentiles of the entries' coordinates that become darkest and brightest
NOTE = "pixels below 0 are drawn black, above 1 white"


def against_log(
    runs: list[Trained],
    *,
    parts: list[str],
    labels: list[str],
    steps: list[int],
    published: list[list[float]],
    source: str,
) -> Drawing:
    """Terms of the objective against steps, a panel each, with the values of a printed log as crosses.

    The line is the mean over seeds, the band their least and greatest; a point is the mean over the
    steps since the one before it. Both axes are logarithmic.

    Args:
        runs: Each is a line.
        parts: The terms, a panel each.
        labels: What each panel's vertical axis shows.
        steps: Where the log has values.
        published: Its values at these steps, a list a panel.
        source: What the crosses are.

    Raises:
        UserError: The lists do not fit each other, or a run does not record a part.
    """
    for key, given in (("labels", labels), ("published", published)):
        if len(given) != len(parts):
            raise UserError(
                f"codebook.against_log: {key}: found {len(given)}; expected {len(parts)}, one a part"
            )
    if wrong := [len(row) for row in published if len(row) != len(steps)]:
        raise UserError(
            f"codebook.against_log: published: found {wrong[0]} values; expected {len(steps)}, one "
            "for each of the steps"
        )
    arrays: Arrays = {
        "steps": np.array(steps),
        "published": np.array(published),
        "labels": np.array(labels),
        "runs": np.array([run.label for run in runs]),
        "source": np.array(source),
    }
    for i, part in enumerate(parts):
        for j, run in enumerate(runs):
            curve = next((c for c in run.curves if c.part == part), None)
            if curve is None:
                raise UserError(
                    f"codebook.against_log: run {run.name!r}: no curve of {part!r} was recorded"
                )
            arrays[f"{i}/{j}/steps"] = np.array(curve.steps)
            arrays[f"{i}/{j}/values"] = np.array(curve.values, float)
    return Drawing(arrays=arrays, paint=_paint_log, vector=True)


def _paint_log(arrays: Arrays) -> "Figure":
    labels = arrays["labels"]
    figure = sheet(760 * len(labels), 620)
    figure.set_layout_engine("constrained")
    handles: dict[str, Any] = {}
    for i, axes in enumerate(figure.subplots(1, len(labels), squeeze=False).ravel()):
        for j, name in enumerate(arrays["runs"]):
            at, values = arrays[f"{i}/{j}/steps"], arrays[f"{i}/{j}/values"]
            mean, low, high = band(values)
            colour = PALETTE[j % len(PALETTE)]
            axes.fill_between(at, low, high, color=colour, alpha=0.25, linewidth=0)
            (handles[str(name)],) = axes.plot(
                at, mean, color=colour, linestyle=DASHES[j % len(DASHES)], linewidth=1.8
            )
        (handles[str(arrays["source"])],) = axes.plot(
            arrays["steps"], arrays["published"][i], color=INK, linestyle="", marker="x", mew=1.6
        )
        axes.set(xscale="log", yscale="log", xlabel="steps")
        axes.set_ylabel(wrapped(str(labels[i]), 34, 2))
        decades(axes, plain)
        heights(axes, plain)
    names = [wrapped(name, 60, 2) for name in handles]
    figure.legend(handles.values(), names, loc="outside lower center", ncols=min(3, len(names)))
    return figure


def code_maps(runs: list[Trained], *, images: int, seed_index: int) -> Drawing:
    """Test images, their codes and what is decoded of these, a block a run, by one seed.

    A code has the colour of its entry: the entry's first three principal coordinates as red, green and
    blue, so that entries that are near each other look alike.

    Raises:
        UserError: A run has too few seeds, or its codes are no square.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        shown = one_of_each(run.test.y)[:images].to(run.test.x.device)
        x = run.test.batch(shown).x.flatten(1)
        run.stack.train(False)
        with torch.no_grad():
            codes = run.stack.share("codes", x)[member(run, seed_index)].flatten(1)
            made = run.stack.share("reconstruct", x)[seed_index].flatten(1)
        side = round(codes.shape[1] ** 0.5)
        if side**2 != codes.shape[1]:
            raise UserError(
                f"codebook.code_maps: run {run.name!r}: found {codes.shape[1]} codes an image; "
                "expected a square of places"
            )
        colours = coloured(run.stack.tensors()["codebook"][seed_index].cpu().numpy())
        size = run.test.shape[-1] // side
        tiles = colours[codes.cpu().numpy()].reshape(len(x), side, side, 3)
        whole = np.kron(tiles, np.ones((1, size, size, 1)))
        rows = [_in_colour(pictures(t.float().cpu().numpy(), run.test.shape)) for t in (x, made)]
        arrays[f"{i}/tiles"] = np.stack([rows[0], whole, rows[1]]).astype(np.float32)
    return Drawing(arrays=arrays, paint=_paint_maps, vector=False)


def coloured(codebook: NDArray[Any]) -> NDArray[Any]:
    """A colour in [0, 1] for each entry (entries, 3), by its principal coordinates."""
    centred = codebook - codebook.mean(0)
    _, _, axes = np.linalg.svd(np.nan_to_num(centred), full_matrices=False)
    found = np.zeros((len(codebook), 3))
    coordinates = centred @ axes[:3].T
    found[:, : coordinates.shape[1]] = coordinates
    low, high = np.percentile(found, SPREAD, axis=0)
    scaled: NDArray[Any] = np.clip((found - low) / np.where(high > low, high - low, 1), 0, 1)
    return scaled


def _in_colour(tiles: NDArray[Any]) -> NDArray[Any]:
    """Grey pictures (n, height, width) with three equal planes; colours as they are."""
    return tiles if tiles.ndim == 4 else np.repeat(tiles[..., None], 3, -1)


def _paint_maps(arrays: Arrays) -> "Figure":
    names = ["images", "codes", "decoded"]
    blocks = [
        Block(str(label), arrays[f"{i}/tiles"], names, [], [[]] * 3)
        for i, label in enumerate(arrays["runs"])
    ]
    return stacked(blocks)


def usage(runs: list[Trained], *, split: Split) -> Drawing:
    """How often each entry is chosen, the most frequent first: mean over seeds and their range.

    Both axes are logarithmic; the dotted line is where all entries of a codebook would be used equally.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        found = shares(run, split).sort(1, descending=True).values
        arrays[f"{i}/shares"] = 100 * found.cpu().numpy()
    return Drawing(arrays=arrays, paint=_paint_usage, vector=True)


def _paint_usage(arrays: Arrays) -> "Figure":
    figure = sheet(1100, 620)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    for i, label in enumerate(arrays["runs"]):
        values = arrays[f"{i}/shares"]
        shown = np.where(values > 0, values, np.nan)
        at, colour = np.arange(1, values.shape[1] + 1), PALETTE[i % len(PALETTE)]
        mean, low, high = values.mean(0), values.min(0), values.max(0)
        axes.fill_between(at, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(
            at,
            np.where(np.isfinite(shown).any(0), mean, np.nan),
            color=colour,
            linestyle=DASHES[i % len(DASHES)],
            label=wrapped(str(label), 34, 2),
        )
        axes.axhline(100 / values.shape[1], color=colour, linestyle=(0, (1, 2)), linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel="entries, the most frequent first")
    axes.set_ylabel("chosen (% of places)")
    decades(axes, plain)
    heights(axes, plain)
    axes.legend()
    return figure


def samples(
    runs: list[Trained], *, priors: list[Prior], rows: int, columns: int, seed_index: int
) -> Drawing:
    """rows x columns images decoded from drawn codes, a panel for each run and prior; no choice.

    Raises:
        UserError: A run has too few seeds, or there is no such prior.
    """
    known = get_args(Prior)
    if strange := [prior for prior in priors if prior not in known]:
        raise UserError(
            f"codebook.samples: priors: found {strange[0]!r}; expected some of {', '.join(known)}"
        )
    made: list[Tensor] = []
    names = []
    for run in runs:
        for prior in priors:
            made.append(generated(run, prior, rows * columns)[member(run, seed_index)])
            names.append(f"{run.label}, {prior} prior")
    shape = runs[0].test.shape
    return Drawing(
        arrays={
            "samples": np.stack([pictures(own.float().cpu().numpy(), shape) for own in made]),
            "columns": np.array(columns),
            "names": np.array(names),
        },
        paint=_paint_samples,
        vector=False,
    )


def _paint_samples(arrays: Arrays) -> "Figure":
    pixels = arrays["samples"].clip(0, 1)  # keeps NaN
    return side_by_side(pixels, arrays["names"], int(arrays["columns"]), NOTE)
