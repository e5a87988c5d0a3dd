"""Finds a data set's files on this machine, or downloads them; sha256 always checked.

Places, in order: the folders of `AE_DATA`, the files embedded under `datasets/`, the cache, the
mirrors. Downloads go on where they broke off. pooch knows neither mirrors nor resuming and
torchvision checks md5 only, so the few lines it takes are here, over the standard library.
"""

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from ae.errors import OutsideError, UserError
from ae.manifest import File, Manifest, find_manifest

Report = Callable[[str, int, int], None]  # file, bytes there, bytes expected

TIMEOUT = 30.0  # seconds without a byte until a mirror is given up
TRIES = 2  # per mirror
CHUNK = 1 << 16
_verified: dict[tuple[str, int, int], str] = {}


def cache_folder() -> Path:
    """Where downloads are kept: `AE_CACHE`, else `XDG_CACHE_HOME`/ae, else ~/.cache/ae."""
    if own := os.environ.get("AE_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ae"


def places(manifest: Manifest, file: File, root: Path) -> Iterator[Path]:
    """Where a file may lie, the first to be tried first.

    Raises:
        UserError: `AE_DATA` names a folder that does not exist.
    """
    for folder in filter(None, os.environ.get("AE_DATA", "").split(os.pathsep)):
        if not Path(folder).is_dir():
            raise UserError(f"AE_DATA: {folder} is not a folder; correct it or unset AE_DATA")
        for path in (file.path, f"{manifest.name}/{file.basename}", file.basename):
            yield Path(folder, path)
    yield root / "datasets" / manifest.name / file.basename
    yield cache_folder() / manifest.name / file.basename


def locate(manifest: Manifest, file: File, root: Path) -> Path | None:
    """The file, verified, where there is one on this machine.

    Raises:
        OutsideError: A file of that name is there and is not the one expected.
    """
    for path in places(manifest, file, root):
        if path.is_file():
            verify(path, file)
            return path
    return None


def verify(path: Path, file: File) -> None:
    """Compare size and sha256 with the manifest's.

    Raises:
        OutsideError: One line naming the file, expected, found, and what to do.
    """
    try:
        stat = path.stat()
        if stat.st_size != file.bytes:
            raise OutsideError(
                f"{path}: expected {file.bytes} bytes, found {stat.st_size}; remove the file and "
                "run `ae fetch`"
            )
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key not in _verified:
            with open(path, "rb") as opened:
                _verified[key] = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror}") from None
    if _verified[key] != file.sha256:
        raise OutsideError(
            f"{path}: expected sha256 {file.sha256}, found {_verified[key]}; remove the file and "
            "run `ae fetch`"
        )


def fetch(
    manifest: Manifest, root: Path, *, progress: Report | None = None, offline: bool = False
) -> list[Path]:
    """Every file of a set (of the set that it derives from), found or downloaded.

    Raises:
        UserError: `AE_DATA` is wrong.
        OutsideError: A file is damaged, or on no mirror, or cannot be kept.
    """
    if manifest.derives is not None:
        source = find_manifest(manifest.derives, root / "datasets")
        return fetch(source, root, progress=progress, offline=offline)
    found = []
    for file in manifest.file:
        path = locate(manifest, file, root)
        if path is None and offline:
            raise OutsideError(_nowhere(manifest, file, root, "it was not looked for on mirrors"))
        found.append(path or _download(manifest, file, root, progress))
    return found


def _nowhere(manifest: Manifest, file: File, root: Path, why: str) -> str:
    folders = ", ".join(dict.fromkeys(str(p.parent) for p in places(manifest, file, root)))
    return (
        f"data set {manifest.name!r}: {file.basename} is in none of {folders}; {why}; put it in a "
        f"folder and name that in AE_DATA (sha256 {file.sha256})"
    )


def _download(manifest: Manifest, file: File, root: Path, progress: Report | None) -> Path:
    target = cache_folder() / manifest.name / file.basename
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if target.is_file():  # another process was faster
                verify(target, file)
                return target
            return _from_mirrors(manifest, file, root, target, progress)
    except OSError as error:
        raise OutsideError(
            f"{target}: cannot be written: {error.strerror}; name another folder in AE_CACHE"
        ) from None


def _from_mirrors(
    manifest: Manifest, file: File, root: Path, target: Path, progress: Report | None
) -> Path:
    part = target.with_name(f"{target.name}.part")
    faults = []
    for mirror in file.mirrors:
        for _ in range(TRIES):
            try:
                _receive(mirror, file, part, progress)
                verify(part, file)
                os.replace(part, target)
                return target
            except OutsideError:
                faults.append(f"{mirror}: not the file expected")
                part.unlink()
                break
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
                faults.append(f"{mirror}: {getattr(error, 'reason', None) or error}")
            except ConnectionError as error:
                faults.append(f"{mirror}: {error.strerror or 'connection lost'}")
    tried = "; ".join(dict.fromkeys(faults)) or "it has no mirror"
    raise OutsideError(_nowhere(manifest, file, root, tried))


class _StayOnTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, D102
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not on the web")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(url: str, file: File, part: Path, progress: Report | None) -> None:
    """Bring `part` to its full size from a mirror, going on from what is there."""
    there = part.stat().st_size if part.exists() else 0
    if there >= file.bytes:
        part.unlink()
        there = 0
    headers = {"User-Agent": "ae"} | ({"Range": f"bytes={there}-"} if there else {})
    opener = urllib.request.build_opener(_StayOnTheWeb)
    request = urllib.request.Request(url, headers=headers)
    with contextlib.closing(opener.open(request, timeout=TIMEOUT)) as answer:
        resumed = there > 0 and answer.status == http.HTTPStatus.PARTIAL_CONTENT
        there = there if resumed else 0
        with open(part, "ab" if resumed else "wb") as out:
            while block := answer.read(CHUNK):
                there += len(block)
                if there > file.bytes:
                    out.close()
                    part.unlink()
                    raise urllib.error.URLError(f"sends more than the {file.bytes} bytes expected")
                out.write(block)
                if progress is not None:
                    progress(file.basename, there, file.bytes)
    if there < file.bytes:
        raise urllib.error.URLError(f"broke off after {there} of {file.bytes} bytes")
