"""What a data set is: its files with checksums and mirrors, its splits, its terms.

One TOML file a set under `datasets/`. Nothing here imports torch, and nothing is unpickled.
"""

import math
import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ae.errors import UserError
from ae.spec import Count, Index, Name, Table, Text
from ae.tables import Refused, parse
from ae.toml import load, located, no_such, shown


def _inside(path: str) -> str:
    part = r"[A-Za-z0-9_][A-Za-z0-9._+-]*"
    if not re.fullmatch(rf"{part}(/{part})*", path) or len(path) > 200:
        raise ValueError(
            f"found {shown(path)}; expected a relative path of letters, digits and . _ + - "
            "whose parts begin with none of . + -"
        )
    return path


def _web(url: str) -> str:
    address = re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::([0-9]{1,5}))?/[!-~]*", url)
    if address is None or int(address[1] or 0) > 65535:
        raise ValueError(
            f"found {shown(url)}; expected an address http(s)://host/... in plain characters"
        )
    return url


MOST = 1 << 24  # examples that are made, combinations of factors, pixels of an example
Kind = Literal["filed", "derived", "generated", "rendered"]
EXPECTED = "images and labels, or images, or pieces, or count"
FORMS: dict[Kind, str] = {
    "filed": "images and labels",
    "derived": "pieces",
    "generated": "count",
    "rendered": "count",
}
Inside = Annotated[str, AfterValidator(_inside)]
Web = Annotated[str, AfterValidator(_web)]
Sha256 = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="a sha256: 64 digits of 0-9 and a-f")
]

Decoder = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", description="'file.function' of ae/data"),
]


class File(Table):
    """A file of a data set: `path` is where it lies in a folder of `AE_DATA`.

    `recipe` says how a person makes or gets a file that has no mirror.
    """

    name: Text
    path: Inside
    bytes: Count
    sha256: Sha256
    mirrors: tuple[Web, ...]
    recipe: Text | None = None

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
    """A split: files for images and labels, pieces of another set's splits, or so many to make.

    `images` and `labels` name a file, or an array of it as `file/array`; examples without labels
    have the label 0. `first` and `count` take only these rows of the files. `count` alone is the
    number of examples of a set that is generated.
    """

    images: str | None = None
    labels: str | None = None
    first: Index | None = None
    count: Count | None = None
    pieces: tuple[Piece, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = {key for key in ("images", "labels", "pieces") if getattr(self, key)}
        if given not in ({"images", "labels"}, {"images"}, {"pieces"}, set()):
            raise ValueError(f"found {', '.join(sorted(given))}; expected {EXPECTED}")
        if not given and (self.count is None or self.first is not None):
            raise ValueError(
                f"found {'nothing' if self.count is None else 'first'}; expected {EXPECTED}"
            )
        if given and (self.first is None) != (self.count is None):
            raise ValueError("found one of first and count; expected both or neither")
        if self.pieces and self.count is not None:
            raise ValueError("first and count are of files; pieces have their own")
        return self

    @property
    def kind(self) -> Kind:
        """What sort of set the split is one of."""
        if self.pieces:
            return "derived"
        return "generated" if self.images is None else "filed"


class Access(Table):
    """Examples that are drawn when they are accessed: `function` of a pixel and of noise.

    The noise is standard normal or uniform on [0, 1), a number a pixel. `train` holds while a model
    learns, `test` where it is evaluated, on whichever split: `fresh` noise is new, `fixed` noise
    is that of the manifest's seed.
    """

    function: Decoder
    law: Literal["normal", "uniform"]
    train: Literal["fresh", "fixed"]
    test: Literal["fresh", "fixed"]


class Factor(Table):
    """A factor of a rendered set: `count` values from `first` to `last`, equally far apart."""

    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="a name such as scale or position_x")
    ]
    first: float
    last: float
    count: Annotated[int, Field(ge=1, le=256, description="a whole number from 1 to 256")]


class Manifest(Table):
    """A data set: with files; derived from another, which `derives` names; or generated.

    The last two draw from `seed` alone. A generated set with factors is rendered: its examples are
    all combinations of their values, in the order that `seed` draws, and pixels are made when an
    example is seen. The label is the place of the first factor's value.
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

    @property
    def size(self) -> int:
        """How many combinations the factors' values have."""
        return math.prod(f.count for f in self.factor)

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


def find_manifest(name: str, folder: Path) -> Manifest:
    """The manifest of a data set by its name.

    Raises:
        UserError: There is none of that name; the message lists those there are.
    """
    known = {path.stem: path for path in folder.glob("*.toml")}
    if name not in known:
        raise UserError(f"{folder}: {no_such('data set', name, sorted(known))}")
    return read_manifest(known[name])


def find_split(manifest: Manifest, name: str) -> Split:
    """A split of a data set by its name.

    Raises:
        UserError: There is none of that name; the message lists those there are.
    """
    if name not in manifest.splits:
        raise UserError(f"data set {manifest.name!r}: {no_such('split', name, manifest.splits)}")
    return manifest.splits[name]


def find_source(manifest: Manifest, folder: Path) -> Manifest:
    """The set that holds the files: the one that this one derives from, or itself.

    Raises:
        UserError: There is no such set, or it cannot be derived from.
    """
    if manifest.derives is None:
        return manifest
    source = find_manifest(manifest.derives, folder)
    if fault := misderived(manifest, source):
        raise UserError(f"{folder / manifest.name}.toml: {fault}")
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
