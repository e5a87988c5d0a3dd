"""`ae history`: a number through the revisions of its published record."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.options import Output, with_library
from ae.disk import write_atomically
from ae.errors import UserError
from ae.library import Library, near

if TYPE_CHECKING:
    from ae.results.history import Past, Point, Track

TIERS = ("paper", "quick", "smoke")
NOTE = (
    "±: the 90 % interval, of all seeds that are there; a claim with looks is judged by that of its "
    "look, whose error is smaller (docs/verdicts.md)"
)
WIDTH = 33  # letters of a chart


@click.command()
@click.argument("spec")
@click.argument("metric", required=False)
@click.option("--run", "run", metavar="RUN", help="This run alone.")
@click.option("--tier", type=click.Choice(TIERS), help="This tier alone.")
@click.option("--html", metavar="FILE", type=Output(), help="Write a page with plots as well.")
@with_library(results=False)
def history(
    spec: str,
    metric: str | None,
    run: str | None,
    tier: str | None,
    html: Path | None,
    library: Library,
) -> None:
    """Show a number through the git revisions of its published record, with its 90 % interval.

    Of METRIC in every run, or of the paper's primary claims. The interval is of all seeds that are
    there; a claim with looks is judged by that of its look, whose error is smaller. Nothing is
    trained.
    """
    from ae.results.history import tracks

    name = library.spec(spec).stem
    found: list[Track] = []
    notes: list[str] = []
    titles: list[str] = []
    for one in (tier,) if tier else TIERS:
        own = _past(library, name, one)
        notes += own.notes
        if own.revisions:
            pairs = _pairs(own, metric, run)
            found += tracks(own.revisions, pairs)
            titles.append(own.revisions[-1].record.meaning.paper.title)
    for note in notes:
        click.echo(f"ae: {note}", err=True)
    if not titles:
        of_tier = f" in tier {tier}" if tier else ""
        raise UserError(f"{name}: git has no published record of it{of_tier} that can be read")
    _check(found, library, name, metric, run)
    for track in found:
        _show(track)
    click.echo(NOTE)
    if html is not None:
        from ae.report.history import page

        write_atomically(html, page(name, titles[0], found, notes, library.templates))
        click.echo(f"page: {near(html)}")


def _past(library: Library, name: str, tier: str) -> "Past":
    from ae.results.history import past

    return past(library.published_record(name, tier).parents[4], name, tier)


def _pairs(own: "Past", metric: str | None, run: str | None) -> list[tuple[str, str]]:
    """The runs and metrics that are wanted, in the newest record's order."""
    from ae.results.history import numbers

    newest = own.revisions[-1].record
    if metric is None and run is None:
        return numbers(newest)
    return [
        (r.name, m)
        for r in newest.runs
        for m in r.metrics
        if metric in (None, m) and run in (None, r.name)
    ]


def _check(
    found: "Sequence[Track]", library: Library, name: str, metric: str | None, run: str | None
) -> None:
    """Refuse a metric or a run that no record has, naming those there are.

    Raises:
        UserError: It has none.
    """
    if found:
        return
    from ae.toml.file import no_such

    newest = [p.revisions[-1].record for t in TIERS if (p := _past(library, name, t)).revisions]
    runs = {r.name: list(r.metrics) for record in newest for r in record.runs}
    if run is not None and run not in runs:
        raise UserError(f"{name}: {no_such('run', run, runs)}")
    there = dict.fromkeys(m for r, metrics in runs.items() if run in (None, r) for m in metrics)
    raise UserError(f"{name}: {no_such('metric', metric or '', there)}")


def _show(track: "Track") -> None:
    """A heading, and a line a revision with a small chart."""
    from ae.report.history import remark

    direction = f"{track.measure.direction} is better"
    target = f"; ┊ {track.beside}" if track.beside else ""
    click.echo(f"{click.style(track.title, bold=True)} ({direction}{target})")
    shown = [str(point.interval) for point in track.points]
    wide = max(map(len, shown))
    span = _span(track)
    for point, words in zip(track.points, shown, strict=True):
        commit = point.revision.commit
        said = "; ".join(filter(None, (remark(point.same, point.changed), commit.subject)))
        click.echo(
            f"  {commit.name[:7]} {commit.date}  {words:<{wide}}  n = {point.seeds:<3} "
            f"{_chart(point, span, track.target)}  {said}"
        )
    click.echo()


def _span(track: "Track") -> tuple[float, float]:
    """The range of all its intervals and its target; never empty."""
    ends = [e for p in track.points for e in (p.interval.low, p.interval.mean, p.interval.high)]
    known = [e for e in [*ends, track.target] if e is not None and math.isfinite(e)]
    low, high = min(known), max(known)
    return (low, high) if high > low else (low - 1, high + 1)


def _chart(point: "Point", span: tuple[float, float], target: float | None) -> str:
    """`├──●──┤` in its place between the ends of the span, and the target."""

    def at(value: float) -> int:
        return round((value - span[0]) / (span[1] - span[0]) * (WIDTH - 1))

    cells = [" "] * WIDTH
    low, high = point.interval.low, point.interval.high
    if math.isfinite(low) and math.isfinite(high):
        cells[at(low) : at(high) + 1] = "─" * (at(high) - at(low) + 1)
        cells[at(low)], cells[at(high)] = "├", "┤"
    if target is not None:
        cells[at(target)] = "┊"
    cells[at(point.interval.mean)] = "●"
    return "".join(cells)
