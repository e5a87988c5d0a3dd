"""The pages of the PDF as they are laid out: nothing is cut, no heading stands alone."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from test_report import ROOT, TEMPLATES, store, vincent

from ae.records.record import read
from ae.report import printed, render

PUBLISHED = ("tomczak2022-digits/paper", "hinton2006-deep-autoencoder/quick")
HEADINGS = {"h1", "h2", "h3", "summary", "caption"}
EACH = 0.6  # seconds of a processor a page at most, on a loaded machine; 0.11 in a long report
SLACK = 1.0  # pixels by which a letter may lean out of its box


class Text(NamedTuple):
    """A piece of a line or a picture: its words, its ends, and the boxes that it stands in."""

    words: str
    right: float
    bottom: float
    above: tuple[Any, ...]

    def within(self, kind: str) -> Any:
        """The innermost box of that kind around it, if there is one."""
        return next((b for b in reversed(self.above) if type(b).__name__ == kind), None)

    @property
    def heading(self) -> bool:
        """Whether it announces what follows it."""
        rows = [b for b in self.above if type(b).__name__ in ("TableRowBox", "TableRowGroupBox")]
        grouped = any("group" in (b.element.get("class") or "").split() for b in rows if has(b))
        return grouped or any(
            b.element.tag in HEADINGS or b.element.tag == "thead" for b in self.above if has(b)
        )


def has(box: Any) -> bool:
    return getattr(box, "element", None) is not None and isinstance(box.element.tag, str)


def texts(box: Any, above: tuple[Any, ...] = ()) -> Iterator[Text]:
    picture = type(box).__name__.endswith("ReplacedBox")
    if picture or type(box).__name__ == "TextBox":
        if picture or box.text.strip():
            right, bottom = box.position_x + box.width, box.position_y + box.height
            yield Text("(a picture)" if picture else box.text, right, bottom, above)
        return
    for child in getattr(box, "children", ()):
        yield from texts(child, (*above, box))


def faults(document: Any) -> Iterator[str]:
    """What is cut, what runs into its neighbour, and which heading is the last of its page."""
    for number, page in enumerate(document.pages, 1):
        sheet = page._page_box
        right = sheet.content_box_x() + sheet.width
        bottom = sheet.content_box_y() + sheet.height
        body = next(c for c in sheet.children if type(c).__name__ != "MarginBox")
        found = list(texts(body))
        for one in found:
            if one.right > right + SLACK or one.bottom > bottom + SLACK:
                yield f"page {number}: leaves the page: {one.words}"
            cell = one.within("TableCellBox")
            if cell is not None and one.right > cell.position_x + cell.border_width() + SLACK:
                yield f"page {number}: runs into the next cell: {one.words}"
        if not found:
            yield f"page {number}: is empty"
        elif found[-1].heading:
            yield f"page {number}: a lone heading: {found[-1].words}"


def laid_out(html: bytes) -> Any:
    weasyprint = pytest.importorskip("weasyprint", exc_type=OSError)
    return weasyprint.HTML(string=html.decode()).render()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The parts of the PDF, of a made-up record and of published ones; the opening is the last."""
    root = tmp_path_factory.mktemp("layout")
    folder = ROOT / "reports" / "published"
    paths = [folder / name / "record.json" for name in PUBLISHED]
    records = [store(vincent(), root / "results"), *((read(path), path) for path in paths)]
    made: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(printed, "to_pdf", lambda page: made.append(laid_out(page)) or b"%PDF")
        patched.setattr(printed, "length", lambda part: 1)
        patched.setattr(printed, "join", lambda opening, parts: opening)
        start = time.process_time()
        render(records, root / "out", templates=TEMPLATES)
    seconds = (time.process_time() - start) / sum(len(document.pages) for document in made)
    print(f"\n{seconds:.2f} s of a processor a page")
    assert seconds < EACH
    assert len(made) == len(records) + 1
    return made


def test_nothing_is_cut_and_no_heading_stands_alone(report: list[Any]) -> None:
    *papers, opening = report
    opening = opening.copy(opening.pages[: -len(papers)])  # without the empty pages
    assert sum(len(document.pages) for document in report) > 20
    for document in (*papers, opening):
        assert list(faults(document)) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<table><tr><td>" + "x" * 300 + "</td></tr></table>", "leaves the page"),
        (
            "<table style='table-layout: fixed; width: 300px'><tr><td>"
            + "x" * 40
            + "</td><td>y</td></tr></table>",
            "runs into the next cell",
        ),
        (
            "<div style='height: 950px'>x</div><h2>Alone</h2><p style='break-before: page'>x</p>",
            "a lone heading",
        ),
    ],
)
def test_a_fault_is_seen(body: str, fault: str) -> None:
    page = f"<!doctype html><style>@page {{ size: A4; margin: 20mm }}</style>{body}"
    assert any(fault in found for found in faults(laid_out(page.encode())))


def test_the_summary_is_short_and_comes_first(report: list[Any]) -> None:
    """A title page to be signed, and the papers from the twentieth page on at the latest."""
    document = report[-1]
    first = " ".join(t.words for t in texts(document.pages[0]._page_box))
    for words in ("Date of the newest record", "Commit", "Device", "Signature"):
        assert words in first
    anchors = [set(page.anchors) for page in document.pages]
    start = next(
        i for i, there in enumerate(anchors) if "hinton2006-deep-autoencoder-quick" in there
    )
    assert start <= 20
    for name in ("result", "papers", "across", "glossary"):
        assert any(name in there for there in anchors[:start]), name
