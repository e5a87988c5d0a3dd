"""Figures of the paper's own protocol, for the pages of tiers that cannot afford it.

Two minutes of training show no more than a beginning: filters are half noise, a manifold has five
digits. Where a record of the paper tier has the same figure, a reader sees that one as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ae.records.figures import FigureRecord
from ae.records.record import Record
from ae.report.sections import picture_of
from ae.report.text import joined
from ae.spec import Spec


@dataclass(frozen=True)
class FullLength:
    """A figure of the paper tier: its picture inside the page, and how it was made in words."""

    address: str
    width: int
    height: int
    caption: str
    made: str


def full_length(
    record: Record, papers: Mapping[str, tuple[Record, Path]], today: Spec | None = None
) -> dict[str, FullLength]:
    """The figures of a record that its paper tier has, too, by their names.

    Args:
        record: What has a page; none is found for a record of the paper tier itself.
        papers: Records of the paper tier with their files, by the names of the specs.
        today: The spec as it is now, where that is known.

    Raises:
        UserError: The picture of such a figure is not there.
    """
    if record.tier == "paper" or record.name not in papers:
        return {}
    paper, path = papers[record.name]
    old = today is not None and paper.outdated(today)
    here = {figure.name for figure in record.figures}
    return {
        figure.name: _figure(figure, paper, path.parent, old=old)
        for figure in paper.figures
        if figure.name in here
    }


def _figure(figure: FigureRecord, paper: Record, folder: Path, *, old: bool) -> FullLength:
    meant = {f.name: f.runs for f in paper.meaning.figure}.get(figure.name, ())
    labels = [run.label for run in paper.runs if run.name in meant]
    runs = f" of {joined(labels)}" if labels else ""
    return FullLength(
        address=picture_of(figure, folder),
        width=figure.width,
        height=figure.height,
        caption=figure.caption,
        made=f"The same figure{runs} at the length of the paper’s own protocol (paper tier, "
        f"{paper.started[:10]}, data {figure.digest[:12]})."
        + (" The spec has changed since." if old else ""),
    )
