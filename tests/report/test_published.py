"""The published records as a reader gets them: small pages, and no word that a tier cannot say."""

import re
from pathlib import Path

import pytest
from published import PATHS, TIME, report

from ae.records.record import Record, read
from ae.spec import FigureClaim, ValueClaim
from ae.verdict import judge

RECORDS = [read(path) for path in PATHS]
BOUND = 20.0  # seconds of a processor for the HTML of all records; 6 here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory)


@pytest.fixture(scope="module")
def pages(made: Path) -> list[Path]:
    return sorted((made / "out").glob("*.html"))


def test_all_pages_are_made_in_time(made: Path, pages: list[Path]) -> None:
    seconds = float((made / TIME).read_text())
    print(f"\n{len(pages)} pages: {seconds:.1f} s of a processor")
    assert seconds < BOUND


def test_a_page_is_below_3_mb_and_an_image_below_400_kb(pages: list[Path]) -> None:
    names = {page.name for page in pages}
    assert names >= {"index.html", "perf.html", *(f"{r.name}-{r.tier}.html" for r in RECORDS)}
    for page in pages:
        text = page.read_text()
        assert len(text.encode()) < 3_000_000, page.name
        for image in re.findall(r'"data:image/png;base64,([^"]*)"', text):
            assert len(image) * 3 / 4 < 400_000, page.name


def test_every_papers_page_has_its_objective(pages: list[Path]) -> None:
    for page in pages:
        if page.name.endswith(("-quick.html", "-paper.html")):
            assert page.read_text().count("<math ") == 1, page.name


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r.name}-{r.tier}")
def test_a_reduced_run_has_no_word_on_a_published_number(record: Record) -> None:
    numbers = (ValueClaim, FigureClaim)
    for verdict in judge(record):
        claim = verdict.claim
        if record.tier != "paper" and isinstance(claim, numbers) and not claim.control:
            assert verdict.word == "UNTESTED", claim.id
