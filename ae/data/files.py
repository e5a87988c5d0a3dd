"""Finds a data set's files on this machine, or downloads them; sha256 always checked.

Places, in order: the folders of `AE_DATA`, the files beside manifests under `datasets/`, the cache,
the mirrors. Downloads go on where they broke off. pooch knows neither mirrors nor resuming and
torchvision checks md5 only, so the few lines it takes are here, over the standard library.
"""

import contextlib
import http.client
import math
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ae.data.manifest import Manifest, Stored, find_source
from ae.data.places import cache_folder, locate, mismatch, places, sha256_of, verify
from ae.errors import MissingData, OutsideError, plain
from ae.library import Library
from ae.locks import locked
from ae.redaction import bare, redacted

Report = Callable[[str, int, int], None]  # file, bytes there, bytes expected, 0 if not known

TIMEOUT = 30.0  # seconds in which a mirror must answer, and then send a PACE
PACE = 1 << 15  # bytes
TRIES = 2  # per mirror
CHUNK = 1 << 16
MOST = 1 << 30  # bytes that are received of a file of unknown size
AWAY = (urllib.error.URLError, http.client.HTTPException, ValueError)  # a bad address: ValueError


def fetch(
    manifest: Manifest, library: Library, *, progress: Report | None = None, offline: bool = False
) -> list[Path]:
    """Every file of a set, or of the one it derives from, or the original; found or downloaded.

    Raises:
        UserError: `AE_DATA` is wrong.
        MissingData: A file is not here, and on no mirror.
        OutsideError: A file is damaged, or cannot be kept.
    """
    source = find_source(manifest, library)
    found = []
    for file in source.file if source.original is None else (source.original,):
        path = locate(source, file, library)
        if path is None and offline:
            raise MissingData(_nowhere(source, file, library, "it was not looked for on mirrors"))
        found.append(path or _download(source, file, library, progress))
    return found


def _nowhere(manifest: Manifest, file: Stored, library: Library, why: str) -> str:
    there = [*places(manifest, file, library)]
    folders = ", ".join(dict.fromkeys(str(p.parent) for p in there))
    others = [f"{p} is another: {mismatch(p, file)}; " for p in there if os.path.isfile(p)]
    recipe = "" if file.recipe is None else f"{file.recipe}; "
    return (
        f"data set {manifest.name!r}: {file.basename} is in none of {folders}; {''.join(others)}{why}; "
        f"{recipe}put it "
        f"in a folder and name that in AE_DATA (sha256 {file.sha256})"
    )


def _download(manifest: Manifest, file: Stored, library: Library, progress: Report | None) -> Path:
    target = cache_folder() / manifest.name / file.basename
    try:
        with locked(target.with_name(f"{target.name}.lock"), math.inf):
            if target.is_file():  # another process was faster
                verify(target, file)
                return target
            return _from_mirrors(manifest, file, library, target, progress)
    except OSError as error:
        raise OutsideError(
            f"{target}: cannot be written: {error.strerror or error}; name another folder in AE_CACHE"
        ) from None


def _from_mirrors(
    manifest: Manifest, file: Stored, library: Library, target: Path, progress: Report | None
) -> Path:
    part = target.with_name(f"{target.name}.part")
    faults = []
    for mirror in file.mirrors:
        for _ in range(TRIES):
            begun = part.exists()  # perhaps by a mirror that has another file
            try:
                _receive(mirror, file, part, progress)
            except AWAY as error:
                faults.append(f"{bare(mirror)}: {_reason(error, mirror)}")
                continue
            found = sha256_of(part)
            if found == file.sha256:
                os.replace(part, target)
                return target
            part.unlink()
            if not begun:
                faults.append(f"{bare(mirror)}: sends a file of sha256 {found}")
                break
    tried = "; ".join(dict.fromkeys(faults)) or "it has no mirror"
    raise MissingData(_nowhere(manifest, file, library, tried))


def _reason(error: Exception, mirror: str) -> str:
    """What a mirror failed by, on one line, whatever it sent."""
    if isinstance(error, urllib.error.HTTPError):
        text = f"{error.code} {error.reason}"
    else:
        text = str(getattr(error, "reason", None) or error) or type(error).__name__
    return plain(redacted(text, mirror))


class _StayOnTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not on the web")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(url: str, file: Stored, part: Path, progress: Report | None) -> None:
    """Bring `part` to its full size from a mirror, going on from what is there."""
    there = part.stat().st_size if part.exists() else 0
    if there == file.bytes:
        return
    most = file.bytes or MOST
    if there > most:
        part.unlink()
        there = 0
    headers = {"User-Agent": "ae"} | ({"Range": f"bytes={there}-"} if there else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.build_opener(_StayOnTheWeb).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
        raise
    except urllib.error.URLError:
        raise
    except OSError as error:
        raise urllib.error.URLError(error.strerror or str(error)) from None
    with contextlib.closing(answer):
        resumed = there > 0 and answer.status == http.HTTPStatus.PARTIAL_CONTENT
        there = there if resumed else 0
        total = file.bytes or (there + (answer.length or 0))
        with open(part, "ab" if resumed else "wb") as out:
            for block in _blocks(answer):
                there += len(block)
                if there > most:
                    part.unlink()
                    raise urllib.error.URLError(f"sends more than the {most} bytes expected")
                out.write(block)
                if progress is not None:
                    progress(file.basename, there, total)
    if there < total:
        raise urllib.error.URLError(f"broke off after {there} of {total} bytes")


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """What a mirror sends, as it comes; the socket's timeout does not see one that trickles."""
    began, received = time.monotonic(), 0
    while True:
        try:
            block = answer.read1(CHUNK)
        except OSError as error:
            raise urllib.error.URLError(error.strerror or str(error)) from None
        if not block:
            return
        yield block
        received += len(block)
        if time.monotonic() - began > TIMEOUT:
            if received < PACE:
                raise urllib.error.URLError(f"sent {received} bytes in {TIMEOUT:g} seconds")
            began, received = time.monotonic(), 0
