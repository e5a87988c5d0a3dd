"""The IDX format of MNIST: gzipped, big-endian, unsigned bytes.

Nothing is allocated on a header's word: the file must inflate to exactly what its header declares,
and to no more than a cap. A set of no examples is refused.
"""

import functools
import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.errors import OutsideError

MAGIC = {1: 2049, 3: 2051}  # unsigned bytes, by number of dimensions
CAP = 1 << 30  # bytes that a file may inflate to
RATIO = 1032  # by which deflate can inflate at most
KEPT = 16 << 20  # bytes on disk: MNIST's images have ten million, and inflate to 47
BLOCK = 1 << 20  # bytes that are inflated at a time
AGAIN = "remove the file and run `ae fetch`"


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of a gzipped IDX file of unsigned bytes, not to be written to.

    The last four files are kept, unless they are large, as long as they are the same on disk: most
    papers are of one set, and to inflate it takes a third of a second.

    Raises:
        OutsideError: One line naming the file, what was expected and what was found.
    """
    try:
        there = path.stat()
        read = _inflated if there.st_size <= KEPT else _inflated.__wrapped__
        return read(path, dimensions, there.st_size, (there.st_ino, there.st_mtime_ns))
    except OSError as error:
        raise OutsideError(f"{path}: cannot be read: {error.strerror or error}") from None


@functools.lru_cache(maxsize=4)
def _inflated(path: Path, dimensions: int, packed: int, _: tuple[int, int]) -> NDArray[np.uint8]:
    """The array of a file of so many bytes, in a state that the last argument names."""
    head = 4 + 4 * dimensions
    try:
        with gzip.open(path) as file:
            header = file.read(head)
            shape = _shape(path, header, dimensions)
            size = math.prod(shape)
            most = min(CAP, RATIO * packed)
            if size > most:
                raise OutsideError(
                    f"{path}: its header declares {size} bytes; expected at most {most} of a file "
                    f"of its size; {AGAIN}"
                )
            content = bytearray()
            while len(content) <= size and (
                block := file.read(min(BLOCK, size + 1 - len(content)))
            ):
                content += block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OutsideError(f"{path}: not a whole gzip file ({error}); {AGAIN}") from None
    if len(content) != size:
        found = f"only {len(content)}" if len(content) < size else "more"
        raise OutsideError(
            f"{path}: expected {size} bytes after the header, by its sizes {list(shape)}; "
            f"found {found}; {AGAIN}"
        )
    array = np.frombuffer(content, np.uint8).reshape(shape)
    array.flags.writeable = False
    return array


def _shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    if len(header) < 4 + 4 * dimensions:
        raise OutsideError(f"{path}: ends within its header of {4 + 4 * dimensions} bytes; {AGAIN}")
    magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if magic != MAGIC[dimensions]:
        raise OutsideError(
            f"{path}: expected the magic number {MAGIC[dimensions]} of an IDX file of bytes in "
            f"{dimensions} dimensions; found {magic}; {AGAIN}"
        )
    if 0 in shape:
        raise OutsideError(f"{path}: its header declares the sizes {shape}, no example; {AGAIN}")
    return tuple(shape)


def digits(
    files: dict[str, Path], images: str, labels: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, rows, columns) and labels (n,) of a pair of IDX files; labels 0 without a file.

    Raises:
        OutsideError: The files disagree on how many examples there are.
    """
    x = read_idx(files[images], 3)
    if labels is None:
        return x, np.zeros(len(x), np.uint8)
    y = read_idx(files[labels], 1)
    if len(x) != len(y):
        raise OutsideError(f"{files[labels]}: {len(y)} labels for {len(x)} images; {AGAIN}")
    return x, y
