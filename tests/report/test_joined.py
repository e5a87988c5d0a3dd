"""The PDF of a report is made in parts: what the joint keeps, and that memory does not grow."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT
from project import PYTHONPATH, ROOT
from test_report import TEMPLATES, hinton, store, vincent

from ae.report import printed, render
from ae.report.joined import join, length, opened
from ae.report.pdf import to_pdf

LINK = re.compile(rb'<a [^>]*href="#([^"]+)"')
TITLES = (
    "Reducing the Dimensionality of Data",
    "Reducing the Dimensionality of Data",
    "Extracting and Composing Robust Features",
)
PATHS = (PYTHONPATH, *(str(ROOT / "tests" / name) for name in ("", "report")))
CHILD = ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(PATHS)}
GROWTH = 35.0  # MB that three papers more may take; one by one they take 16, laid out together six took 140
COPIES = """
import re, sys
from pathlib import Path
from test_report import TEMPLATES, store, vincent
from ae.report import render
root, copies = Path(sys.argv[1]), int(sys.argv[2])
names = [f"vincent2008-{i}" for i in range(copies)]
given = [store(vincent().model_copy(update={"name": name}), root / "results") for name in names]
note = render(given, root / "out", templates=TEMPLATES).pdf_note
print(note or re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def records(root: Path) -> list[Any]:
    """Two tiers of a paper, and another."""
    return [store(hinton("paper"), root), store(hinton(), root), store(vincent(), root)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A report's PDF, and the HTML of its parts."""
    root, seen = tmp_path_factory.mktemp("joined"), []

    def watched(page: bytes) -> bytes | None:
        seen.append(page)
        return to_pdf(page)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(printed, "to_pdf", watched)
        rendered = render(records(root / "results"), root / "out", templates=TEMPLATES)
    if rendered.pdf_note:
        pytest.skip(rendered.pdf_note)
    return root / "out" / "report.pdf", seen


def read(pdf: bytes | Path) -> Any:
    return pytest.importorskip("pypdf").PdfReader(BytesIO(pdf) if isinstance(pdf, bytes) else pdf)


def laid(html: str) -> bytes:
    """Some HTML as a part."""
    made = to_pdf(opened(f"<!doctype html><html><body>{html}</body></html>".encode()))
    if made is None:
        pytest.skip("Pango is not installed")
    return made


def links(pdf: Any) -> Iterator[tuple[int, Any]]:
    """Every link, and the number of its page."""
    for number, page in enumerate(pdf.pages, 1):
        yield from ((number, link.get_object()) for link in page.get("/Annots", ()))


def targets(pdf: Any) -> dict[str, int]:
    """The numbers of the pages where links lead to, by the names of the ends."""
    return {n: pdf.get_destination_page_number(d) + 1 for n, d in pdf.named_destinations.items()}


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_link_leads_where_its_html_says(made: tuple[Path, list[bytes]]) -> None:
    pdf = read(made[0])
    found = {str(link["/Dest"]) for _, link in links(pdf) if "/Dest" in link}
    meant = {name.decode() for page in made[1] for name in LINK.findall(page)}
    meant |= {n.decode() for page in made[1] for n in re.findall(rb'href="joined:([^"]+)"', page)}
    assert found <= meant
    assert {"glossary", "result", "hinton2006-deep-autoencoder-paper"} <= found
    there = targets(pdf)
    assert found <= there.keys()
    outside = {link["/A"]["/URI"] for _, link in links(pdf) if "/A" in link}
    assert {address.partition(":")[0] for address in outside} <= {"https", "http"}
    crossed = {
        (str(link["/Dest"]), there[str(link["/Dest"])] < number)
        for number, link in links(pdf)
        if "/Dest" in link
    }
    assert ("hinton2006-deep-autoencoder-paper", False) in crossed  # from the contents
    assert ("hinton2006-deep-autoencoder-paper", True) in crossed  # from its other tier
    assert ("glossary", True) in crossed  # from the papers


def test_a_papers_end_is_where_its_title_stands(made: tuple[Path, list[bytes]]) -> None:
    pdf = read(made[0])
    there = targets(pdf)
    for key, title in (
        ("hinton2006-deep-autoencoder-quick", TITLES[0]),
        ("vincent2008-denoising-paper", TITLES[2]),
    ):
        text = pdf.pages[there[key] - 1].extract_text()
        assert letters(title) in letters(text)[:200]
        section = pdf.pages[there[f"{key}--provenance"] - 1].extract_text()
        assert "Run it again" in section


def test_the_bookmarks_are_the_headings_in_order(made: tuple[Path, list[bytes]]) -> None:
    pdf = read(made[0])
    outline = pdf.outline
    chapters = [one for one in outline if not isinstance(one, list)]
    assert sorted(one.title for one in chapters[1:]) == sorted(TITLES)
    assert chapters[0].title == "Autoencoder papers, tested again"
    sections = [one for one in outline if isinstance(one, list)]
    assert len(sections) == len(chapters)
    flat = [one for pair in zip(chapters, sections, strict=True) for one in (pair[0], *pair[1])]
    numbers = [pdf.get_destination_page_number(one) for one in flat]
    assert numbers == sorted(numbers)
    for one, number in zip(flat, numbers, strict=True):
        assert letters(one.title) in letters(pdf.pages[number].extract_text()), one.title
    assert pdf.root_object["/Outlines"]["/Count"] == len(flat)


def test_pages_are_numbered_through_and_say_their_paper(made: tuple[Path, list[bytes]]) -> None:
    pdf = read(made[0])
    texts = [page.extract_text() for page in pdf.pages]
    for number, text in enumerate(texts, 1):
        (said,) = re.findall(rf"\b(\d+) / {len(texts)}\b", text)
        assert int(said) == number
    start = targets(pdf)["vincent2008-denoising-paper"]
    for text in texts[start - 1 : start + 1]:
        assert "Extracting and Composing" in text


def test_title_and_date_are_the_reports(made: tuple[Path, list[bytes]]) -> None:
    about = read(made[0]).metadata
    assert about["/Title"] == "Autoencoder papers, tested again"
    assert about["/Producer"].startswith("WeasyPrint")
    newest = max(record.started for record in (hinton(), hinton("paper"), vincent()))
    assert about["/CreationDate"].startswith(f"D:{newest[:10].replace('-', '')}")


def test_the_bytes_are_the_same_each_time(made: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from test_joined import *; root = Path(sys.argv[1])\n"
        "render(records(root / 'results'), root / 'out', templates=TEMPLATES)"
    )
    told = CHILD | {"PYTHONHASHSEED": "4242", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, tmp_path], env=told, check=True)
    again = (tmp_path / "out" / "report.pdf").read_bytes()
    assert hashlib.sha256(again).digest() == hashlib.sha256(made[0].read_bytes()).digest()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_memory_does_not_grow_with_the_papers(tmp_path: Path) -> None:
    peaks = []
    for copies in (1, 4):
        command = [sys.executable, "-c", COPIES, tmp_path / str(copies), str(copies)]
        done = subprocess.run(command, env=CHILD, check=True, capture_output=True, text=True)
        if not done.stdout.strip().isdigit():
            pytest.skip(done.stdout)
        peaks.append(int(done.stdout) / 1000)
    print(f"\n{peaks[0]:.0f} MB, and {peaks[1] - peaks[0]:.0f} MB for three papers more")
    assert peaks[1] - peaks[0] < GROWTH


def test_a_part_may_have_no_heading_and_no_link_and_the_opening_none() -> None:
    blank = '<div style="break-before: page"></div>'
    plain, headed = laid("<p>one</p>"), laid('<h1 id="here">two</h1><a href="#nowhere">x</a>')
    assert [length(part) for part in (plain, headed)] == [1, 1]
    pdf = read(join(laid(f'<a href="#here">to two</a>{blank * 2}'), [plain, headed]))
    assert [page.extract_text().strip() for page in pdf.pages] == ["to two", "one", "two\nx"]
    assert [(n, link["/Dest"]) for n, link in links(pdf)] == [
        (1, "here")
    ]  # the other leads nowhere
    assert [one.title for one in pdf.outline] == ["two"]
    assert targets(pdf)["here"] == 3


def test_the_end_of_a_link_is_the_first_of_its_name_and_never_an_empty_page() -> None:
    blank = (
        '<div id="a" style="break-before: page"></div><div id="b" style="break-before: page"></div>'
    )
    parts = [laid('<p id="a">one</p>'), laid('<p id="b">two</p><p id="a">again</p>')]
    pdf = read(join(laid(f'<a href="#a">a</a><a href="#b">b</a>{blank}'), parts))
    assert targets(pdf) == {"a": 2, "b": 3}
    assert len(pdf.pages) == 3


def test_links_within_a_part_stay_as_they_are() -> None:
    page = b'<a href="#a">a</a><a class="x" href="#b">b</a><p id="a">href="#b"</p>'
    assert opened(page) == page.replace(b'x" href="#b"', b'x" href="joined:b"')
