"""After a change of version: what a number depends on is measured again, no dead end is left."""

import json

import pytest
from project import make, paper, run

from ae.records import record as records
from ae.running import measurements
from ae.running.conclusion import Conclusion


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = make(tmp_path_factory.mktemp("versions"))
    run(folder)
    return folder


def done(project):
    return Conclusion(paper(project), lambda: False).done()


@pytest.mark.parametrize("library", measurements.LIBRARIES)
def test_another_version_of_a_library_measures_again_and_trains_nothing(
    project, monkeypatch, library
):
    assert done(project)
    told = measurements.version
    monkeypatch.setattr(measurements, "version", lambda n: "0.1" if n == library else told(n))
    assert not done(project)
    assert not paper(project).to_train()


def test_a_build_of_the_same_version_changes_nothing(project, monkeypatch):
    told = measurements.version
    monkeypatch.setattr(measurements, "version", lambda n: told(n).partition("+")[0] + "+cu128")
    assert done(project)


def test_a_record_of_another_schema_is_made_again(project):
    """It is not "already done", and the run after it reads what it wrote."""
    path = project / "results" / "tiny2020-dae" / "smoke" / "record.json"
    whole = path.read_text()
    path.write_text(json.dumps(json.loads(whole) | {"schema_version": 99}))
    events, record = run(project)
    assert not any(event.detail.startswith("already done") for event in events)
    assert records.read(path) == record
    assert record.digest == records.parse(whole.encode(), "it").digest
