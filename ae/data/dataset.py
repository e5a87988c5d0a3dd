"""A split of a data set on a device: one tensor of bytes, handed out as floats by index.

Of a set that is rendered, the bytes are the examples' factors; pixels are made when they are seen, or
unpacked, where its original file is at hand.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer, UInt8
from torch import Tensor

from ae.data.arrays import HIDDEN, Classes, arrays, chosen, hidden, of
from ae.data.functions import access_function, renderer
from ae.data.manifest import Manifest
from ae.data.noise import drawn
from ae.data.rendered import with_original
from ae.disk import digest
from ae.errors import UserError
from ae.library import Library
from ae.models.base import Batch, Draw

KEPT = 1 << 26  # pixels of a rendered set that are kept rather than made again


@dataclass(frozen=True)
class Dataset:
    """Examples of a split.

    Attributes:
        name: The data set's name.
        split: The split's name, and which of its classes where not all.
        x: Pixels 0..255, an example a row, before anything is drawn of them. Of a set that is
            rendered: the places of its factors' values.
        y: Labels; -1 where the label is hidden.
        shape: The shape of an example.
        available: How many examples of these classes the split has; `x` may hold fewer.
        sha256: Of the bytes of `x` and `y` as they are used, and of how examples are drawn of them.
        manifest: Where it all comes from.
        labelled: How many examples show their label; None where all do.
        by_seed: Whether these are others for each seed. `y` then holds all labels, and who trains
            hides what `told` leaves out.
        stream: What the noise of evaluation depends on, beside the manifest's seed and the split.
        images: Of a rendered set whose original file is at hand: its images, eight pixels a byte.
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
    by_seed: bool = False
    stream: str = ""
    images: UInt8[Tensor, "examples bytes"] | None = None

    @property
    def described(self) -> str:
        """The split's name, and how many labels are shown where not all are."""
        return self.split + ("" if self.labelled is None else f" ({self.labelled} labelled)")

    @property
    def hidden(self) -> int:
        """How many examples hide their label from whoever learns."""
        if self.labelled is None or not self.by_seed:
            return int((self.y == HIDDEN).sum())
        return len(self.y) - self.labelled

    def told(self, seed: int) -> Bool[Tensor, " examples"]:
        """Which examples show their label to a seed."""
        if not self.by_seed:
            return self.y != HIDDEN
        assert self.labelled is not None
        found = chosen(self.y.cpu().numpy(), self.labelled, seed)
        return torch.from_numpy(found).to(self.y.device)

    def clean(self, index: Int[Tensor, "*many"]) -> Float[Tensor, "*many features"]:
        """Images by index, as floats in [0, 1]: what examples are drawn of, if they are drawn."""
        if not self.manifest.factor:
            return self.x[index].to(torch.get_default_dtype()).div_(255)
        if self._kept is not None:
            return self._kept[index].to(torch.get_default_dtype())
        return self._seen(index).to(torch.get_default_dtype())

    @property
    def origin(self) -> str:
        """Which of the two was used of a set that is an original file or rendered; else ""."""
        return self.manifest.origin(original=self.images is not None)

    @property
    def features(self) -> int:
        """How many pixels an example has."""
        return math.prod(self.shape)

    @property
    def row(self) -> int:
        """Bytes that an example takes."""
        packed = 0 if self.images is None else self.images.shape[1]
        return self.x.shape[1] + packed + self.features * self.keeps

    @property
    def factors(self) -> dict[str, Int[Tensor, " examples"]]:
        """The place of each factor's value among its values; none where the set is not rendered."""
        names = [f.name for f in self.manifest.factor]
        return {name: self.x[:, i].long() for i, name in enumerate(names)}

    def render(self, places: Integer[Tensor, "*many factors"]) -> Float[Tensor, "*many features"]:
        """The images of these places of the factors' values as they are drawn, not the original's."""
        return self._rendered(places).to(torch.get_default_dtype())

    def _rendered(self, places: Integer[Tensor, "*many factors"]) -> Bool[Tensor, "*many features"]:
        flat = places.flatten(0, -2).double().unbind(-1)
        values = [
            f.first + (f.last - f.first) / max(1, f.count - 1) * place
            for f, place in zip(self.manifest.factor, flat, strict=True)
        ]
        made = self._renderer(*values, size=self.shape)
        return made.reshape(*places.shape[:-1], self.features)

    def _seen(self, index: Int[Tensor, "*many"]) -> Bool[Tensor, "*many features"]:
        """The images of a rendered set: drawn, or the original's."""
        if self.images is None:
            return self._rendered(self.x[index])
        bits = torch.arange(7, -1, -1, dtype=torch.uint8, device=index.device)
        pixels = self.images[index].unsqueeze(-1) >> bits & 1
        return pixels.flatten(-2)[..., : self.features].bool()

    @cached_property
    def _kept(self) -> Bool[Tensor, "examples features"] | None:
        """The images of a rendered set, where they are few enough to be made once and kept."""
        return self._seen(torch.arange(len(self.x), device=self.x.device)) if self.keeps else None

    @property
    def keeps(self) -> bool:
        """Whether the set is rendered, and small enough for its images to be made once and kept."""
        return bool(self.manifest.factor) and len(self.x) * self.features <= KEPT

    @cached_property
    def _renderer(self) -> Callable[..., Tensor]:
        return renderer(self.manifest)

    def batch(self, index: Int[Tensor, "*many"]) -> Batch:
        """Examples by index, always the same; `index` may have any leading axes.

        The clean images, in [0, 1]; where the manifest has `[access]`, what is drawn of them, which
        may be any real numbers.
        """
        access = self.manifest.access
        if access is None:
            return Batch(self.clean(index), self.y[index])
        name = f"{self.manifest.seed}/{self.split}/access{self.stream}"
        return self.with_noise(index, drawn(access.law, name, index, self.features))

    @property
    def fresh(self) -> Draw | None:
        """The noise that an example consumes whenever a model learns from it, if any."""
        access = self.manifest.access
        if access is None or access.train == "fixed":
            return None
        return Draw(access.law, (self.features,))

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
        return access_function(self.manifest, self.manifest.access)


def load(
    manifest: Manifest,
    split: str,
    *,
    limit: int | Literal["all"],
    library: Library,
    device: str,
    only: Classes = "all",
    labelled: int | Literal["all"] = "all",
    by_seed: bool = False,
) -> Dataset:
    """The first `limit` examples of a split that are of the classes `only`, verified, on a device.

    Of these, `labelled` show their label: the first of every class, then the second of every class
    and so on, in the order of the split; the labels of the others are -1. Nothing is drawn. With
    `by_seed` the order is one of each seed's own: `Dataset.told`.

    Raises:
        UserError: There is no such split, or it has fewer of these examples.
        OutsideError: A file is missing, damaged or cannot be downloaded.
    """
    x, y, available = arrays(manifest, split, limit, library, only)
    by_seed = by_seed and labelled != "all"
    if labelled != "all":
        if labelled > len(y):
            raise UserError(
                f"data set {manifest.name!r}, split {split + of(only, manifest)!r}: labelled "
                f"{labelled} exceeds the {len(y)} examples"
            )
        y = y if by_seed else hidden(y, labelled)
    x = np.ascontiguousarray(x).reshape(len(x), -1)
    seen = hashlib.sha256(x.data)  # no copy: a training set of photographs is 150 MB and more
    seen.update(y.astype("<i8").tobytes())
    sha256 = seen.hexdigest()
    if manifest.access is not None:
        access_function(manifest, manifest.access)
        rule = manifest.access.model_dump()
        sha256 = digest({"x, y": sha256, "access": rule, "seed": manifest.seed, "split": split})
    if by_seed:
        sha256 = digest({"x, y": sha256, "labelled by seed": labelled})
    data = Dataset(
        name=manifest.name,
        split=split + of(only, manifest),
        x=torch.tensor(x),
        y=torch.tensor(y.astype(np.int64)),
        shape=manifest.shape,
        available=available,
        sha256=sha256,
        manifest=manifest,
        labelled=None if labelled == "all" else labelled,
        by_seed=by_seed,
    )
    if manifest.factor:
        data = with_original(data, library)
    images = None if data.images is None else data.images.to(device)
    return replace(data, x=data.x.to(device), y=data.y.to(device), images=images)
