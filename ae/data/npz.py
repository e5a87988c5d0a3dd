"""Arrays of bytes in an .npz file, read without unpickling.

A member's size is what the archive declares, up to a cap; its header, which numpy would evaluate, is
matched as text. Only the kind of number that is asked for is accepted, in C or Fortran order.
"""

import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ae.data.idx import AGAIN, BLOCK, CAP
from ae.errors import OutsideError, plain

HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|=]?[A-Za-z][0-9]{0,9})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:[0-9]{1,18}L?,? ?){0,8})\), \} *\n",
    re.DOTALL,
)
Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]
BYTES = "|u1"
PREFIX = (
    10  # bytes of a .npy file, version 1.0, before its header: the last two say how long that is
)


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


def read_npz(path: Path, name: str, kind: str = BYTES) -> NDArray[Any]:
    """The array of that name in an .npz file, of numbers that numpy calls `kind`.

    Raises:
        OutsideError: One line naming the file, what was expected and what was found.
    """
    with _opened(path, name) as (size, member):
        if size > CAP:
            raise OutsideError(
                f"{path}: array {name!r} declares {size} bytes; expected at most {CAP}; {AGAIN}"
            )
        # In blocks: it may inflate to more than it says.
        content = b"".join(iter(lambda: member.read(BLOCK), b""))
    found, order, shape, begin = _header(path, name, content)
    rest = len(content) - begin
    fits = shape and min(shape) > 0 and math.prod(shape) * np.dtype(kind).itemsize == rest
    if found != kind or not fits:
        said = "unsigned bytes, '|u1'" if kind == BYTES else f"type {kind!r}"
        raise OutsideError(
            f"{path}: array {name!r} is of type {found!r} and shape {shape}, {rest} bytes; "
            f"expected {said}, as many as the shape says"
        )
    flat = np.frombuffer(content, kind, offset=begin)
    return np.ascontiguousarray(flat.reshape(shape, order=order))


def blocks(path: Path, name: str, kind: str, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """The rows of an array of a known shape, some at a time, a `BLOCK` of bytes or one row.

    Its size is bounded by the shape alone, which the caller knows and the file must have.

    Raises:
        OutsideError: One line naming the file, what was expected and what was found.
    """
    row = np.dtype(kind).itemsize * math.prod(shape[1:])
    with _opened(path, name) as (size, member):
        start = member.read(PREFIX)
        head = start + member.read(int.from_bytes(start[8:], "little"))
        *found, begin = _header(path, name, head)
        if found != [kind, "C", shape] or size - begin != row * shape[0]:
            raise OutsideError(
                f"{path}: array {name!r} is of type {found[0]!r} and shape {found[2]}, in the order "
                f"of {found[1]}, {size - begin} bytes; expected type {kind!r} and shape {shape}, in "
                f"the order of C, {row * shape[0]} bytes"
            )
        for first in range(0, shape[0], step := max(1, BLOCK // row)):
            count = min(step, shape[0] - first)
            content = member.read(count * row)
            if len(content) != count * row:
                raise OutsideError(f"{path}: array {name!r} ends in row {first}; {AGAIN}")
            yield np.frombuffer(content, kind).reshape(count, *shape[1:])


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[int, IO[bytes]]]:
    """The bytes that an array's member declares, and the member."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if f"{name}.npy" not in names:
                held = plain(", ".join(n.removesuffix(".npy") for n in names) or "nothing")
                raise OutsideError(f"{path}: no array {name!r}; it holds {held}")
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                yield info.file_size, member
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise OutsideError(f"{path}: not a whole .npz file ({plain(error)}); {AGAIN}") from None
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror or error}") from None


def _header(
    path: Path, name: str, content: bytes
) -> tuple[str, Literal["C", "F"], tuple[int, ...], int]:
    """The type, order and shape that an array's header says, and its length."""
    header = HEADER.match(content)
    if header is None:
        raise OutsideError(
            f"{path}: array {name!r}: expected the header of a .npy file, version 1.0, of a plain "
            f"type; found {plain(content[:80])}; {AGAIN}"
        )
    kind, turned, sizes = (part.decode() for part in header.groups())
    shape = tuple(int(size.rstrip("L")) for size in sizes.split(",") if size.strip())
    return kind, "F" if turned == "True" else "C", shape, header.end()
