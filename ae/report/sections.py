"""The parts of a page that show what was measured, drawn and trained."""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from markupsafe import Markup

from ae.errors import UserError
from ae.record import Curve, FigureRecord, Interaction, RunRecord
from ae.report import plots
from ae.report.claims import seed_values
from ae.report.reviews import ReviewView
from ae.report.scale import around
from ae.report.text import aligned, between, count, duration, even, half_width, number, uncertain
from ae.spec import Measure


@dataclass(frozen=True)
class ResultRow:
    """One run's values of one metric."""

    label: str
    mean: str
    half: str
    seeds: str
    range: str
    values: tuple[str, ...]
    plot: Element


@dataclass(frozen=True)
class MetricView:
    """One metric over all runs that were measured by it."""

    label: str
    unit: str
    direction: str
    seeds: tuple[int, ...]
    ends: str
    rows: tuple[ResultRow, ...]


@dataclass(frozen=True)
class InteractionView:
    """What the page's script makes of a figure: a kind that it knows, and the data for it."""

    kind: str
    data: Markup


@dataclass(frozen=True)
class FigureView:
    """A figure, its picture inside the page."""

    title: str
    caption: str
    paper: str
    runs: str
    address: str
    width: int
    height: int
    digest: str
    interaction: InteractionView | None
    review: ReviewView | None


@dataclass(frozen=True)
class Stage:
    """The curves of one training stage."""

    name: str
    plots: tuple[Element, ...]


@dataclass(frozen=True)
class RunView:
    """What training one run took."""

    name: str
    label: str
    seeds: str
    parameters: str
    steps: str
    time: str
    diverged: tuple[str, ...]


def metric_view(key: str, measure: Measure, runs: Sequence[RunRecord]) -> MetricView:
    """One metric over the runs that were measured by it, `key` the start of its plots' names."""
    values = [list(seed_values(r, measure.name).values()) for r in runs]
    means = [math.fsum(v) / len(v) if v else math.nan for v in values]
    shown = [uncertain(m, half_width(v)) for m, v in zip(means, values, strict=True)]
    columns = [aligned([mean for mean, _ in shown]), aligned([half for _, half in shown])]
    span = around([v for run in values for v in run] or [0.0])
    seeds = tuple(dict.fromkeys(seed for run in runs for seed in run.seeds))
    each = _each(runs, measure.name, seeds)
    rows = [
        ResultRow(
            label=run.label,
            mean=mean,
            half=half,
            seeds=f"{len(kept)} of {len(run.seeds)}",
            range=between(kept),
            values=each[run.name],
            plot=plots.row(f"{key}-{run.name}", f"{run.label}: seeds", kept, span),
        )
        for run, kept, mean, half in zip(runs, values, *columns, strict=True)
    ]
    ends = between(span)
    return MetricView(measure.label, measure.unit, measure.direction, seeds, ends, tuple(rows))


def _each(
    runs: Sequence[RunRecord], metric: str, seeds: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    """Each run's value at each of `seeds`, in words where there is none, all to the same place."""
    values = {
        (run.name, seed): value
        for run in runs
        for seed, value in zip(run.seeds, run.metrics[metric], strict=True)
    }
    finite = {where: value for where, value in values.items() if math.isfinite(value)}
    shown = {where: number(value) for where, value in values.items()}
    shown |= dict(zip(finite, even(list(finite.values())), strict=True))
    shown |= {(run.name, seed): "diverged" for run in runs for seed in run.diverged}
    return {run.name: tuple(shown.get((run.name, s), "") for s in seeds) for run in runs}


def figure_view(
    figure: FigureRecord, folder: Path, runs: Sequence[str], review: ReviewView | None
) -> FigureView:
    """A figure with its picture inside, or one line that says which file is not there."""
    picture = _beside(figure, folder, "image", figure.image)
    given = figure.interaction
    return FigureView(
        title=figure.title,
        caption=figure.caption,
        paper=figure.paper,
        runs=", ".join(runs),
        address="data:image/png;base64," + base64.b64encode(picture).decode(),
        width=figure.width,
        height=figure.height,
        digest=figure.digest,
        interaction=None if given is None else _interaction(figure, folder, given),
        review=review,
    )


def _interaction(figure: FigureRecord, folder: Path, given: Interaction) -> InteractionView:
    """The data as they stand in a script element: JSON in which nothing can end the element."""
    content = _beside(figure, folder, "interaction", given.data)
    if hashlib.sha256(content).hexdigest() != given.digest:
        raise UserError(
            f"{folder / given.data}: figure '{figure.name}' of the record was drawn with other "
            "data; run the spec again, or copy the figures with the record"
        )
    text = json.dumps(json.loads(content), separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return InteractionView(given.kind, Markup(text))


def _beside(figure: FigureRecord, folder: Path, what: str, name: str) -> bytes:
    """A file of a figure, which lies beside the record."""
    if Path(name).name != name:
        raise UserError(
            f"{folder}: figure '{figure.name}': {what} {name!r} is not the name of a file "
            "beside the record"
        )
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise UserError(
            f"{folder / name}: figure '{figure.name}' of the record cannot be read: "
            f"{error.strerror}; run the spec again, or copy the figures with the record"
        ) from None


def stages(key: str, runs: Sequence[RunRecord]) -> list[Stage]:
    """The training curves, stage by stage and part by part, all runs of a stage together."""
    grouped: dict[str, dict[str, list[plots.Series]]] = {}
    for index, run in enumerate(runs):
        for curve in run.curves:
            series = _series(run.label, index, curve)
            if series is not None:
                parts = grouped.setdefault(curve.stage, {})
                parts.setdefault(curve.part, []).append(series)
    return [
        Stage(
            stage,
            tuple(
                plots.curves(
                    f"curve-{key}-{i}-{j}",
                    f"{stage}: {part}",
                    series,
                    ("training examples seen", f"{part}, mean per example"),
                )
                for j, (part, series) in enumerate(parts.items())
            ),
        )
        for i, (stage, parts) in enumerate(grouped.items())
    ]


def _series(label: str, index: int, curve: Curve) -> plots.Series | None:
    points = []
    for i in plots.thin(len(curve.examples)):
        values = plots.finite([seed[i] for seed in curve.values])
        if values:
            mean = math.fsum(values) / len(values)
            points.append((float(curve.examples[i]), mean, min(values), max(values)))
    if not points:
        return None
    x, mean_, low, high = (tuple(column) for column in zip(*points, strict=True))
    return plots.Series(label, index, x, mean_, low, high)


def run_view(run: RunRecord) -> RunView:
    """What training one run took, and which of its seeds diverged."""
    return RunView(
        name=run.name,
        label=run.label,
        seeds=", ".join(map(str, run.seeds)),
        parameters=count(run.parameters),
        steps=count(run.steps),
        time=duration(run.seconds),
        diverged=tuple(f"seed {s} diverged: {why}" for s, why in sorted(run.diverged.items())),
    )
