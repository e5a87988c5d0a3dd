"""A split of a data set on a device: one tensor of bytes, handed out as floats by index."""

import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ae.data.files import fetch
from ae.data.noise import drawn
from ae.errors import UserError
from ae.manifest import Access, Manifest, Split, find_source, find_split
from ae.models.base import Batch, Draw
from ae.record import digest

Classes = Sequence[int] | Literal["all"]
HIDDEN = -1  # the label of an example whose class is not told


@dataclass(frozen=True)
class Dataset:
    """Examples of a split.

    Attributes:
        name: The data set's name.
        split: The split's name, and which of its classes where not all.
        x: Pixels 0..255, an example a row, before anything is drawn of them.
        y: Labels; -1 where the label is hidden.
        shape: The shape of an example; its product is the length of a row.
        available: How many examples of these classes the split has; `x` may hold fewer.
        sha256: Of the bytes of `x` and `y` as they are used, and of how examples are drawn of them.
        manifest: Where it all comes from.
        labelled: How many examples show their label; None where all do.
        stream: What the noise of evaluation depends on, beside the manifest's seed and the split.
    """

    name: str
    split: str
    x: UInt8[Tensor, "examples features"]
    y: Int[Tensor, " examples"]
    shape: tuple[int, ...]
    available: int
    sha256: str
    manifest: Manifest
    labelled: int | None = None
    stream: str = ""

    @property
    def described(self) -> str:
        """The split's name, and how many labels are shown where not all are."""
        return self.split + ("" if self.labelled is None else f" ({self.labelled} labelled)")

    def clean(self, index: Int[Tensor, "*many"]) -> Float[Tensor, "*many features"]:
        """Images by index, as floats in [0, 1]: what examples are drawn of, if they are drawn."""
        return self.x[index].to(torch.get_default_dtype()).div_(255)

    def batch(self, index: Int[Tensor, "*many"]) -> Batch:
        """Examples by index, always the same; `index` may have any leading axes.

        The clean images, in [0, 1]; where the manifest has `[access]`, what is drawn of them, which
        may be any real numbers.
        """
        access = self.manifest.access
        if access is None:
            return Batch(self.clean(index), self.y[index])
        name = f"{self.manifest.seed}/{self.split}/access{self.stream}"
        return self.with_noise(index, drawn(access.law, name, index, self.x.shape[1]))

    @property
    def fresh(self) -> Draw | None:
        """The noise that an example consumes whenever a model learns from it, if any."""
        access = self.manifest.access
        if access is None or access.train == "fixed":
            return None
        return Draw(access.law, (self.x.shape[1],))

    def with_noise(
        self, index: Int[Tensor, "*many"], noise: Float[Tensor, "*many features"]
    ) -> Batch:
        """Examples by index, drawn by this noise; for sets whose manifest has `[access]`."""
        return Batch(self._function(self.clean(index), noise), self.y[index])

    def for_seeds(self, seeds: Sequence[int]) -> "Dataset":
        """The set as a run of these seeds is evaluated on it.

        The set itself, unless the manifest's `[access]` says `test = "fresh"`: then its noise is
        that of these seeds, in this order, and of no others.
        """
        access = self.manifest.access
        if access is None or access.test == "fixed":
            return self
        return replace(self, stream=f"/{'-'.join(map(str, seeds))}")

    @cached_property
    def _function(self) -> Callable[[Tensor, Tensor], Tensor]:
        assert self.manifest.access is not None
        return _access(self.manifest, self.manifest.access)


def load(
    manifest: Manifest,
    split: str,
    *,
    limit: int | Literal["all"],
    root: Path,
    device: str,
    only: Classes = "all",
    labelled: int | Literal["all"] = "all",
) -> Dataset:
    """The first `limit` examples of a split that are of the classes `only`, verified, on a device.

    Of these, `labelled` show their label: the first of every class, then the second of every class
    and so on, in the order of the split; the labels of the others are -1. Nothing is drawn.

    Raises:
        UserError: There is no such split, or it has fewer of these examples.
        OutsideError: A file is missing, damaged or cannot be downloaded.
    """
    x, y, available = _arrays(manifest, split, limit, root, only)
    if labelled != "all":
        if labelled > len(y):
            raise UserError(
                f"data set {manifest.name!r}, split {split + _of(only, manifest)!r}: labelled "
                f"{labelled} exceeds the {len(y)} examples"
            )
        y = _hidden(y, labelled)
    x = np.ascontiguousarray(x).reshape(len(x), -1)
    sha256 = hashlib.sha256(x.tobytes() + y.astype("<i8").tobytes()).hexdigest()
    if manifest.access is not None:
        _access(manifest, manifest.access)
        rule = manifest.access.model_dump()
        sha256 = digest({"x, y": sha256, "access": rule, "seed": manifest.seed, "split": split})
    return Dataset(
        name=manifest.name,
        split=split + _of(only, manifest),
        x=torch.tensor(x, device=device),
        y=torch.tensor(y.astype(np.int64), device=device),
        shape=manifest.shape,
        available=available,
        sha256=sha256,
        manifest=manifest,
        labelled=None if labelled == "all" else labelled,
    )


def _hidden(y: np.ndarray, shown: int) -> np.ndarray:
    """Labels, -1 but for the first `shown` by place within their class, then by place in the set."""
    rank = np.empty(len(y), dtype=np.int64)
    for label in np.unique(y):
        own = y == label
        rank[own] = np.arange(own.sum())
    told = np.argsort(rank, kind="stable")[:shown]
    found = np.full(len(y), HIDDEN, dtype=np.int64)
    found[told] = y[told]
    return found


def _of(only: Classes, manifest: Manifest) -> str:
    """The classes in words, after the split's name; nothing where they are all."""
    if only == "all" or len(set(only)) == manifest.classes:
        return ""
    return f" (only {', '.join(map(str, sorted(only)))})"


def _arrays(
    manifest: Manifest,
    name: str,
    limit: int | Literal["all"],
    root: Path,
    only: Classes = "all",
) -> tuple[np.ndarray, np.ndarray, int]:
    """Images, labels, and how many there are in all; images beyond the limit are not made."""
    decode = _named(manifest, "decode", manifest.decode)
    split = find_split(manifest, name)
    unmade = 0
    if split.kind == "generated":
        x, y, unmade = _generated(manifest, split, name, limit if only == "all" else "all")
    elif manifest.derives is None:
        files = dict(zip((f.name for f in manifest.file), fetch(manifest, root), strict=True))
        x, y = _rows(manifest, name, *decode(files, split.images, split.labels))
    else:
        x, y = _gathered(find_source(manifest, root / "datasets"), split, root)
    if y.max() >= manifest.classes:
        raise UserError(
            f"data set {manifest.name!r}: found the label {y.max()}; its manifest says "
            f"{manifest.classes} classes, from 0"
        )
    chosen = np.arange(len(y)) if only == "all" else np.flatnonzero(np.isin(y, only))
    available = len(chosen) + unmade
    count = available if limit == "all" else limit
    if count > available:
        raise UserError(
            f"data set {manifest.name!r}, split {name + _of(only, manifest)!r}: limit {count} "
            f"exceeds its {available} examples"
        )
    if not count:
        raise UserError(
            f"data set {manifest.name!r}, split {name + _of(only, manifest)!r}: no examples"
        )
    # A derived image depends on its place in the split: they are made before classes are left out.
    end = int(chosen[count - 1]) + 1
    x, y = x[:end], y[:end]
    if manifest.derives is not None:
        x = decode(x, name, manifest.seed)
    if only != "all":
        x, y = x[chosen[:count]], y[chosen[:count]]
    if x.shape[1:] != manifest.shape:
        raise UserError(
            f"data set {manifest.name!r}: examples have shape {x.shape[1:]}; its manifest says "
            f"{manifest.shape}"
        )
    return x, y, available


def _generated(
    manifest: Manifest, split: Split, name: str, limit: int | Literal["all"]
) -> tuple[np.ndarray, np.ndarray, int]:
    """The first examples of a generated split, and how many more it has."""
    assert split.count is not None
    count = split.count if limit == "all" else min(limit, split.count)
    decode = _named(manifest, "decode", manifest.decode)
    x, y = decode(name, count, manifest.seed)
    return x, y, split.count - count


def _rows(
    manifest: Manifest, name: str, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that a split takes of its files."""
    split = find_split(manifest, name)
    if split.first is None or split.count is None:
        return x, y
    end = split.first + split.count
    if end > len(x):
        raise UserError(
            f"data set {manifest.name!r}, split {name!r}: takes examples up to {end}; its files "
            f"have {len(x)}"
        )
    return x[split.first : end], y[split.first : end]


def _access(manifest: Manifest, access: Access) -> Callable[[Tensor, Tensor], Tensor]:
    """The function that draws examples; its second parameter is named after the noise it takes."""
    function = _named(manifest, "[access]: function", access.function)
    if (found := [*inspect.signature(function).parameters]) != ["x", access.law]:
        raise UserError(
            f"data set {manifest.name!r}: [access]: function: {access.function} is of the form "
            f"({', '.join(found)}); expected (x, {access.law}), for the law is {access.law!r}"
        )
    return function


def _named(manifest: Manifest, key: str, path: str) -> Callable[..., Any]:
    file, _, name = path.partition(".")
    found = importlib.util.find_spec(f"ae.data.{file}") is not None
    function = getattr(importlib.import_module(f"ae.data.{file}"), name, None) if found else None
    if not callable(function):
        raise UserError(f"data set {manifest.name!r}: {key}: ae/data has no {path!r}")
    return cast(Callable[..., Any], function)


def _gathered(source: Manifest, split: Split, root: Path) -> tuple[np.ndarray, np.ndarray]:
    whole = {p.split: _arrays(source, p.split, "all", root) for p in split.pieces}
    for piece in split.pieces:
        if piece.first + piece.count > whole[piece.split][2]:
            raise UserError(
                f"data set {source.name!r}, split {piece.split!r}: a derived set asks for examples "
                f"up to {piece.first + piece.count}; it has {whole[piece.split][2]}"
            )
    parts = [
        tuple(a[p.first : p.first + p.count] for a in whole[p.split][:2]) for p in split.pieces
    ]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
