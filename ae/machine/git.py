"""What git says of the project's own repository, and of no other."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from ae.errors import plain

SECONDS = 60.0
QUIET = {"GIT_OPTIONAL_LOCKS": "0"}  # to look is not to write


def ask(root: Path, *arguments: str) -> bytes | None:
    """What git prints where `root` is the top of a working tree; None where it is not, or git fails.

    GIT_DIR and its kind, which git sets for its hooks and a person for another repository, do not
    count; nor does a repository around the folder, which a copy of the project may lie in.
    """
    top = _run(root, "rev-parse", "--show-toplevel")
    if top is None or os.path.realpath(os.fsdecode(top).rstrip("\n")) != os.path.realpath(root):
        return None
    return _run(root, *arguments)


class Commit(NamedTuple):
    """A commit: its full name, its day as `2026-11-29`, and the first line of its message."""

    name: str
    date: str
    subject: str


def log(root: Path, *what: str) -> list[Commit] | None:
    """The commits that `git log` lists; None as `ask`. What a terminal would obey is taken out."""
    shown = "--format=%H%x00%cs%x00%s"
    told = ask(root, "-c", "log.showSignature=false", "log", shown, *what)
    if told is None:
        return None
    lines = [line for line in told.decode(errors="replace").split("\n") if line]
    return [Commit(*map(plain, line.split("\0", 2))) for line in lines]


def commit(root: Path) -> str:
    """The commit that is checked out, or `unknown`."""
    found = ask(root, "rev-parse", "--verify", "HEAD")
    return found.decode().strip() if found else "unknown"


def changed(root: Path, *folders: str) -> bool:
    """Whether something in these folders is not as committed, as far as git can say it is."""
    if commit(root) == "unknown":
        return False
    found = ask(root, "status", "--porcelain", "--", *folders)
    return found is None or bool(found.strip())


def _run(root: Path, *arguments: str) -> bytes | None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | QUIET
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
