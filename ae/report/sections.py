"""The parts of a page that show what was measured, drawn and trained."""

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from markupsafe import Markup

from ae.errors import UserError
from ae.records.entries import Curve, RunRecord
from ae.records.figures import FigureRecord, Interaction
from ae.report import plots
from ae.report.reviews import ReviewView
from ae.report.text import count, duration, joined


@dataclass(frozen=True)
class InteractionView:
    """What the page's script makes of a figure: a kind that it knows, and the data for it."""

    kind: str
    data: Markup


@dataclass(frozen=True)
class FigureView:
    """A figure, its picture inside the page."""

    name: str
    title: str
    caption: str
    paper: str
    runs: str
    share: str
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


def figure_view(
    figure: FigureRecord, folder: Path, runs: Sequence[RunRecord], review: ReviewView | None
) -> FigureView:
    """A figure of these runs, its picture inside, or one line that says which file is not there."""
    given = figure.interaction
    return FigureView(
        name=figure.name,
        title=figure.title,
        caption=figure.caption,
        paper=figure.paper,
        runs=joined([run.label for run in runs]),
        share=_share(figure, runs),
        address=picture_of(figure, folder),
        width=figure.width,
        height=figure.height,
        digest=figure.digest,
        interaction=None if given is None else _interaction(figure, folder, given),
        review=review,
    )


def _share(figure: FigureRecord, runs: Sequence[RunRecord]) -> str:
    """Of how many seeds a figure was drawn, where these are not all: `4 of 7 seeds each`."""
    drawn = figure.seeds or {}
    found = [(run, len(drawn[run.name]), len(run.seeds)) for run in runs if run.name in drawn]
    shares = {(few, all_) for _, few, all_ in found}
    if all(few == all_ for few, all_ in shares):
        return ""
    if len(shares) == 1:
        few, all_ = shares.pop()
        return f"{few} of {all_} seeds" + (" each" if len(found) > 1 else "")
    return joined([f"{run.label}: {few} of {all_} seeds" for run, few, all_ in found])


def picture_of(figure: FigureRecord, folder: Path) -> str:
    """A figure's picture as an address that holds it.

    Raises:
        UserError: Its file is not there.
    """
    picture = _beside(figure, folder, "image", figure.image)
    return "data:image/png;base64," + base64.b64encode(picture).decode()


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
                plot
                for j, (part, series) in enumerate(parts.items())
                for plot in _plots(f"curve-{key}-{i}-{j}", stage, part, series)
            ),
        )
        for i, (stage, parts) in enumerate(grouped.items())
    ]


def _plots(name: str, stage: str, part: str, series: Sequence[plots.Series]) -> Iterator[Element]:
    """The curves of one term of an objective; of many runs in several plots with the same axes."""
    panels = plots.panels(series)
    labels = ("training examples seen", f"{part}, mean per example")
    for i, panel in enumerate(panels):
        of = f", {i + 1} of {len(panels)}" if len(panels) > 1 else ""
        yield plots.curves(
            f"{name}-{i}" if i else name, f"{stage}: {part}{of}", panel, labels, series
        )


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
