"""The PDFs, page by page: what they say, that nothing leaves a page, that fonts are inside."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_report import HINTON, TEMPLATES, both, hinton, store, tree, words

from ae.report import Rendered, pages, render
from ae.report.printed import Printed
from ae.report.views import Page

A4 = (595.28, 841.89)
PAPER = "hinton2006-deep-autoencoder-quick.pdf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rendered, Path]:
    for tool in ("pdftotext", "pdffonts", "pdfinfo"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    root = tmp_path_factory.mktemp("printed")
    rendered = render(both(root / "results"), root / "out", templates=TEMPLATES, each=True)
    if rendered.pdf_note:
        pytest.skip("Pango is not installed")
    return rendered, root / "out"


def told(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sheets(pdf: Path) -> list[str]:
    return told("pdftotext", "-layout", pdf, "-").split("\f")[:-1]


def letters(text: str) -> str:
    """Without what differs between a page and its print: spaces, hyphens at a line's end."""
    return re.sub(r"[\s\u2010\u00ad-]", "", text)


def test_there_is_a_pdf_of_the_suite_and_of_every_paper(made: tuple[Rendered, Path]) -> None:
    names = [f.name for f in made[0].files if f.suffix == ".pdf"]
    assert names == ["report.pdf", PAPER, "vincent2008-denoising-paper.pdf"]


@pytest.mark.parametrize("name", ["report.pdf", PAPER])
def test_every_page_is_numbered_and_none_is_empty(made: tuple[Rendered, Path], name: str) -> None:
    pages = sheets(made[1] / name)
    for i, page in enumerate(pages, 1):
        assert re.search(rf"\b{i} ?/ ?{len(pages)}\b", page), i
        assert len(letters(page)) > 80, i


@pytest.mark.parametrize("name", ["report.pdf", PAPER])
def test_every_font_is_embedded(made: tuple[Rendered, Path], name: str) -> None:
    fonts = told("pdffonts", made[1] / name).splitlines()[2:]
    assert fonts
    assert [f for f in fonts if f.split()[-5] != "yes"] == []


def placed(pdf: Path) -> Iterator[tuple[int, ElementTree.Element]]:
    """Every word of a PDF with its place, and the number of its page."""
    found = told("pdftotext", "-bbox", pdf, "-")
    root = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", found))
    space = "{http://www.w3.org/1999/xhtml}"
    for number, page in enumerate(root.iter(f"{space}page"), 1):
        assert float(page.attrib["width"]) == pytest.approx(A4[0], abs=1)
        yield from ((number, word) for word in page.iter(f"{space}word"))


def fits(word: ElementTree.Element) -> bool:
    """Whether it lies between the margins."""
    left, right, low = (float(word.attrib[end]) for end in ("xMin", "xMax", "yMax"))
    return left >= 40 and right <= A4[0] - 40 and low <= A4[1] - 15


@pytest.mark.parametrize("name", ["report.pdf", PAPER])
def test_no_word_leaves_its_page(made: tuple[Rendered, Path], name: str) -> None:
    words = list(placed(made[1] / name))
    assert words
    assert [(number, word.text) for number, word in words if not fits(word)] == []


def test_a_papers_pdf_says_what_its_page_says(made: tuple[Rendered, Path]) -> None:
    printed = letters("".join(sheets(made[1] / PAPER)))
    root = tree(made[1] / HINTON)
    (article,) = root.iter("article")
    for kind in ("h2", "caption", "figcaption", "code"):
        for element in article.iter(kind):
            assert letters(words(element))[:40] in printed, words(element)
    assert letters("200 epochs") in printed
    assert letters('title = "Reducing the Dimensionality of Data"') in printed  # the spec


def test_a_papers_contents_lead_to_the_sections_pages(made: tuple[Rendered, Path]) -> None:
    pages = sheets(made[1] / PAPER)
    for title in ("Results", "Training curves", "Deviations from the paper"):
        entry = re.search(rf"{title}\W*\.+\s*(\d+)", pages[0])
        assert entry is not None, title
        assert title in pages[int(entry[1]) - 1]


def test_the_suite_leaves_the_specs_to_the_papers_own(made: tuple[Rendered, Path]) -> None:
    text = letters("".join(sheets(made[1] / "report.pdf")))
    assert letters("# a comment") not in text
    assert letters("The spec as it was run is in the paper’s own page") in text


def test_a_table_of_fifty_seeds_is_not_cut(tmp_path: Path) -> None:
    """Every value is there, whole, and none leaves the page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    record = hinton()
    runs = [
        run.model_copy(
            update={
                "seeds": list(range(100, 150)),
                "metrics": {"error": [123.456 + 0.37 * i for i in range(50)]},
                "curves": [],
            }
        )
        for run in record.runs
    ]
    given = store(record.model_copy(update={"runs": runs}), tmp_path)
    view = Page.of(given[0], given[1])
    printed = Printed(pages.environment(TEMPLATES)).file("print.html", page=view)
    if printed is None:
        pytest.skip("Pango is not installed")
    (tmp_path / "fifty.pdf").write_bytes(printed)
    words = list(placed(tmp_path / "fifty.pdf"))
    assert [(n, w.text) for n, w in words if not fits(w)] == []
    told = [w.text for _, w in words]
    values = [v for m in view.metrics for row in m.rows for v in row.values]
    assert len(values) == 50 * len(runs)
    assert set(values) <= set(told)
    seeds = [text for text in told if text and re.fullmatch(r"1[0-4]\d", text)]
    assert {int(s) for s in seeds} >= set(range(100, 150))
