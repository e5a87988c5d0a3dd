"""What persons said of a figure, and what was measured beside it."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from ae.records.figures import FigureRecord
from ae.records.record import Record
from ae.records.reviews import Review, of
from ae.spec import Spec
from ae.verdict.bounds import interval_of

SAID = {"accept": "accepted", "reject": "rejected"}
SYMBOLS = {"accept": "✔", "reject": "✘"}


@dataclass(frozen=True)
class Signature:
    """What one person said of a figure; `lapsed` if its data have changed since."""

    symbol: str
    said: str
    style: str
    reviewer: str
    date: str
    note: str
    lapsed: bool


@dataclass(frozen=True)
class ReviewView:
    """A figure to be reviewed: what was said of it, and how to say something."""

    spec: str
    tier: str
    figure: str
    digest: str
    signatures: tuple[Signature, ...]
    measured: tuple[str, ...]
    command: str

    @property
    def reviewed(self) -> bool:
        """Whether a person has looked at it as it is."""
        return any(not s.lapsed for s in self.signatures)


def review_view(
    record: Record, spec: Spec, figure: FigureRecord, reviews: Iterable[Review]
) -> ReviewView | None:
    """The reviews of a figure; None where it answers none of the paper's and nobody reviewed it."""
    found = of(reviews, figure, record.tier)
    if not figure.paper and not found:
        return None
    command = f"ae review {shlex.quote(record.name)} --tier {record.tier}"
    return ReviewView(
        spec=record.name,
        tier=record.tier,
        figure=figure.name,
        digest=figure.digest,
        signatures=tuple(_signature(r, figure) for r in found),
        measured=tuple(measured(record, spec, figure)),
        command=f"{command} \\\n"
        f'    --accept {shlex.quote(figure.name)} --reviewer "NAME" --note "NOTE"',
    )


def _signature(review: Review, figure: FigureRecord) -> Signature:
    lapsed = not review.holds(figure)
    return Signature(
        symbol=SYMBOLS[review.verdict],
        said=SAID[review.verdict],
        style="lapsed" if lapsed else review.verdict,
        reviewer=review.reviewer,
        date=review.date,
        note=review.note,
        lapsed=lapsed,
    )


def measured(record: Record, spec: Spec, figure: FigureRecord) -> list[str]:
    """The numbers beside a picture: every metric of the runs that it shows, a line a metric."""
    shown = next((f.runs for f in spec.figure if f.name == figure.name), ())
    runs = [run for run in record.runs if run.name in shown]
    lines = []
    for measure in spec.measure:
        values = [
            f"{run.label} {interval_of(list(run.finite(measure.name).values())) or 'diverged'}"
            for run in runs
            if measure.name in run.metrics
        ]
        unit = f", {measure.unit}" if measure.unit else ""
        if values:
            lines.append(f"{measure.label}{unit}: {'; '.join(values)}")
    return lines
