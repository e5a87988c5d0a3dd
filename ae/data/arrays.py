"""From a manifest to the bytes and labels of a split."""

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from ae.data.files import fetch
from ae.data.functions import named, renderer
from ae.data.manifest import Manifest, Split, find_source, find_split
from ae.errors import UserError
from ae.library import Library

Limit = int | Literal["all"]
Classes = Sequence[int] | Literal["all"]
HIDDEN = -1  # the label of an example whose class is not told


def of(only: Classes, manifest: Manifest) -> str:
    """The classes in words, after the split's name; nothing where they are all."""
    if only == "all" or len(set(only)) == manifest.classes:
        return ""
    return f" (only {', '.join(map(str, sorted(only)))})"


def arrays(
    manifest: Manifest,
    name: str,
    limit: Limit,
    library: Library,
    only: Classes = "all",
) -> tuple[np.ndarray, np.ndarray, int]:
    """Images, labels, and how many there are in all; images beyond the limit are not made."""
    decode = named(manifest, "decode", manifest.decode)
    split = find_split(manifest, name)
    unmade = 0
    if manifest.factor:
        renderer(manifest)
        x, y = _combinations(manifest, split, name)
    elif split.kind == "generated":
        x, y, unmade = _generated(manifest, split, name, limit if only == "all" else "all")
    elif manifest.derives is None:
        files = dict(zip((f.name for f in manifest.file), fetch(manifest, library), strict=True))
        x, y = _rows(manifest, name, *decode(files, split.images, split.labels))
    else:
        x, y = _gathered(find_source(manifest, library), split, library)
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
            f"data set {manifest.name!r}, split {name + of(only, manifest)!r}: limit {count} "
            f"exceeds its {available} examples"
        )
    if not count:
        raise UserError(
            f"data set {manifest.name!r}, split {name + of(only, manifest)!r}: no examples"
        )
    # A derived image depends on its place in the split: they are made before classes are left out.
    end = int(chosen[count - 1]) + 1
    x, y = x[:end], y[:end]
    if manifest.derives is not None:
        x = decode(x, name, manifest.seed)
    if only != "all":
        x, y = x[chosen[:count]], y[chosen[:count]]
    if not manifest.factor and x.shape[1:] != manifest.shape:
        raise UserError(
            f"data set {manifest.name!r}: examples have shape {x.shape[1:]}; its manifest says "
            f"{manifest.shape}"
        )
    return x, y, available


def _generated(
    manifest: Manifest, split: Split, name: str, limit: Limit
) -> tuple[np.ndarray, np.ndarray, int]:
    """The first examples of a generated split, and how many more it has."""
    assert split.count is not None
    count = split.count if limit == "all" else min(limit, split.count)
    decode = named(manifest, "decode", manifest.decode)
    x, y = decode(name, count, manifest.seed)
    return x, y, split.count - count


def _combinations(manifest: Manifest, split: Split, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The places of the factors' values in the first examples of a split, and the first's.

    All combinations, sorted by the numbers that the set's seed and the split's name give them.
    """
    keys = np.random.PCG64(_number(f"{manifest.seed}/{name}/order")).random_raw(manifest.size)
    order = np.argsort(keys, kind="stable")[: split.count]
    places = np.unravel_index(order, [f.count for f in manifest.factor])
    x = np.stack(places, -1).astype(np.uint8)
    return x, x[:, 0]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


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


def _gathered(source: Manifest, split: Split, library: Library) -> tuple[np.ndarray, np.ndarray]:
    whole = {p.split: arrays(source, p.split, "all", library) for p in split.pieces}
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


def hidden(y: np.ndarray, shown: int) -> np.ndarray:
    """Labels, -1 but for the first `shown` by place within their class, then by place in the set."""
    rank = np.empty(len(y), dtype=np.int64)
    for label in np.unique(y):
        own = y == label
        rank[own] = np.arange(own.sum())
    told = np.argsort(rank, kind="stable")[:shown]
    found = np.full(len(y), HIDDEN, dtype=np.int64)
    found[told] = y[told]
    return found


def chosen(y: np.ndarray, shown: int, seed: int) -> np.ndarray:
    """Which labels `seed` shows: so many, as evenly over the classes as can be, else by chance."""
    order = np.argsort(np.random.PCG64(_number(f"{seed}/labels")).random_raw(len(y)), kind="stable")
    told = np.empty(len(y), dtype=np.bool_)
    told[order] = hidden(y[order], shown) != HIDDEN
    return told
