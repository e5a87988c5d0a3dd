"""A rendered set beside the original file that it makes anew."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from ae.data import original
from ae.disk import digest
from ae.library import Library

if TYPE_CHECKING:
    from ae.data.dataset import Dataset

PROBE = 200  # first examples whose pixels the digest of a rendered set is of


def with_original(data: "Dataset", library: Library) -> "Dataset":
    """A rendered set with its digest; with the images of its original where that is at hand.

    The digest is of the factors' places and values, of the first images as they come out, and of the
    original where it is used.
    """
    made = seen = data.render(data.x[:PROBE]).bool()
    facts: dict[str, object] = {"x, y": data.sha256, "shape": data.shape}
    facts["factors"] = [f.model_dump() for f in data.manifest.factor]
    if (found := original.images(data.manifest, data.x.numpy(), library)) is not None:
        path, packed = found
        data = replace(data, images=torch.from_numpy(packed))
        seen = data.clean(torch.arange(len(made))).bool()
        said = original.agreement(path, (made != seen).sum(1).numpy(), data.features)
        data = replace(data, manifest=original.manifest(data.manifest, said))
        facts["original"] = data.origin, hashlib.sha256(packed.tobytes()).hexdigest()
    facts["first"] = hashlib.sha256(seen.numpy().tobytes()).hexdigest()
    return replace(data, sha256=digest(facts))
