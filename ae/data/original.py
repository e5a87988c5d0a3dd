"""The original file of a rendered set: its images, packed, found by the latents beside them.

The file is read in blocks and nothing of it is unpickled, so that memory is bounded by what is kept:
a bit a pixel of the examples that are asked for, and some 50 bytes for each row of the file.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ae.data import npz
from ae.data.manifest import Manifest, Original
from ae.data.places import locate
from ae.errors import OutsideError
from ae.library import Library

CLOSE = 1e-6  # by which a value of the file may differ from the manifest's
APART = 0.005  # share of the pixels in which drawn images may differ on average; a row off is 0.01


def images(
    manifest: Manifest, places: NDArray[np.uint8], library: Library
) -> tuple[Path, NDArray[np.uint8]] | None:
    """The file, and the images of these `places` (n, factors): (n, bytes), eight pixels a byte.

    The first pixel is in the highest bit. None where the file is not on this machine: it is not
    looked for on mirrors.

    Raises:
        OutsideError: One line naming the file, place, found and expected.
    """
    original = manifest.original
    path = None if original is None else locate(manifest, original, library)
    if original is None or path is None:
        return None
    combination = _combinations(manifest, original, path)
    target = np.full(manifest.size, -1)
    target[np.ravel_multi_index(tuple(places.T), _counts(manifest))] = np.arange(len(places))
    x = np.empty((len(places), -(-np.prod(manifest.shape) // 8)), np.uint8)
    first = 0
    for block in npz.blocks(path, original.images, npz.BYTES, (manifest.size, *manifest.shape)):
        if block.max() > 1:
            row = int((block > 1).reshape(len(block), -1).any(-1).argmax())
            raise OutsideError(
                f"{path}: array {original.images!r}, image {first + row}: found the value "
                f"{block[row].max()}; expected 0 and 1"
            )
        where = target[combination[first : first + len(block)]]
        kept = where >= 0
        x[where[kept]] = np.packbits(block.reshape(len(block), -1)[kept], axis=1)
        first += len(block)
    return path, x


def agreement(path: Path, wrong: NDArray[np.int64], pixels: int) -> str:
    """How well the first images agree with those that are drawn of their factors, in words.

    Args:
        path: The file.
        wrong: The pixels of each image in which the two differ.
        pixels: How many an image has.

    Raises:
        OutsideError: They are so far apart that the images cannot be those of the latents.
    """
    exact, mean = int((wrong == 0).sum()), wrong.mean()
    said = (
        f"{exact} of the first {len(wrong)} are drawn exactly, {mean:.2g} pixels are off on average"
    )
    if mean > APART * pixels:
        raise OutsideError(
            f"{path}: its images are not those of its latents: of the images that these give, {said}; "
            f"expected at most {APART * pixels:g}"
        )
    return said


def manifest(rendered: Manifest, said: str) -> Manifest:
    """The manifest of a set whose original is used; `said` is how well drawn images agree with it."""
    original = rendered.original
    assert original is not None
    note = (
        f"The original file, sha256 {original.sha256}; no image is re-rendered, whatever a deviation "
        f"says of that. Of the images that its latents give by the renderer, {said}. {original.note}"
    )
    return rendered.model_copy(update={"note": note.strip(), "licence": original.licence})


def _counts(manifest: Manifest) -> tuple[int, ...]:
    return tuple(f.count for f in manifest.factor)


def _combinations(manifest: Manifest, original: Original, path: Path) -> NDArray[np.int64]:
    """Which combination of the factors' values each row has, by its latents; each occurs once."""
    latent, shape = original.latent, (manifest.size, len(original.latent))
    own = [[c.name for c in latent].index(f.name) for f in manifest.factor]
    most = np.array([c.count - 1 for c in latent])
    begin = np.array([c.first for c in latent])
    step = np.array([(c.last - c.first) / max(1, c.count - 1) for c in latent])
    found, first = np.empty(manifest.size, np.int64), 0
    for classes, values in zip(
        npz.blocks(path, original.classes, "<i8", shape),
        npz.blocks(path, original.values, "<f8", shape),
        strict=True,
    ):
        if (place := _first((classes < 0) | (classes > most))) is not None:
            row, column = place
            raise OutsideError(
                f"{path}: array {original.classes!r}, row {first + row}: found {classes[place]} for "
                f"{latent[column].name!r}; expected 0 to {most[column]}"
            )
        expected = begin + step * classes
        if (place := _first(~(abs(values - expected) <= CLOSE))) is not None:
            row, column = place
            raise OutsideError(
                f"{path}: array {original.values!r}, row {first + row}: found {values[place]:g} for "
                f"{latent[column].name!r}; expected {expected[place]:g}, for {original.classes!r} "
                f"says {classes[place]}"
            )
        indices = tuple(classes[:, own].T)
        found[first : first + len(classes)] = np.ravel_multi_index(indices, _counts(manifest))
        first += len(classes)
    repeated = np.flatnonzero(np.bincount(found, minlength=manifest.size)[found] > 1)
    if len(repeated):
        same = np.flatnonzero(found == found[repeated[0]])
        raise OutsideError(
            f"{path}: array {original.classes!r}, row {same[1]}: found the latents of row {same[0]} "
            "again; expected every combination once"
        )
    return found


def _first(wrong: NDArray[np.bool_]) -> tuple[int, int] | None:
    """The first place that is wrong, if any is."""
    places = np.argwhere(wrong)
    return (int(places[0, 0]), int(places[0, 1])) if len(places) else None
