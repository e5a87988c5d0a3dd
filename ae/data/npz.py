"""Arrays of bytes in an .npz file, read without unpickling.

A member's header is compared with what the archive says it inflates to before anything is
allocated; only unsigned bytes are accepted, in C or Fortran order.
"""

import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data.idx import AGAIN, CAP
from ae.errors import OutsideError

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def images(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """Images (n, rows, columns) and labels (n,), each named `file/array`; labels 0 without a name.

    Raises:
        OutsideError: A file holds no such array of bytes, or the arrays disagree on how many.
    """
    return labelled(files, _array(files, images), labels)


def bits(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """As `images`, from rows of packed bits, eight pixels a byte, the first in the highest bit.

    A set bit is 255. Pictures are square; bits of a last byte that they do not fill are left out.

    Raises:
        OutsideError: A file holds no such array of bytes, or the arrays disagree on how many.
    """
    packed = _array(files, images)
    flat = packed.reshape(len(packed), -1)
    side = math.isqrt(8 * flat.shape[1])
    x = 255 * np.unpackbits(flat, axis=1, count=side**2)
    return labelled(files, x.reshape(len(x), side, side), labels)


def labelled(files: dict[str, Path], x: NDArray[np.uint8], labels: str | None) -> Arrays:
    """Images with their labels (n,), an array named `file/array`; 0 without a name.

    Raises:
        OutsideError: The file holds no such array of bytes, or not a label an image.
    """
    y = np.zeros(len(x), np.uint8) if labels is None else _array(files, labels)
    if y.shape != (len(x),):
        file, _, name = str(labels).partition("/")
        raise OutsideError(
            f"{files[file]}: array {name!r} has shape {y.shape}; expected ({len(x)},), a label an image"
        )
    return x, y


def _array(files: dict[str, Path], reference: str) -> NDArray[np.uint8]:
    file, _, name = reference.partition("/")
    return read_npz(files[file], name)


def read_npz(path: Path, name: str) -> NDArray[np.uint8]:
    """The array of bytes of that name in an .npz file.

    Raises:
        OutsideError: One line naming the file, what was expected and what was found.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.removesuffix(".npy") for member in archive.namelist()]
            if name not in names:
                held = _plain(", ".join(names) or "nothing")
                raise OutsideError(f"{path}: no array {name!r}; it holds {held}")
            member = archive.getinfo(f"{name}.npy")
            if member.file_size > CAP:
                raise OutsideError(
                    f"{path}: array {name!r} declares {member.file_size} bytes; expected at most "
                    f"{CAP}; {AGAIN}"
                )
            content = archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise OutsideError(f"{path}: not a whole .npz file ({_plain(error)}); {AGAIN}") from None
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _parsed(path, name, content)


def _parsed(path: Path, name: str, content: bytes) -> NDArray[np.uint8]:
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"version {version} of the format")
        shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
    except ValueError as error:
        why = _plain(error)
        raise OutsideError(f"{path}: array {name!r} cannot be read ({why}); {AGAIN}") from None
    rest = len(content) - stream.tell()
    fits = shape and min(shape) > 0 and math.prod(shape) == rest
    if kind != np.uint8 or not fits:
        raise OutsideError(
            f"{path}: array {name!r} is {kind} of shape {shape}, {rest} bytes; "
            "expected unsigned bytes, as many as the shape says"
        )
    flat = np.frombuffer(content, np.uint8, offset=stream.tell())
    return np.ascontiguousarray(flat.reshape(shape, order="F" if fortran else "C"))


def _plain(what: object) -> str:
    """On one line, whatever a file holds."""
    text = str(what).partition("\n")[0]
    return "".join(c if c.isprintable() else " " for c in text)[:200]
