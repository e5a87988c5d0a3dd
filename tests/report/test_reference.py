"""Records to compare with, from a folder, a git revision, an MLflow experiment; or one line."""

import shutil
import subprocess
from pathlib import Path

import pytest
from shared import empty_store
from test_report import hinton, vincent

from ae import tracking as track
from ae.errors import UserError
from ae.library import Library
from ae.records.record import Record, write
from ae.report.reference import find, in_folders
from ae.tracking import content as tracked

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")


def lay(root: Path, *records: Record) -> Path:
    for record in records:
        write(bare(record), root / record.name / record.tier / "record.json")
    return root


def bare(record: Record) -> Record:
    """Without curves and figures: no file but the record's."""
    runs = [run.model_copy(update={"curves": []}) for run in record.runs]
    return record.model_copy(update={"runs": runs, "figures": []})


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project below the top of a repository: two records in the first commit, none in the third."""
    root = tmp_path / "top" / "project"
    lay(root / "reports" / "published", hinton(), vincent())
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    shutil.rmtree(root / "reports" / "published" / hinton().name)
    git(root, "commit", "-qam", "two")
    shutil.rmtree(root / "reports")
    git(root, "commit", "-qam", "three")
    return root


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_folder_of_records_a_folder_of_one_and_a_file(tmp_path: Path) -> None:
    root = lay(tmp_path / "kept", hinton(), vincent())
    lay(root / "hinton2006-seeds", hinton())  # deeper: another folder's business
    found = find(str(root), Library.at(tmp_path))
    assert [r.name for r in found.records] == [hinton().name, vincent().name]
    assert found.name == str(root)
    for one in (root / hinton().name, root / hinton().name / "quick"):
        assert [r.digest for r in find(str(one), Library.at(tmp_path)).records] == [
            bare(hinton()).digest
        ]
    path = root / vincent().name / "paper" / "record.json"
    assert [r.digest for r in find(str(path), Library.at(tmp_path)).records] == [
        bare(vincent()).digest
    ]


def test_runs_with_other_seeds_are_no_reference(tmp_path: Path) -> None:
    root = lay(tmp_path / "results", hinton())
    shutil.copytree(root / hinton().name / "quick", root / hinton().name / "quick-seeds-7")
    assert len(in_folders([root], "results").records) == 1


def test_a_revision_is_read_without_a_checkout(repository: Path) -> None:
    found = find("main~2", Library.at(repository))
    assert [r.digest for r in found.records] == [
        bare(record).digest for record in (hinton(), vincent())
    ]
    assert found.name.startswith("git revision main~2 (")
    assert [r.name for r in find("main~1", Library.at(repository)).records] == [vincent().name]
    assert not (repository / "reports").exists()


def test_a_revision_without_records_says_so(repository: Path) -> None:
    with pytest.raises(UserError, match=r"^git revision main \(\w{12}\): found no record to"):
        find("main", Library.at(repository))


@pytest.mark.parametrize("ref", ["nothing", "main~9", "--help", "mlflow:nothing", "a..b", ""])
def test_what_names_nothing_is_one_line(repository: Path, ref: str) -> None:
    with pytest.raises(UserError) as caught:
        find(ref, Library.at(repository))
    assert str(caught.value).startswith(f"{ref!r} is no folder, no git revision of {repository}, ")
    assert "\n" not in str(caught.value)


def test_a_damaged_record_is_named_with_its_revision(repository: Path) -> None:
    path = repository / "reports" / "published" / "a" / "quick" / "record.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"schema_version": 1}')
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "damaged")
    where = "main:reports/published/a/quick/record.json"
    with pytest.raises(UserError, match=f"^{where}: not a record of schema 1: "):
        find("main", Library.at(repository))
    with pytest.raises(UserError, match=r"reports/published/a/quick/record\.json: not a record"):
        find(str(repository / "reports" / "published"), Library.at(repository))


def test_two_records_of_one_spec_and_tier_are_refused(tmp_path: Path) -> None:
    root = lay(tmp_path / "kept", hinton())
    shutil.copytree(root / hinton().name / "quick", root / hinton().name / "again")
    with pytest.raises(UserError, match=r"hinton2006-deep-autoencoder in tier quick is in .* too"):
        find(str(root), Library.at(tmp_path))


def test_of_an_experiment_the_newest_counts_that_is_not_shown(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(empty_store(tmp_path_factory), tmp_path / "results" / "mlflow.db")
    uri = track.default_uri(tmp_path / "results")
    small = bare(hinton()).model_copy(update={"runs": bare(hinton()).runs[:1]})
    old = small.model_copy(update={"started": "2025-01-01T00:00:00+00:00"})
    new = small.model_copy(update={"started": "2025-02-01T00:00:00+00:00"})
    for record in (new, old):
        folder = tmp_path / "results" / record.name / record.tier
        write(record, folder / "record.json")
        track.send(record, folder, [], uri=uri)
    for ref in (new.name, f"mlflow:{new.name}"):
        assert [r.started for r in find(ref, Library.at(tmp_path)).records] == [new.started]
        assert [r.started for r in find(ref, Library.at(tmp_path), [new]).records] == [old.started]
    assert [r.started for r in find(ref, Library.at(tmp_path), [new, old]).records] == [new.started]
    found = track.fetch(new.name, uri=uri, other_than=[tracked.key(new)])
    assert found is not None
    ((name, content),) = found
    assert name == "quick, 5 seeds, 2025-01-01 00:00"
    assert Record.model_validate_json(content) == old
    assert track.fetch("another", uri=uri) is None
