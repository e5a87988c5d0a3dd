"""The strongest result of a paper: by kind of evidence, then by word; the docs' column is what records say."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from ae.records.record import read
from ae.report import strongest as rows
from ae.spec.read import find_specs, read_spec
from ae.verdict import judge
from ae.verdict.evidence import evidence_of
from ae.verdict.result import GOOD

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "reports" / "published").glob("*/*/record.json"))


@pytest.fixture(scope="module")
def shown():
    specs = {path.stem: read_spec(path) for path in find_specs(ROOT / "benchmarks")}
    return {one.spec: one for one in rows.strongest(map(read, RECORDS), specs)}


def test_every_spec_has_a_row(shown):
    assert sorted(shown) == sorted(path.stem for path in find_specs(ROOT / "benchmarks"))


def test_the_papers_page_shows_what_records_say(shown):
    found = {}
    for line in (ROOT / "docs" / "papers.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, _, _, *said = line.strip("| ").split(" | ")
            names = re.findall(r"`([a-z0-9-]+)`", name)
            texts, shares = (cell.split("<br>") for cell in said)
            found |= dict(zip(names, zip(texts, shares, strict=True), strict=True))
    assert found == {name: (one.text, one.share) for name, one in shown.items()}


def test_no_tested_result_of_a_better_kind_or_word_was_passed_over(shown):
    """From the verdicts themselves: where any published value was tested, it is one; where any of
    those holds, it holds. What counts is what a claim is in the spec of today."""
    specs = {path.stem: read_spec(path) for path in find_specs(ROOT / "benchmarks")}
    today = {name: {c.id: evidence_of(c) for c in spec.claim} for name, spec in specs.items()}
    for path in RECORDS:
        record = read(path)
        kinds = today[record.name]
        own = [(kinds[v.id], v) for v in judge(record) if v.tested and v.id in kinds]
        published = [v for kind, v in own if kind == "published"]
        best = shown[record.name].best
        if record.tier == "paper" and published:
            assert kinds[best.id] == "published"
            if any(v.word in GOOD for v in published):
                assert best.word in GOOD
        if best is None:
            assert {kind for kind, _ in own} <= {"control", "untrained"}


def stands(kind, word, primary, name):
    verdict = SimpleNamespace(claim=SimpleNamespace(primary=primary), word=word, id=name)
    return SimpleNamespace(kind=kind, verdict=verdict)


ORDER = [
    stands("published", "BETTER", True, "a"),
    stands("published", "REPRODUCED", False, "b"),
    stands("published", "INCONCLUSIVE", True, "c"),
    stands("published", "SHORT", True, "d"),
    stands("stated", "REPRODUCED", True, "e"),
    stands("stated", "SMALLER", True, "f"),
    stands("recalled", "REPRODUCED", True, "g"),
    stands("calculated", "REPRODUCED", True, "h"),
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_order_is_kind_then_word_then_primary(first):
    left = ORDER[first:]
    others = [
        stands("control", "REPRODUCED", True, "z"),
        SimpleNamespace(kind="stated", verdict=None),
    ]
    found = rows._shown("paper", [*others, *reversed(left)])
    assert found.best.id == left[0].verdict.id
    assert found.tested == len(left)
    assert found.holding == sum(one.verdict.word in GOOD for one in left)


def test_controls_alone_are_said():
    found = rows._shown("paper", [stands("control", "REPRODUCED", True, "z")])
    assert (found.best, found.text, found.share) == (None, "controls alone", "none tested")


def test_nothing_is_not_controls_alone():
    """So it was said of a paper of which nothing had been run."""
    for own in ([], [SimpleNamespace(kind="control", verdict=None)]):
        found = rows._shown("paper", own)
        assert (found.best, found.text, found.share) == (None, "nothing", "none tested")
