"""The tables of tested values in the README and the docs are what the published records say."""

import re
from pathlib import Path

import pytest
import tables

from ae.records.record import read
from ae.report import tested as values
from ae.spec import FigureClaim, ValueClaim
from ae.spec.evidence import PUBLISHED
from ae.verdict.judge import judge

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "docs" / "what-the-suite-found.md"
RECORDS = sorted((ROOT / "reports" / "published").glob("*/paper/record.json"))
ROW = re.compile(r"^\| `[a-z0-9-]+` \| `[\w-]+` \|.*\|$", re.MULTILINE)


@pytest.fixture(scope="module")
def lines():
    return values.markdown(values.tested_values(map(read, RECORDS)))


def test_the_page_of_findings_has_every_tested_value_and_no_other(lines):
    assert ROW.findall(FOUND.read_text(encoding="utf-8")) == lines[2:]


def test_the_page_of_findings_names_what_was_kept_without_members():
    """As docs/results.md says of it."""
    page = FOUND.read_text(encoding="utf-8")
    (said,) = re.findall(r"reports/published`; ([^.]*?)\s+have none", page)
    named = re.findall(r"[a-z]+[0-9]{4}[a-z0-9-]*", said)
    bare = [p.parts[-3] for p in RECORDS if not (p.parent / "members.json.gz").is_file()]
    assert all(any(spec.startswith(name) for name in named) for spec in bare), bare


def test_the_readmes_rows_are_among_them(lines):
    rows = ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(rows) <= set(lines)
    specs = [{row.split("|")[1] for row in table} for table in (rows, lines[2:])]
    assert specs[0] == specs[1]  # each has its row


def test_the_script_writes_the_pages_as_they_are_and_mends_what_is_not():
    now = tables.pages()
    for page, text in now.items():
        assert (ROOT / page).read_text(encoding="utf-8") == text
    readme = now[tables.README]
    rows = ROW.findall(now[tables.FOUND])
    (old,) = [row for row in ROW.findall(readme) if "`log-vae-clean`" in row]
    outdated = readme.replace(old, old.replace("REPRODUCED", "SHORT (too high)"))
    without = readme.replace(f"{old}\n", "")
    for wrong in (outdated, without):
        assert wrong != readme
        mended = tables.replaced(wrong, tables.chosen(wrong, rows))
        assert mended == readme


@pytest.mark.parametrize("path", RECORDS, ids=lambda p: p.parts[-3])
def test_a_row_is_a_published_value_with_a_verdict(path):
    record = read(path)
    rows = values.tested_values([record])
    for row in rows:
        assert isinstance(row.verdict.claim, ValueClaim | FigureClaim)
        assert row.verdict.claim.status in PUBLISHED
        assert row.verdict.word != "UNTESTED"
        if isinstance(row.verdict.claim, ValueClaim):
            assert row.verdict.claim.printed in row.cells[2]
        assert row.verdict.word in row.cells[4]
    assert {row.verdict.id for row in rows} == {
        v.id
        for v in judge(record)
        if v.tested and isinstance(v.claim, ValueClaim | FigureClaim) and not v.claim.control
        if v.claim.status in PUBLISHED
    }


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("davidson2018-svae", {5}),
        ("kingma2014-vae-frey-face", {None}),
        ("kingma2014-vae", {None, 7}),
        ("ding2018-gluon-vae", {None}),
    ],
)
def test_an_open_value_says_when_it_is_looked_at_again(name, looks):
    """These have looks at 3 and 5 seeds, at 3 and 7, of which some had all, and one look at 3."""
    rows = values.tested_values(
        [read(ROOT / "reports" / "published" / name / "paper" / "record.json")]
    )
    undecided = [row for row in rows if row.verdict.word == "INCONCLUSIVE"]
    assert {row.next_look for row in undecided} == looks
    for row in undecided:
        said = "last look" if row.next_look is None else f"next look at {row.next_look} seeds"
        assert row.cells[4] == f"INCONCLUSIVE ({said})"


def test_a_reduced_tier_tests_no_published_value():
    (path, *_) = sorted((ROOT / "reports" / "published").glob("*/quick/record.json"))
    assert values.tested_values([read(path)]) == []
