"""Damaged records: whoever reads, judges, reports or tracks them says so in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from fuzz import chances, damaged, mutated, refusal

from ae.records.compare import compare
from ae.records.record import read
from ae.report import render
from ae.tracking import content as tracked
from ae.verdict import judge

ROOT = Path(__file__).parents[2]
GIVEN = json.loads((ROOT / "tests" / "tracked-record.json").read_text())
PNG = b"\x89PNG\r\n\x1a\nnot much of a picture"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of a record with its figures; what is written beside it is a fault."""
    top = tmp_path_factory.mktemp("records")
    folder = top / "in" / "author2014-model" / "quick"
    folder.mkdir(parents=True)
    (folder / "filters.png").write_bytes(PNG)
    np.savez(folder / "filters.npz", w=np.zeros(3))
    return folder


def files(top: Path) -> set[str]:
    return {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()}


def use(path: Path, out: Path) -> None:
    """All that is ever done with a record that was read."""
    record = read(path)
    assert len(record.digest) == 64
    verdicts = judge(record)
    notes = [(v.id, v.word, v.note) for v in verdicts]
    tracked.parent(record, notes)
    tracked.children(record)
    tracked.files(record, path.parent)
    assert compare(record, path.parent, record, path.parent).word == "equal bit for bit"
    render([(record, path)], out, templates=ROOT / "reports" / "templates", pdf=False)


def test_the_given_record_is_whole(place):
    path = place / "record.json"
    path.write_text(json.dumps(GIVEN))
    assert refusal(lambda: use(path, place.parents[2] / "out")) is None


def tried(place: Path, content: bytes) -> str | None:
    top = place.parents[2]
    before = {f for f in files(top) if not f.startswith("out/")}
    path = place / "record.json"
    path.write_bytes(content)
    said = refusal(lambda: use(path, top / "out"))
    assert {f for f in files(top) if not f.startswith("out/")} == before | {
        "in/author2014-model/quick/record.json"
    }
    return said


@chances(120)
def test_a_record_with_other_values_is_used_or_refused_in_one_line(place, chance):
    tried(place, json.dumps(mutated(GIVEN, chance)).encode())


@chances(50)
def test_a_record_with_damaged_bytes_is_used_or_refused_in_one_line(place, chance):
    tried(place, damaged(json.dumps(GIVEN).encode(), chance))
