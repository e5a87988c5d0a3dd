"""Records -> HTML, PDF, Markdown and CSV.

A report is a function of records and templates alone: it knows no clock, no network and no
torch, and the same records give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ae.errors import UserError
from ae.record import Record, write_atomically
from ae.report import pages
from ae.report.board import Board, forests, marks
from ae.report.metric_moves import PANEL
from ae.report.moved import moves
from ae.report.pdf import WITHOUT_PANGO, to_pdf
from ae.report.speed import Speed
from ae.report.speed_page import SpeedPage
from ae.report.views import Page
from ae.review import Review

__all__ = ["Rendered", "render"]

PRINTED = 100
"""Records of a PDF at most: each takes 10 MB of memory and half a second while it is made."""


@dataclass(frozen=True)
class Rendered:
    """What was written, in order; `pdf_note` says in one line why there is no PDF."""

    files: tuple[Path, ...]
    pdf_note: str | None


def render(
    records: Sequence[tuple[Record, Path]],
    out: Path,
    *,
    templates: Path,
    pdf: bool = True,
    each: bool = False,
    speeds: Sequence[Speed] = (),
    reviews: Mapping[str, Sequence[Review]] = {},
    reference: tuple[str, Sequence[Record]] | None = None,
) -> Rendered:
    """Write the report of `records`, each given with the path of its file, into a folder.

    `index.html`, a page `<spec>-<tier>.html` for each record, `perf.html` if there are measurements
    of speed, `moved.html` if something moved since `reference` (what it is called, its records),
    `summary.md`, `results.csv` and, of `PRINTED` records at most, `report.pdf`. The figures are
    read beside each record's file. `reviews` are what persons said of the figures, by the names of
    the specs. With `each` there is a PDF of every record as well, `<spec>-<tier>.pdf`, which holds
    its spec.

    Raises:
        UserError: no record, a record twice, a figure that is not there, a broken template.
        OutsideError: a template refers to something outside the report.
    """
    shown = _pages(records, reviews)
    made = pages.environment(templates)
    moved = moves(reference[0], shown, reference[1]) if reference else None
    suite: dict[str, object] = {
        "pages": shown,
        "board": Board(shown),
        "forests": forests(shown),
        "marks": marks(),
        "moved": moved,
    }
    content = {"index.html": pages.fill(made, "index.html", **suite, speeds=speeds)}
    few = len(shown) <= PRINTED
    printed = to_pdf(pages.fill(made, "report.html", **suite)) if pdf and few else None
    single = printed is not None and each
    for page in shown:
        content[f"{page.key}.html"] = pages.fill(made, "paper.html", page=page, pdf=single)
    if speeds:
        content["perf.html"] = pages.fill(made, "perf.html", pages=[SpeedPage(s) for s in speeds])
    if moved and moved.moved:
        content["moved.html"] = pages.fill(made, "moved.html", moved=moved, panel=PANEL)
    content["summary.md"] = pages.fill(made, "summary.md", **suite)
    content["results.csv"] = pages.table(shown)
    if printed is not None:
        content["report.pdf"] = printed
    for page in shown if single else ():
        content[f"{page.key}.pdf"] = to_pdf(pages.fill(made, "print.html", page=page)) or b""
    for name, data in content.items():
        write_atomically(out / name, data)
    many = f"no PDF: of {PRINTED} records at most, and there are {len(shown)}; the HTML has all"
    note = (WITHOUT_PANGO if few else many) if pdf and printed is None else None
    return Rendered(tuple(out / name for name in content), note)


def _pages(
    records: Sequence[tuple[Record, Path]], reviews: Mapping[str, Sequence[Review]]
) -> list[Page]:
    if not records:
        raise UserError("no record to report: `ae run` makes one")
    seen: dict[str, Path] = {}
    for record, path in records:
        key = f"{record.name}-{record.tier}"
        if key in seen:
            raise UserError(
                f"{path}: {record.name} in tier {record.tier} is already in the report from "
                f"{seen[key]}; give one of the two"
            )
        seen[key] = path
    pages = (Page.of(record, path, reviews.get(record.name, ())) for record, path in records)
    return sorted(pages, key=lambda page: page.order)
