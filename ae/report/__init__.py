"""Records -> HTML, PDF, Markdown and CSV.

A report is a function of records and templates alone: it knows no clock, no network and no
torch, and the same records give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ae.errors import UserError
from ae.records.folders import RECORD
from ae.records.prices import Prices
from ae.records.record import Record
from ae.records.reviews import Review
from ae.records.speed import Speed
from ae.report import pages
from ae.report.across import axis, cost_axis, differences
from ae.report.badge import badge
from ae.report.board import Board, forests, marks
from ae.report.folder import Folder
from ae.report.full_length import full_length
from ae.report.headline import headline
from ae.report.listing import order
from ae.report.metric_moves import PANEL
from ae.report.moved import moves
from ae.report.printed import Printed
from ae.report.speed_page import SpeedPage
from ae.report.views import Page
from ae.results.files import encoded
from ae.results.frames import claims_of, values_of
from ae.spec import Spec
from ae.verdict.evidence import TIERS

__all__ = ["Rendered", "render"]

PRINTED = 100
"""Records of a PDF at most: each takes two seconds and 5 MB of memory."""


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
    specs: Mapping[str, Spec] = {},
    prices: Prices | None = None,
    folder: Folder | None = None,
    papers: Mapping[str, tuple[Record, Path]] = {},
) -> Rendered:
    """Write the report of `records`, each given with the path of its file, into a folder.

    `index.html`, a page `<spec>-<tier>.html` for each record, `perf.html` if there are measurements
    of speed, `moved.html` if something moved since `reference` (what it is called, its records),
    `summary.md`, `results.csv`, `claims.csv`, `badge.svg` and, of `PRINTED` records at most, `report.pdf`. The figures are
    read beside each record's file. `reviews` are what persons said of the figures, by the names of
    the specs. `specs` are those of today by their names: the headline counts their claims, run or
    not, and a record of before a change is marked; `prices` say what those that were not run would
    cost. With `each` there is a PDF of every record as well, `<spec>-<tier>.pdf`, which holds
    its spec. `folder` is `out` where something of this report has been written there already.
    `papers` are records of the paper tier with their files, by spec: the figures of a reduced tier
    that they have, too, are shown at full length beside it; those of `records` come first.

    The HTML is written first: what keeps a PDF from being made takes nothing else along, and is in
    `pdf_note`. What an older report left in the folder is taken away.

    Raises:
        UserError: no record, a record twice, a figure that is not there, a broken template.
        OutsideError: a file cannot be written.
    """
    shown = _pages(records, reviews, specs)
    made = pages.environment(templates)
    moved = moves(reference[0], shown, reference[1]) if reference else None
    first = headline(shown, specs, prices)
    suite: dict[str, object] = {
        "pages": shown,
        "board": Board(shown),
        "headline": first,
        "forests": forests(shown),
        "marked": marks(),
        "listed": order(shown),
        "across": differences(shown),
        "axes": (axis(), cost_axis()),
        "newest": max(shown, key=lambda page: page.record.started),
        "moved": moved,
        "stored": {p.key: place for p in shown if (place := _stored(p, out))},
    }

    papers = {**papers, **{r.name: (r, path) for r, path in records if r.tier == "paper"}}

    def paper(page: Page, printed: bool) -> bytes:
        today = specs.get(page.record.name)
        stored, full = _stored(page, out), full_length(page.record, papers, today)
        return pages.fill(made, "paper.html", page=page, pdf=printed, stored=stored, full=full)

    def index(printed: bool) -> bytes:
        return pages.fill(made, "index.html", **suite, speeds=speeds, pdf=printed)

    content = {"index.html": index(False)}
    for page in shown:
        content[f"{page.key}.html"] = paper(page, False)
    if speeds:
        content["perf.html"] = pages.fill(made, "perf.html", pages=[SpeedPage(s) for s in speeds])
    if moved and moved.moved:
        content["moved.html"] = pages.fill(made, "moved.html", moved=moved, panel=PANEL)
    content["summary.md"] = pages.fill(made, "summary.md", **suite)
    judged = [page.record for page in shown]
    content["results.csv"] = encoded(values_of(judged), "csv")
    content["claims.csv"] = encoded(claims_of(judged), "csv")
    content["badge.svg"] = badge(first.published)
    folder = folder or Folder(out)
    folder.write(content)
    content.clear()  # a PDF needs the memory
    note = _many(len(shown)) if pdf else None
    if pdf and note is None:
        printed = Printed(made)
        if whole := printed.suite(shown, **suite):
            folder.write({"report.pdf": whole, "index.html": index(True)})
        for page in shown if each and whole else ():
            if single := printed.file("print.html", page=page):
                folder.write({f"{page.key}.pdf": single, f"{page.key}.html": paper(page, True)})
        note = printed.note
    folder.finish()
    return Rendered(tuple(out / name for name in folder.made), note)


def _stored(page: Page, out: Path) -> str | None:
    """Where the record lies that a page was made from, if it is in the report's own folder."""
    path = page.folder / RECORD
    return path.relative_to(out).as_posix() if path.is_relative_to(out) else None


def _many(count: int) -> str | None:
    """Why there is no PDF of so many records, if there is none."""
    if count <= PRINTED:
        return None
    return f"no PDF: of {PRINTED} records at most, and there are {count}; the HTML has all"


def _pages(
    records: Sequence[tuple[Record, Path]],
    reviews: Mapping[str, Sequence[Review]],
    specs: Mapping[str, Spec],
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
    pages = (
        Page.of(
            record,
            path,
            reviews.get(record.name, ()),
            today=specs.get(record.name),
            tiers=[t for t in TIERS if t != record.tier and f"{record.name}-{t}" in seen],
        )
        for record, path in records
    )
    return sorted(pages, key=lambda page: page.order)
