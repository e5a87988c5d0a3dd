"""A page of numbers through the revisions of their published records."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from ae.report import pages
from ae.report.canvas import Sheet
from ae.report.plots import finite, vertical
from ae.report.scale import Scale, around
from ae.report.text import aligned
from ae.results.history import Track


@dataclass(frozen=True)
class TrackView:
    """A track with its plot, and its rows: commit, date, mean, half, seeds, remarks, subject."""

    track: Track
    anchor: str
    plot: Element
    rows: list[tuple[str, str, str, str, str, str, str]]

    @classmethod
    def of(cls, track: Track) -> "TrackView":
        """Draw and write it."""
        written = [point.interval.written for point in track.points]
        columns = [aligned([w[i] for w in written]) for i in (0, 1)]
        rows = [
            (
                *(point.revision.commit.name[:7], point.revision.commit.date, mean, half),
                *(
                    str(point.seeds),
                    remark(point.same, point.changed),
                    point.revision.commit.subject,
                ),
            )
            for point, mean, half in zip(track.points, *columns, strict=True)
        ]
        anchor = f"{track.tier}-{track.run}-{track.measure.name}"
        return cls(track, anchor, plot(f"plot-{anchor}", track), rows)


def page(name: str, title: str, found: Sequence[Track], notes: Sequence[str], at: Path) -> bytes:
    """The page of a spec's tracks, from the templates of a folder.

    Raises:
        UserError: A template is missing or wrong.
    """
    views = [TrackView.of(track) for track in found]
    made = pages.environment(at)
    return pages.fill(made, "history.html", name=name, title=title, views=views, notes=notes)


def remark(same: bool, changed: Sequence[str]) -> str:
    """What a row says of the revision before it."""
    return "; ".join(["same values"] * same + [f"{what} changed" for what in changed])


def plot(name: str, track: Track) -> Element:
    """Means on their intervals, one a revision, the oldest left; a line where the target is."""
    width, left, top, base = 480, 52, 26, 170
    ends = [end for p in track.points for end in (p.interval.low, p.interval.high)]
    means = [p.interval.mean for p in track.points]
    target = [] if track.target is None else [track.target]
    y = Scale(*around([*finite(ends), *means, *target]), base, top)
    told = ", ".join(f"{p.revision.commit.name[:7]} {p.interval}" for p in track.points)
    sheet = Sheet(name=name, title=track.title, description=f"{told}.", size=(width, base + 34))
    unit = f", {track.measure.unit}" if track.measure.unit else ""
    vertical(sheet, y, (left, width - 8), f"{track.measure.label}{unit}")
    step = (width - 8 - left) / len(track.points)
    places = [left + step * (i + 0.5) for i in range(len(track.points))]
    for value in target:
        sheet.line([(left, y(value)), (width - 8, y(value))], role="target")
        sheet.text((width - 10, y(value) - 4), track.beside, anchor="end", role="faint")
    sheet.line([(x, y(mean)) for x, mean in zip(places, means, strict=True)], role="zero")
    free = float(left)
    for x, point in zip(places, track.points, strict=True):
        span = finite([point.interval.low, point.interval.high])
        if len(span) == 2:
            sheet.line([(x, y(end)) for end in span], role="interval")
        sheet.diamond((x, y(point.interval.mean)))
        if x - 26 >= free:
            sheet.text(
                (x, base + 16), point.revision.commit.name[:7], anchor="middle", role="faint"
            )
            sheet.text((x, base + 28), point.revision.commit.date, anchor="middle", role="faint")
            free = x + 34
    return sheet.root
