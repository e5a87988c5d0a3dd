"""The tables of a manifest: files, splits, factors, and what is drawn at each access."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ae.spec import Count, Index, Table, Text
from ae.spec.syntax import FOREIGN
from ae.toml.file import shown


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
    Field(
        pattern=rf"^([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|{FOREIGN.pattern})$",
        description="'file.function' of ae/data, or 'package.module:function'",
    ),
]


class Place(Table):
    """Where a file is: `path` in a folder of `AE_DATA`, `mirrors` on the web; and its sha256.

    `recipe` says how a person makes or gets a file that has no mirror.
    """

    path: Inside
    sha256: Sha256
    mirrors: tuple[Web, ...]
    recipe: Text | None = None

    @property
    def basename(self) -> str:
        """The last part of the path: the file's name among the embedded ones and in the cache."""
        return PurePosixPath(self.path).name


class File(Place):
    """A file of a data set, of so many bytes; splits call it by its name."""

    name: Text
    bytes: Count


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


class Original(Place):
    """The file of the set that a rendered one makes anew: it is used instead where it is at hand.

    An .npz file of three arrays, whose rows are examples: `images` of bytes 0 and 1, `classes` with
    the place of each latent's value, `values` with the value. `latent` has the columns of the last
    two: all factors of the set, in their order, and others that have one value. `bytes` is left out
    where it is not known; `licence` and `note` are those of the file.
    """

    bytes: Count | None = None
    licence: Text
    note: str
    images: Text
    classes: Text
    values: Text
    latent: Annotated[tuple[Factor, ...], Field(min_length=1)]


Stored = File | Original
