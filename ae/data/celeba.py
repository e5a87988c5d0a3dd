"""CelebA's aligned photographs, cut to the face and made small.

Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild, ICCV 2015,
https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html. From the middle of a photograph of 178 x 218 pixels
a square of 148, the usual one, resized to 64 by an antialiased triangle filter; of one that was
halved before, a square of 74.
"""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data.npz import Arrays, labelled, read_npz
from ae.data.vision import functional, middle
from ae.errors import OutsideError

SIDE = 64
WHOLE = (178, 218)  # width and height of a photograph
HALF = (89, 109)
CROP = {WHOLE: 148, HALF: 74}
LARGEST = 1 << 20  # bytes of a photograph's file
AT_ONCE = 1000  # photographs that are read before they are decoded


def archive(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """Photographs (n, 3, 64, 64) of an archive of JPEG files, and labels; 0 without a name.

    `images` is `file/FIRST-LAST`, the numbers of two photographs: `img_align_celeba/000001.jpg` is
    the first. Labels are an array of an .npz file, `file/array`.

    Raises:
        OutsideError: The archive lacks one of them, or one is no such JPEG picture.
    """
    file, _, numbers = images.partition("/")
    first, _, last = numbers.partition("-")
    path = files[file]
    try:
        with zipfile.ZipFile(path) as whole:

            def read(number: int) -> bytes:
                name = f"img_align_celeba/{number:06d}.jpg"
                if (size := whole.getinfo(name).file_size) > LARGEST:
                    raise OutsideError(f"{path}: {name}: {size} bytes; expected up to {LARGEST}")
                return whole.read(name)

            x = _decoded(path, int(first), int(last) - int(first) + 1, read)
    except KeyError as error:
        raise OutsideError(f"{path}: {str(error).strip(chr(34))}") from None
    except (OSError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise OutsideError(f"{path}: not a whole archive ({error})") from None
    return labelled(files, x, labels)


def excerpt(files: dict[str, Path], images: str, labels: str | None) -> Arrays:
    """As `archive`, of photographs in an .npz file: their JPEG files end to end in an array.

    `images` is `file/array`; `offsets` of the same file says where each begins and the last ends.

    Raises:
        OutsideError: The file has no such arrays, or a part of one is no such JPEG picture.
    """
    path = files[images.partition("/")[0]]
    content = read_npz(path, images.partition("/")[2])
    ends = read_npz(path, "offsets", "<i8")
    if ends.ndim != 1 or len(ends) < 2 or ends[0] or ends[-1] != len(content):
        raise OutsideError(
            f"{path}: offsets: found {ends[:1]} to {ends[-1:]}; expected 0 to {len(content)}"
        )
    if (np.diff(ends) <= 0).any():
        raise OutsideError(f"{path}: offsets: found some that do not rise; expected rising ones")
    x = _decoded(path, 0, len(ends) - 1, lambda i: content[ends[i] : ends[i + 1]].tobytes())
    return labelled(files, x, labels)


def _decoded(path: Path, first: int, count: int, read: Callable[[int], bytes]) -> NDArray[np.uint8]:
    found = np.empty((count, 3, SIDE, SIDE), np.uint8)
    functional()  # loaded before several threads ask for it
    with ThreadPoolExecutor() as pool:
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            held = [(path, first + i, read(first + i)) for i in numbers]
            for i, face in zip(numbers, pool.map(_face, held), strict=True):
                found[i] = face
    return found


def _face(held: tuple[Path, int, bytes]) -> NDArray[np.uint8]:
    from PIL import Image

    path, number, content = held
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            if picture.size not in CROP:
                raise OutsideError(
                    f"{path}: photograph {number} has {picture.width} x {picture.height} pixels; "
                    f"expected {WHOLE[0]} x {WHOLE[1]}, or {HALF[0]} x {HALF[1]}"
                )
            side = CROP[picture.size]
            small = middle(picture.convert("RGB"), side, SIDE)
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        why = str(error).partition("\n")[0]
        raise OutsideError(
            f"{path}: photograph {number} is no whole JPEG picture ({why})"
        ) from None
    return small.transpose(2, 0, 1)
