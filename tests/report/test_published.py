"""The published records as a reader gets them: small pages, and no word that a tier cannot say."""

import re
import time
from pathlib import Path

import pytest

from ae.records.record import Record, read
from ae.report import render
from ae.spec import FigureClaim, ValueClaim
from ae.verdict import judge

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "reports" / "published").glob("*/*/record.json"))
RECORDS = [(read(path), path) for path in PATHS]


BOUND = 20.0  # seconds of a processor for the HTML of all records; 6 here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], float]:
    out = tmp_path_factory.mktemp("published")
    start = time.process_time()
    made = render(RECORDS, out, templates=ROOT / "reports" / "templates", pdf=False)
    seconds = time.process_time() - start
    return [path for path in made.files if path.suffix == ".html"], seconds


@pytest.fixture(scope="module")
def pages(made: tuple[list[Path], float]) -> list[Path]:
    return made[0]


def test_all_pages_are_made_in_time(made: tuple[list[Path], float]) -> None:
    print(f"\n{len(made[0])} pages: {made[1]:.1f} s of a processor")
    assert made[1] < BOUND


def test_a_page_is_below_3_mb_and_an_image_below_400_kb(pages: list[Path]) -> None:
    assert len(pages) > len(RECORDS)
    for page in pages:
        text = page.read_text()
        assert len(text.encode()) < 3_000_000, page.name
        for image in re.findall(r'src="data:image/png;base64,([^"]*)"', text):
            assert len(image) * 3 / 4 < 400_000, page.name


def test_every_papers_page_has_its_objective(pages: list[Path]) -> None:
    for page in pages:
        if page.name.endswith(("-quick.html", "-paper.html")):
            assert page.read_text().count("<math ") == 1, page.name


@pytest.mark.parametrize("record", [r for r, _ in RECORDS], ids=lambda r: f"{r.name}-{r.tier}")
def test_a_reduced_run_has_no_word_on_a_published_number(record: Record) -> None:
    numbers = (ValueClaim, FigureClaim)
    for verdict in judge(record):
        claim = verdict.claim
        if record.tier != "paper" and isinstance(claim, numbers) and not claim.control:
            assert verdict.word == "UNTESTED", claim.id
