"""A paper as earlier commits of the project train it: each from its own files, by its own packages."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ae.disk import digest, write_atomically
from ae.errors import Interrupted, OutsideError, UserError
from ae.machine import git

STOPPED = (130, 143)  # by Ctrl-C or SIGTERM: not the commit's fault
LOCKS = ("constraints.txt", "pyproject.toml", "locked.txt")  # what says which packages it takes


class Revisions:
    """Commits of the project, each laid out and run when it is asked for.

    Args:
        root: The top of the project's working tree.
        place: Where records of commits, and environments, are kept for the next time.

    Raises:
        UserError: The root is no top of a working tree of git.
    """

    def __init__(self, root: Path, place: Path) -> None:
        if git.ask(root, "rev-parse", "HEAD") is None:
            raise UserError(f"{root}: not the top of a git working tree with a commit")
        self.root, self.place = root, place

    def one(self, name: str) -> git.Commit:
        """The commit of this name.

        Raises:
            UserError: There is none.
        """
        found = git.log(self.root, "-1", name, "--")
        if not found:
            raise UserError(f"{name}: not a commit of this repository")
        return found[0]

    def between(self, good: git.Commit, bad: git.Commit) -> list[git.Commit]:
        """Commits after `good` up to `bad`, oldest first; of merges, what they brought at once.

        Raises:
            UserError: `good` is not before `bad`.
        """
        if git.ask(self.root, "merge-base", "--is-ancestor", good.name, bad.name) is None:
            raise UserError(f"{good.name[:10]} is not an ancestor of {bad.name[:10]}")
        return git.log(self.root, "--first-parent", "--reverse", f"{good.name}..{bad.name}") or []

    def record(self, commit: git.Commit, spec: str, seeds: Sequence[int]) -> Path:
        """The record of the quick tier as a commit trains it, without figures' PDF and copies.

        Kept: what was trained once is not trained again.

        Raises:
            OutsideError: It cannot be laid out, installed or run there; the last line that it said.
            Interrupted: Its run was stopped.
        """
        wanted = ",".join(map(str, seeds))
        kept = self.place / spec / f"{commit.name}-{digest(wanted)[:8]}.json"
        if kept.exists():
            return kept
        with self._tree(commit) as tree:
            python = self._python(tree)
            command = [python, "-m", "ae", "run", spec, "--tier", "quick", "--seeds", wanted]
            self._run(commit, [*command, "--no-pdf", "--no-track"], tree)
            found = tree / "results" / spec / "quick" / "record.json"
            if not found.exists():
                raise OutsideError(f"{commit.name[:10]}: left no record of {spec}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(kept, found.read_bytes())
        return kept

    @contextmanager
    def _tree(self, commit: git.Commit) -> Iterator[Path]:
        """The commit's files in a folder, which is removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="ae-revision-"))
        tree = folder / "tree"
        try:
            if git.ask(self.root, "worktree", "add", "--detach", str(tree), commit.name) is None:
                raise OutsideError(f"{commit.name[:10]}: git cannot lay it out")
            yield tree
        finally:
            git.ask(self.root, "worktree", "remove", "--force", str(tree))
            shutil.rmtree(folder, ignore_errors=True)

    def _python(self, tree: Path) -> str:
        """The interpreter of the commit's packages: this one where they are those of today."""
        locks = {name: _bytes(tree / name) for name in LOCKS}
        if locks == {name: _bytes(self.root / name) for name in LOCKS}:
            return sys.executable
        home = self.place / "environments" / digest({k: v.hex() for k, v in locks.items()})[:12]
        python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not (home / "whole").exists():
            shutil.rmtree(home, ignore_errors=True)
            self._run(None, [sys.executable, "-m", "venv", str(home)], tree)
            pinned = ["-c", "constraints.txt"] if locks["constraints.txt"] else []
            self._run(None, [str(python), "-m", "pip", "install", "-q", *pinned, "."], tree)
            (home / "whole").touch()
        return str(python)

    def _run(self, commit: git.Commit | None, command: list[str], tree: Path) -> None:
        path = os.pathsep.join(filter(None, (str(tree), os.environ.get("PYTHONPATH"))))
        environment = {k: v for k, v in os.environ.items() if k != "AE_INCLUDE"}
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment | {"PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode in STOPPED:
            raise Interrupted(f"{commit.name[:10]} was stopped" if commit else "stopped")
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing said").splitlines()[-1]
            what = commit.name[:10] if commit else "its packages"
            raise OutsideError(f"{what}: exit {done.returncode}: {said}")


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
