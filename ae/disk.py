"""Files written whole or not at all, what a folder shows, and the digest of a value."""

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ae.errors import OutsideError, plain

MOST_NOTES = 1 << 30  # bytes
LINKS = 40  # that are followed, as the system does
# What a file system answers that cannot do a thing at all: network shares, FUSE, object stores.
UNABLE = {errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
FIXED = {errno.EBUSY, errno.EXDEV, *UNABLE}  # of a name that cannot be given to another file


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of `value`: order of keys and spaces do not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def visible(folder: Path, pattern: str) -> list[Path]:
    """The paths of a folder that match, sorted; names that begin with a dot do not exist.

    Editors, Finder and notebooks leave such files beside those that a person wrote.
    """
    return sorted(
        path
        for path in folder.glob(pattern)
        if not any(name.startswith(".") for name in path.relative_to(folder).parts)
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: aside, synced, then renamed.

    A link stays, and what it leads to is written. So does what is no regular file (a device, a
    pipe, /dev/stdout), which is written to as it is.

    Raises:
        OutsideError: The disk is full or the folder cannot be written.
    """
    try:
        target = _destination(path)
        if isinstance(target, int):
            with os.fdopen(os.dup(target), "wb") as stream:
                stream.write(content)
        elif target.exists() and not target.is_file():
            with open(target, "wb") as device:
                device.write(content)
        else:
            with replacing(target) as aside:
                aside.write_bytes(content)
    except OSError as error:
        raise OutsideError(f"{path}: cannot be written: {error.strerror}") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path`, which takes its place if all goes well, and goes if not.

    It keeps the permissions of the file that was there. Where a file system cannot rename, as one
    that is mounted by itself, the content is copied.

    Raises:
        OSError: It cannot be written.
    """
    path = Path(os.path.realpath(path))
    make_folder(path.parent)
    aside = _made_aside(path)
    if aside is None:
        yield path
        return
    try:
        mode = (path if path.exists() else aside).stat().st_mode
        yield aside
        with suppress(OSError):  # some mounts know no permissions
            os.chmod(aside, stat.S_IMODE(mode))
        _sync(aside)
        _rename(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out whether `write_atomically` could write a path, and leave what is there as it is.

    Raises:
        OutsideError: It could not.
    """
    try:
        target = _destination(path)
        if isinstance(target, int):
            if fcntl.fcntl(target, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise OSError(errno.EBADF, "it is open for reading only")
        elif target.is_dir():
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif target.exists() and not target.is_file():
            if not os.access(target, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            _try_aside(target)
    except OSError as error:
        raise OutsideError(f"{path}: cannot be written: {error.strerror}") from None


def _try_aside(path: Path) -> None:
    try:
        path.stat()  # a name that is too long
    except FileNotFoundError:
        make_folder(path.parent)
    if (aside := _made_aside(path)) is not None:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _made_aside(path: Path) -> Path | None:
    """An empty file beside a path; None where the folder is closed and the file itself is not."""
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError:
        if not (path.is_file() and os.access(path, os.W_OK)):
            raise
        return None
    return aside


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; a file in the way is what it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def _destination(path: Path) -> Path | int:
    """Where links lead, or the number of an open file of this process, as in /dev/stdout.

    Raises:
        OSError: They lead in a circle.
    """
    for _ in range(LINKS):
        path = Path(os.path.realpath(path.parent), path.name)
        if path.name.isdecimal() and path.parent == Path(os.path.realpath("/proc/self/fd")):
            return int(path.name)
        if not path.is_symlink():
            return path
        path = path.parent / os.readlink(path)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in UNABLE:
                raise


def _rename(aside: Path, path: Path) -> None:
    try:
        os.replace(aside, path)
    except OSError as error:
        if error.errno not in FIXED or path.is_dir():
            raise
        shutil.copyfile(aside, path)


def notes_of(path: Path) -> dict[str, Any]:
    """What `ae` noted in a file of weights, which is its header; the tensors are not read.

    Raises:
        OutsideError: The file is damaged.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > MOST_NOTES:
                raise ValueError(f"a header of {size} bytes")
            found: dict[str, Any] = json.loads(json.loads(file.read(size))["__metadata__"]["ae"])
            return found
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise OutsideError(
            f"{path}: not a file of weights that `ae` wrote ({plain(error)}); remove it to train again"
        ) from None
