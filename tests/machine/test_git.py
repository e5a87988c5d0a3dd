"""Whose answer it is: that of the project's own repository, whatever the environment and the place."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ae.errors import UserError
from ae.library import Library
from ae.machine import git, provenance
from ae.report.reference import find


def run(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, word: str) -> Path:
    (folder / "ae").mkdir(parents=True)
    (folder / "ae" / "code.py").write_text(word)
    run(folder, "init", "-q", "-b", "main")
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "-m", word)
    return folder


@pytest.fixture(autouse=True)
def no_other(monkeypatch, tmp_path):
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(tmp_path):
    return repository(tmp_path / "own", "own")


@pytest.fixture
def other(tmp_path):
    return repository(tmp_path / "other", "other")


def test_a_commit_is_known_and_so_is_a_change(own):
    assert git.commit(own) == run(own, "rev-parse", "HEAD")
    assert not git.changed(own, "ae")
    (own / "ae" / "code.py").write_text("changed")
    assert git.changed(own, "ae")
    assert not git.changed(own, "benchmarks")


@pytest.mark.parametrize("names", [("GIT_DIR",), ("GIT_DIR", "GIT_WORK_TREE"), ("GIT_INDEX_FILE",)])
def test_another_repository_in_the_environment_does_not_answer(own, other, monkeypatch, names):
    there = {"GIT_DIR": other / ".git", "GIT_WORK_TREE": other, "GIT_INDEX_FILE": "/dev/null"}
    for name in names:
        monkeypatch.setenv(name, str(there[name]))
    assert git.commit(own) == git.ask(own, "rev-parse", "main").decode().strip()
    assert not git.changed(own, "ae")
    monkeypatch.undo()
    assert git.commit(own) == run(own, "rev-parse", "HEAD") != run(other, "rev-parse", "HEAD")


def test_a_copy_inside_another_repository_has_no_commit(own, other):
    inside = other / "unpacked"
    shutil.copytree(own, inside, ignore=shutil.ignore_patterns(".git"))
    assert git.commit(inside) == "unknown"
    assert git.ask(inside, "rev-parse", "HEAD") is None
    assert not git.changed(inside, "ae")
    with pytest.raises(UserError, match="'main' is no folder, no git revision of "):
        find("main", Library.at(inside))


def test_a_link_to_the_project_and_a_working_tree_of_it_are_its_own(own, tmp_path):
    (tmp_path / "link").symlink_to(own)
    run(own, "worktree", "add", "-q", str(tmp_path / "tree"))
    for root in (tmp_path / "link", tmp_path / "tree"):
        assert git.commit(root) == run(own, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["with space", "new\nline", "\udcff", "-x"])
def test_any_folder_will_do(tmp_path, name):
    root = repository(tmp_path / name, "own")
    assert git.commit(root) == run(root, "rev-parse", "HEAD")


def test_without_git_or_a_commit_nothing_is_known(tmp_path, own, monkeypatch):
    (tmp_path / "new").mkdir()
    assert git.commit(tmp_path / "new") == "unknown"
    run(tmp_path / "new", "init", "-q")
    assert git.commit(tmp_path / "new") == "unknown"
    monkeypatch.setenv("PATH", "")
    assert git.commit(own) == "unknown"
    assert not git.changed(own, "ae")


def test_what_git_cannot_tell_is_not_called_unchanged(own, monkeypatch):
    real = git._run
    monkeypatch.setattr(git, "_run", lambda r, *a: None if a[0] == "status" else real(r, *a))
    assert git.changed(own, "ae")


def test_to_look_changes_nothing(own):
    (own / "ae" / "code.py").touch()  # git would note the new time in its index
    before = (own / ".git" / "index").stat().st_mtime_ns
    assert not git.changed(own, "ae")
    assert (own / ".git" / "index").stat().st_mtime_ns == before


def test_an_installed_package_has_not_the_history_of_a_project(own, monkeypatch):
    assert provenance.capture(own, "cpu", "code").commit == "unknown"
    monkeypatch.setattr(provenance, "PACKAGE", own / "ae")
    (own / "ae" / "code.py").write_text("changed")
    found = provenance.capture(own, "cpu", "code")
    assert (found.commit, found.dirty) == (run(own, "rev-parse", "HEAD"), True)
