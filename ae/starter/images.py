"""A data set of a file of images: its manifest."""

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

from ae.data.npz import read_npz
from ae.errors import UserError

TEST = 6  # one image of so many is a test image
MANIFEST = """title = "{name}"
url = "https://example.org/"
licence = "not stated"
citation = "not stated"
note = "In the order of the file; the last {test} images are the test set."
shape = {shape}
classes = {classes}
decode = "npz.images"

[[file]]
name = "{name}"
path = "{file}"
bytes = {bytes}
sha256 = "{sha256}"
mirrors = []

[splits.train]
images = "{name}/images"{labels}
first = 0
count = {train}

[splits.test]
images = "{name}/images"{labels}
first = {train}
count = {test}
"""


class ImageFile(NamedTuple):
    """A file of images, and what is known of it.

    Attributes:
        name: Of the data set.
        path: The file.
        train: How many training images.
        test: How many test images.
        manifest: The text of the manifest.
    """

    name: str
    path: Path
    train: int
    test: int
    manifest: str


def image_file(path: Path) -> ImageFile:
    """A data set of the bytes `images`, and `labels` if there are any, of an `.npz` file.

    Raises:
        UserError: The file's name is none for a data set, or it has too few images.
        OutsideError: It holds no such array of bytes.
    """
    name = path.stem.lower()
    if path.suffix != ".npz" or not name.replace("-", "").isalnum() or not name.isascii():
        raise UserError(
            f"{path}: expected a name of letters, digits and hyphens with the ending .npz"
        )
    images = read_npz(path, "images")
    test = len(images) // TEST
    if images.ndim < 2 or test < 1:
        raise UserError(
            f"{path}: array 'images' has shape {images.shape}; expected (images, rows, columns) with "
            f"{TEST} images or more"
        )
    with zipfile.ZipFile(path) as archive:
        labelled = "labels.npy" in archive.namelist()
    content = path.read_bytes()
    text = MANIFEST.format(
        name=name,
        file=path.name,
        shape=list(images.shape[1:]),
        classes=int(read_npz(path, "labels").max()) + 1 if labelled else 1,
        labels=f'\nlabels = "{name}/labels"' if labelled else "",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        train=len(images) - test,
        test=test,
    )
    return ImageFile(name, path, len(images) - test, test, text)
