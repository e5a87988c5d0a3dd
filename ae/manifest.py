"""What a data set is: its files with checksums and mirrors, its splits, its terms.

One TOML file a set under `datasets/`. Nothing here imports torch, and nothing is unpickled.
"""

import difflib
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ae.errors import UserError
from ae.spec import Count, Index, Table, Text
from ae.tables import Refused, parse
from ae.toml import load, located


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not pure.name:
        raise ValueError(f"found {path!r}; expected a relative path without '..'")
    return path


def _web(url: str) -> str:
    if not re.match(r"https?://[^/]+/", url):
        raise ValueError(f"found {url!r}; expected an address that begins with http(s)://")
    return url


Inside = Annotated[str, AfterValidator(_inside)]
Web = Annotated[str, AfterValidator(_web)]
Sha256 = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="a sha256: 64 digits of 0-9 and a-f")
]


class File(Table):
    """A file of a data set: `path` is where it lies in a folder of `AE_DATA`."""

    name: Text
    path: Inside
    bytes: Count
    sha256: Sha256
    mirrors: tuple[Web, ...]

    @property
    def basename(self) -> str:
        """The last part of the path: the file's name among the embedded ones and in the cache."""
        return PurePosixPath(self.path).name


class Piece(Table):
    """`count` consecutive examples of a split of the set that this one derives from."""

    split: Text
    first: Index
    count: Count


class Split(Table):
    """A split: files for images and labels, or pieces of another set's splits."""

    images: str | None = None
    labels: str | None = None
    pieces: tuple[Piece, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.images is None) == (not self.pieces):
            raise ValueError("found both or neither of 'images' and 'pieces'; expected one")
        return self


class Manifest(Table):
    """A data set. A derived one names its source in `derives` and draws from `seed` alone."""

    name: str = ""
    title: Text
    url: Web
    licence: Text
    citation: Text
    note: str
    shape: Annotated[tuple[Count, ...], Field(min_length=1)]
    classes: Count
    decode: Annotated[
        str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", description="'file.function' of ae/data")
    ]
    derives: str | None = None
    seed: int | None = None
    file: tuple[File, ...] = ()
    splits: dict[str, Split]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = {f.name for f in self.file}
        if len(names) < len(self.file):
            raise ValueError("two [[file]] tables have the same name")
        if (self.derives is None) == (not self.file):
            raise ValueError("found both or neither of 'derives' and [[file]]; expected one")
        if (self.derives is None) != (self.seed is None):
            raise ValueError("'seed' belongs to a set that 'derives' from another, and to no other")
        for split in self.splits.values():
            for wanted in (split.images, split.labels):
                if wanted is not None and wanted not in names:
                    raise ValueError(f"a split names the file {wanted!r}, which has no [[file]]")
        return self


def read_manifest(path: Path) -> Manifest:
    """Read one manifest; its name is the file's.

    Raises:
        UserError: One line naming file, table, key, found and expected.
    """
    raw = load(path, str(path))
    try:
        return parse(Manifest, raw).model_copy(update={"name": path.stem})
    except Refused as error:
        raise UserError(f"{path}: {located(raw, error.faults[0])}") from None


def find_manifest(name: str, folder: Path) -> Manifest:
    """The manifest of a data set by its name.

    Raises:
        UserError: There is none of that name; the message lists those there are.
    """
    path = folder / f"{name}.toml"
    if not path.exists() or path.parent != folder:
        known = sorted(p.stem for p in folder.glob("*.toml"))
        close = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise UserError(
            f"{folder}: no data set {name!r}{hint}; there are {', '.join(known) or 'none'}"
        )
    return read_manifest(path)
