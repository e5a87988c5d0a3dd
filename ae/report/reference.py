"""What a report is compared with: records at a git revision, in a folder, or in MLflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ae import tracking as track
from ae.disk import visible
from ae.errors import UserError
from ae.library import Library
from ae.machine import git
from ae.records import record as records
from ae.records.record import Record
from ae.tracking import content as tracked

PUBLISHED = "reports/published"
RECORD = "record.json"


@dataclass(frozen=True)
class Reference:
    """Records to compare with, at most one of each spec and tier, and what they are called."""

    name: str
    records: tuple[Record, ...]


def find(ref: str, library: Library, shown: Sequence[Record] = ()) -> Reference:
    """The records that `ref` names: a folder, else a git revision, else an MLflow experiment.

    `mlflow:NAME` asks MLflow alone. Of an experiment the newest records count that are not among
    those `shown`, which are copied there when a run ends.

    Raises:
        UserError: It names nothing, or nothing that holds records.
        OutsideError: MLflow is away.
    """
    asked, colon, experiment = ref.partition(":")
    if colon and asked == "mlflow":
        return _logged(experiment, library, shown) or _refuse(ref, library)
    if ref and Path(ref).exists():
        return in_folders([Path(ref)], ref)
    return _revision(ref, library.built_in) or _logged(ref, library, shown) or _refuse(ref, library)


def in_folders(folders: Sequence[Path], name: str) -> Reference:
    """The records under folders, as `ae run` and reports/published lay them, or of one file each.

    Raises:
        UserError: There is none, one is damaged, or two are of one spec and tier.
    """
    paths = [path for folder in folders for path in _paths(folder)]
    return _reference(name, [(str(path), path.read_bytes()) for path in paths])


def _paths(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    for pattern in (RECORD, f"*/{RECORD}", f"*/*/{RECORD}"):
        if found := [p for p in visible(folder, pattern) if "-seeds-" not in p.parent.name]:
            return found
    return []


def _revision(ref: str, root: Path) -> Reference | None:
    """The published records at a revision; None if there is no such revision."""
    commit = git.ask(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    if commit is None:
        return None
    sha = commit.decode().strip()
    listed = git.ask(root, "ls-tree", "-r", "-z", "--name-only", sha, "--", PUBLISHED) or b""
    names = [
        name
        for name in listed.decode().split("\0")
        if name.endswith(f"/{RECORD}") and "/." not in name
    ]
    found = [(name, git.ask(root, "show", f"{sha}:./{name}") or b"") for name in names]
    name = f"git revision {ref}" + ("" if sha.startswith(ref) else f" ({sha[:12]})")
    return _reference(name, [(f"{ref}:{path}", content) for path, content in found])


def _logged(experiment: str, library: Library, shown: Sequence[Record]) -> Reference | None:
    """The newest records of an experiment; None if there is no such experiment."""
    uri = track.default_uri(library.results)
    keys = [tracked.key(record) for record in shown]
    found = track.fetch(experiment, uri=uri, other_than=keys)
    if found is None:
        return None
    where = f"MLflow experiment {experiment}"
    return _reference(where, [(f"{where}, run {name!r}", content) for name, content in found])


def _reference(name: str, found: Sequence[tuple[str, bytes]]) -> Reference:
    if not found:
        raise UserError(f"{name}: found no record to compare with")
    seen: dict[tuple[str, str], str] = {}
    read = []
    for where, content in found:
        record = records.parse(content, where)
        key = record.name, record.tier
        if key in seen:
            raise UserError(
                f"{where}: {record.name} in tier {record.tier} is in {seen[key]} too; give a "
                "folder that holds one of the two"
            )
        seen[key] = where
        read.append(record)
    return Reference(name, tuple(read))


def _refuse(ref: str, library: Library) -> NoReturn:
    raise UserError(
        f"{ref!r} is no folder, no git revision of {library.built_in}, and no MLflow experiment at "
        f"{track.shown(track.default_uri(library.results))}"
    )
