"""What a data set is: its files with checksums and mirrors, its splits, its terms.

One TOML file a set under `datasets/`. Nothing here imports torch, and nothing is unpickled.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from ae.data.manifest_tables import (
    FORMS,
    MOST,
    Access,
    Decoder,
    Factor,
    File,
    Kind,
    Original,
    Piece,
    Split,
    Stored,
    Web,
)
from ae.errors import UserError
from ae.library import Library, near
from ae.spec import Count, Name, Table, Text
from ae.toml.file import load, located, no_such
from ae.toml.parse import Refused, parse

__all__ = [
    "Access",
    "Factor",
    "File",
    "Kind",
    "Manifest",
    "Original",
    "Piece",
    "Split",
    "Stored",
    "find_manifest",
    "find_source",
    "find_split",
    "misderived",
    "read_manifest",
]


class Manifest(Table):
    """A data set: with files; derived from another, which `derives` names; or generated.

    The last two draw from `seed` alone. A generated set with factors is rendered: its examples are
    all combinations of their values, in the order that `seed` draws, and pixels are made when an
    example is seen, or taken of the `original` file where that is at hand. The label is the place of
    the first factor's value.
    """

    name: str = ""
    title: Text
    url: Web
    licence: Text
    citation: Text
    note: str
    shape: Annotated[tuple[Count, ...], Field(min_length=1)]
    classes: Count
    publish: bool = False
    decode: Decoder
    derives: str | None = None
    seed: int | None = None
    access: Access | None = None
    file: tuple[File, ...] = ()
    factor: tuple[Factor, ...] = ()
    original: Original | None = None
    splits: Annotated[
        dict[Name, Split], Field(min_length=1, description="a table of one or more splits")
    ]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = {f.name for f in self.file}
        for what in ("name", "basename"):
            times = Counter(getattr(f, what) for f in self.file)
            if twice := [value for value in times if times[value] > 1]:
                raise ValueError(f"two [[file]] tables have the {what} {twice[0]!r}")
        if self.derives is not None and self.file:
            raise ValueError("found both 'derives' and [[file]]; expected one or neither")
        if bool(self.file) == (self.seed is not None):
            raise ValueError("a set without [[file]] has a 'seed', and no other has one")
        if self.access is not None and self.derives is None:
            raise ValueError("[access] belongs to a set that 'derives' from another")
        if math.prod(self.shape) > MOST:
            raise ValueError(
                f"shape: an example has {math.prod(self.shape)} pixels; expected at most {MOST}"
            )
        self._rendered()
        for key, split in self.splits.items():
            if split.kind != ("generated" if self.factor else self.kind):
                raise ValueError(
                    f"split {key!r} is that of a {split.kind} set; this set is {self.kind}: "
                    f"expected {FORMS[self.kind]}"
                )
            if split.count is not None and split.count > MOST:
                raise ValueError(
                    f"split {key!r}: count: found {split.count}; expected at most {MOST}"
                )
            for wanted in (split.images, split.labels):
                if wanted is not None and (file := wanted.partition("/")[0]) not in names:
                    raise ValueError(f"split {key!r}: {no_such('file', file, names)}")
        return self

    def _rendered(self) -> None:
        if not self.factor:
            if self.original is not None:
                raise ValueError("[original] belongs to a set with [[factor]]")
            return
        if self.file or self.derives is not None:
            raise ValueError("[[factor]] belongs to a set without [[file]] and without 'derives'")
        times = Counter(f.name for f in self.factor)
        if twice := [name for name in times if times[name] > 1]:
            raise ValueError(f"two [[factor]] tables have the name {twice[0]!r}")
        if self.size > MOST:
            raise ValueError(
                f"[[factor]]: the values have {self.size} combinations; expected at most {MOST}"
            )
        if self.original is not None:
            self._latent(self.original)
        if self.classes != self.factor[0].count:
            raise ValueError(
                f"classes: found {self.classes}; expected {self.factor[0].count}, the values of "
                f"the first factor, {self.factor[0].name!r}"
            )
        for key, split in self.splits.items():
            if split.kind == "generated" and split.count is not None and split.count > self.size:
                raise ValueError(
                    f"split {key!r}: count: found {split.count}; the factors have {self.size} "
                    "combinations"
                )

    def _latent(self, original: Original) -> None:
        """Refuse columns of the original file that are not the factors."""
        own = {f.name for f in self.factor}
        found = [(c.name, c.count) for c in original.latent if c.name in own or c.count > 1]
        expected = [(f.name, f.count) for f in self.factor]
        if found != expected:
            said, wanted = (", ".join(f"{n} ({k})" for n, k in t) for t in (found, expected))
            raise ValueError(
                f"[original]: latent: found {said or 'no factor'}; expected the factors and how many "
                f"values they have, {wanted}, and others of one value"
            )

    @property
    def size(self) -> int:
        """How many combinations the factors' values have."""
        return math.prod(f.count for f in self.factor)

    def origin(self, *, original: bool) -> str:
        """Which of the two was used of a set that has an original and can be rendered; else ""."""
        if self.original is None:
            return ""
        if original:
            return f"the original file, sha256 {self.original.sha256}"
        return "re-rendered, for the original file is not at hand"

    @property
    def kind(self) -> Kind:
        """Whether its examples lie in files, or what they are made from."""
        if self.factor:
            return "rendered"
        if self.derives is not None:
            return "derived"
        return "filed" if self.file else "generated"


def read_manifest(path: Path, where: str | None = None) -> Manifest:
    """Read one manifest; its name is the file's. Messages call the file `where`.

    Raises:
        UserError: One line naming file, table, key, found and expected.
    """
    where = where or str(path)
    raw = load(path, where)
    if "name" in raw:
        raise UserError(f"{where}: name: the file's name is the data set's; leave the key out")
    try:
        return parse(Manifest, raw).model_copy(update={"name": path.stem})
    except Refused as error:
        raise UserError(f"{where}: {located(raw, error.faults[0])}") from None


def find_manifest(name: str, library: Library) -> Manifest:
    """The manifest of a data set by its name.

    Raises:
        UserError: There is none of that name; the message lists those there are.
    """
    return read_manifest(library.manifest(name))


def find_split(manifest: Manifest, name: str) -> Split:
    """A split of a data set by its name.

    Raises:
        UserError: There is none of that name; the message lists those there are.
    """
    if name not in manifest.splits:
        raise UserError(f"data set {manifest.name!r}: {no_such('split', name, manifest.splits)}")
    return manifest.splits[name]


def find_source(manifest: Manifest, library: Library) -> Manifest:
    """The set that holds the files: the one that this one derives from, or itself.

    Raises:
        UserError: There is no such set, or it cannot be derived from.
    """
    if manifest.derives is None:
        return manifest
    source = find_manifest(manifest.derives, library)
    if fault := misderived(manifest, source):
        raise UserError(f"{near(library.manifest(manifest.name))}: {fault}")
    return source


def misderived(manifest: Manifest, source: Manifest) -> str | None:
    """What keeps a set from deriving from `source`, if anything does."""
    if source.derives is not None:
        return f"derives: {source.name!r} derives itself; expected a set with files of its own"
    for name, split in manifest.splits.items():
        for piece in split.pieces:
            if piece.split not in source.splits:
                missing = no_such("split", piece.split, source.splits)
                return f"[splits.{name}]: pieces: data set {source.name!r}: {missing}"
    return None
