"""Where a data set's files may lie on this machine, and whether one is the one that is meant.

Places, in order: the folders of `AE_DATA`, the files embedded under `datasets/`, the cache.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from ae.data.manifest import Manifest, Stored
from ae.errors import OutsideError, UserError
from ae.library import Library

_verified: dict[tuple[str, int, int, str], str | None] = {}  # a file as it was -> what differs
_named: set[tuple[Path, str]] = set()


def cache_folder() -> Path:
    """Where downloads are kept: `AE_CACHE`, else `XDG_CACHE_HOME`/ae, else ~/.cache/ae.

    Raises:
        UserError: None is set, and this user has no home folder.
    """
    if own := os.environ.get("AE_CACHE"):
        return Path(own)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base, "ae")
    try:
        return Path.home() / ".cache" / "ae"
    except RuntimeError:
        raise UserError("AE_CACHE: this user has no home folder; name a folder there") from None


def places(manifest: Manifest, file: Stored, library: Library) -> Iterator[Path]:
    """Where a file may lie, the first to be tried first.

    Raises:
        UserError: `AE_DATA` names a folder that does not exist.
    """
    yield from _in_ae_data(manifest, file)
    yield from (folder / file.basename for folder in library.embedded(manifest.name))
    yield cache_folder() / manifest.name / file.basename


def _in_ae_data(manifest: Manifest, file: Stored) -> Iterator[Path]:
    """A person's own folders: what differs there is somebody else's, and is not to be removed."""
    for folder in filter(None, os.environ.get("AE_DATA", "").split(os.pathsep)):
        if not os.path.isdir(folder):
            raise UserError(f"AE_DATA: {folder} is not a folder; correct it or unset AE_DATA")
        for path in (file.path, f"{manifest.name}/{file.basename}", file.basename):
            yield Path(folder, path)


def locate(manifest: Manifest, file: Stored, library: Library) -> Path | None:
    """The file, verified, where there is one on this machine.

    One of another size or content in a folder of `AE_DATA` is passed over, and named once.

    Raises:
        OutsideError: A file of that name is in the project or in the cache, and is another.
    """
    own = [*_in_ae_data(manifest, file)]
    for path in places(manifest, file, library):
        if not os.path.isfile(path):
            continue
        if path not in own:
            verify(path, file)
            return path
        why = mismatch(path, file)
        if why is None:
            return path
        if (path, why) not in _named:
            _named.add((path, why))
            logging.getLogger(__name__).warning("ae: passed over %s: %s", path, why)
    return None


def verify(path: Path, file: Stored) -> None:
    """Compare size and sha256 with the manifest's.

    Raises:
        OutsideError: One line naming the file, expected, found, and what to do.
    """
    if why := mismatch(path, file):
        raise OutsideError(f"{path}: {why}; remove the file and run `ae fetch`")


def mismatch(path: Path, file: Stored) -> str | None:
    """What of a file is not as the manifest says, if anything is."""
    try:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns, file.sha256)
        if key not in _verified:
            found = sha256_of(path) if file.bytes in (None, stat.st_size) else ""
            _verified[key] = _difference(file, found, stat.st_size)
        return _verified[key]
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"


def _difference(file: Stored, found: str, size: int) -> str | None:
    if found == file.sha256:
        return None
    if found:
        return f"expected sha256 {file.sha256}, found {found}"
    return f"expected {file.bytes} bytes, found {size}"


def sha256_of(path: Path) -> str:
    """The digest of a file."""
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
