"""`ae keep`: what is copied where, and what it refuses in one line."""

import json

import pytest
from command import ae
from made import record, store
from project import make

from ae.records.record import read

NAME = "tiny2020-dae"


@pytest.fixture
def project(tmp_path):
    folder = make(tmp_path)
    store(folder / "results", record())
    store(folder / "results", record(tier="smoke", worse=5.0))
    return folder


def test_records_are_kept_but_not_those_of_seconds(project):
    code, out, err = ae(project, "keep")
    assert (code, err) == (0, "")
    assert out.startswith(f"{NAME}, quick tier: ")
    there = project / "reports" / "published" / NAME
    assert [path.name for path in there.iterdir()] == ["quick"]
    kept, was = (
        read(place / "quick" / "record.json") for place in (there, project / "results" / NAME)
    )
    assert kept.digest == was.digest


def test_a_record_with_fewer_seeds_is_refused_and_the_other_stays(project):
    assert ae(project, "keep", "--into", "kept")[0] == 0
    path = project / "results" / NAME / "quick" / "record.json"
    content = json.loads(path.read_text())
    content["runs"] = content["runs"][1:]
    path.write_text(json.dumps(content))
    before = (project / "kept" / NAME / "quick" / "record.json").read_bytes()
    code, out, err = ae(project, "keep", "--into", "kept")
    assert (code, out) == (2, "")
    assert "has what" in err
    assert "--replace" in err
    assert "Traceback" not in err
    assert (project / "kept" / NAME / "quick" / "record.json").read_bytes() == before


def test_where_there_is_nothing_to_keep_it_says_so(project):
    code, _, err = ae(project, "keep", "--tier", "paper")
    assert code == 2
    assert err == "ae: results: nothing to keep: found no record.json of the paper tier\n"


def test_a_paper_without_a_record_is_named(project):
    code, _, err = ae(project, "keep", NAME, "--tier", "paper")
    assert code == 2
    assert f"found no record.json of {NAME}" in err
