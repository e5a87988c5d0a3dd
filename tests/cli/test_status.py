"""`ae status` says which seeds are there, what was begun and what is no longer of today."""

import json

import pytest
from click.testing import CliRunner
from project import interrupted, make, run, write

from ae.cli.main import cli
from ae.errors import Interrupted
from ae.spec.seeds import seeds_of, shown


def said(project, monkeypatch, *arguments):
    monkeypatch.chdir(project)
    done = CliRunner().invoke(cli, ["status", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def found(project, monkeypatch):
    (one,) = json.loads(said(project, monkeypatch, "--json"))
    return one


def test_nothing_is_said_to_be_nothing(tmp_path, monkeypatch):
    assert said(make(tmp_path), monkeypatch) == "nothing has been run yet\n"


def test_a_folder_of_a_run_that_was_refused_is_nothing(tmp_path, monkeypatch):
    project = make(tmp_path)
    (project / "results" / "tiny2020-dae" / "smoke+1234abcd").mkdir(parents=True)
    assert said(project, monkeypatch) == "nothing has been run yet\n"


def test_seeds_that_are_there_and_the_record(tmp_path, monkeypatch):
    project = make(tmp_path)
    _, record = run(project, seeds=(0, 5))
    one = found(project, monkeypatch)
    assert (one["spec"], one["tier"], one["recorded"]) == ("tiny2020-dae", "smoke", record.started)
    assert not one["fault"]
    (first, *_) = one["runs"]
    assert (first["there"], first["others"], first["outdated"]) == ([0], [5], [])
    assert first["listed"][0] == 0
    text = said(project, monkeypatch, "tiny2020-dae")
    assert f"{first['name']}: 1 of {len(first['listed'])} seeds" in text
    assert "others: 5" in text


def test_a_change_of_the_spec_is_named(tmp_path, monkeypatch):
    project = make(tmp_path)
    run(project)
    write(project, epochs="2.0")
    one = found(project, monkeypatch)
    assert one["outdated"] == ["the spec has changed since"]
    (first, *_) = one["runs"]
    assert not first["there"]
    assert first["outdated"] == first["listed"]
    assert first["stale"][0].startswith("protocol: stages was")
    assert "of before a change" in said(project, monkeypatch)


def test_what_was_begun_has_a_share(tmp_path, monkeypatch):
    project = make(tmp_path)
    with pytest.raises(Interrupted):
        interrupted(project, after=3)
    one = found(project, monkeypatch)
    assert one["recorded"] is None
    assert 0 < max(one["begun"]) < 1
    text = said(project, monkeypatch)
    assert "no record" in text
    assert "in progress: a stack, " in text


def test_a_record_that_cannot_be_read_is_a_line(tmp_path, monkeypatch):
    project = make(tmp_path)
    run(project)
    path = project / "results" / "tiny2020-dae" / "smoke" / "record.json"
    path.write_text(path.read_text()[:-40])
    assert str(path) in found(project, monkeypatch)["fault"]
    assert len(said(project, monkeypatch).splitlines()) > 1


@pytest.mark.parametrize("text", ["0", "0-2", "0-2,7", "3,5,9-10"])
def test_seeds_are_shown_as_they_are_read(text):
    assert shown(seeds_of(text)) == text


def test_a_trial_is_what_it_was_made_as(tmp_path, monkeypatch):
    project = make(tmp_path)
    run(project, changes=("train.stages.fit.epochs=0.5",))
    one = found(project, monkeypatch)
    assert one["tier"].startswith("smoke+")
    assert all(r["there"] == r["listed"] and not r["stale"] for r in one["runs"])
