"""Arrays of bytes in an .npz file, read without unpickling.

A member's size is what the archive declares, up to a cap; its header, which numpy would evaluate, is
matched as text. Only the kind of number that is asked for is accepted, in C or Fortran order.
"""

import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ae.data.idx import AGAIN, BLOCK, CAP
from ae.errors import OutsideError, plain

HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|=]?[A-Za-z][0-9]{0,9})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:[0-9]{1,18},? ?){0,8})\), \} *\n",
    re.DOTALL,
)
Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]
BYTES = "|u1"


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
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if f"{name}.npy" not in names:
                held = plain(", ".join(n.removesuffix(".npy") for n in names) or "nothing")
                raise OutsideError(f"{path}: no array {name!r}; it holds {held}")
            member = archive.getinfo(f"{name}.npy")
            if member.file_size > CAP:
                raise OutsideError(
                    f"{path}: array {name!r} declares {member.file_size} bytes; expected at most "
                    f"{CAP}; {AGAIN}"
                )
            with archive.open(member) as opened:  # in blocks: it may inflate to more than it says
                content = b"".join(iter(lambda: opened.read(BLOCK), b""))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise OutsideError(f"{path}: not a whole .npz file ({plain(error)}); {AGAIN}") from None
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _parsed(path, name, content, kind)


def _parsed(path: Path, name: str, content: bytes, wanted: str) -> NDArray[Any]:
    header = HEADER.match(content)
    if header is None:
        raise OutsideError(
            f"{path}: array {name!r}: expected the header of a .npy file, version 1.0, of a plain "
            f"type; found {plain(content[:80])}; {AGAIN}"
        )
    kind, order, sizes = (part.decode() for part in header.groups())
    shape = tuple(int(size) for size in sizes.split(",") if size.strip())
    rest = len(content) - header.end()
    fits = shape and min(shape) > 0 and math.prod(shape) * np.dtype(wanted).itemsize == rest
    if kind != wanted or not fits:
        said = "unsigned bytes, '|u1'" if wanted == BYTES else f"type {wanted!r}"
        raise OutsideError(
            f"{path}: array {name!r} is of type {kind!r} and shape {shape}, {rest} bytes; "
            f"expected {said}, as many as the shape says"
        )
    flat = np.frombuffer(content, wanted, offset=header.end())
    return np.ascontiguousarray(flat.reshape(shape, order="F" if order == "True" else "C"))
