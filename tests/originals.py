"""A small set of sprites and its original file, which the renderer itself made."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from ae.data.manifest import Manifest, read_manifest
from ae.data.sprites import dsprites

FILE = "original.npz"
COUNTS = {"shape": 3, "scale": 2, "orientation": 3, "x": 4, "y": 4}
DRAWN = {
    "shape": (0, 2),
    "scale": (0.5, 1),
    "orientation": (0, 0.3),
    "x": (0.3, 0.7),
    "y": (0.3, 0.7),
}
LATENTS = {
    "color": (1, 1),
    "shape": (1, 3),
    "scale": (0.5, 1),
    "orientation": (0, 2),
    "x": (0, 1),
    "y": (0, 1),
}
SIZE = 3 * 2 * 3 * 4 * 4
HEAD = """
title = "Sprites"
url = "https://example.org/"
licence = "made anew"
citation = "nobody"
note = "Re-rendered."
shape = [{side}, {side}]
classes = 3
publish = true
decode = "sprites.dsprites"
seed = 5
"""


def table(kind: str, name: str, ends: tuple[float, float], count: int) -> str:
    first, last = map(float, ends)
    return f'[[{kind}]]\nname = "{name}"\nfirst = {first}\nlast = {last}\ncount = {count}\n'


def described(
    folder: Path, sha256: str | None, side: int = 16, mirrors: tuple[str, ...] = ()
) -> Path:
    """Writes `folder`/sprites.toml: of a set whose original has that sha256, or that has none."""
    parts = [HEAD.format(side=side)]
    parts += [table("factor", name, DRAWN[name], count) for name, count in COUNTS.items()]
    if sha256 is not None:
        parts.append(
            f'[original]\npath = "there/{FILE}"\nsha256 = "{sha256}"\nmirrors = {list(mirrors)}\n'
            'licence = "the original\'s"\nnote = "Of old."\nimages = "imgs"\nclasses = "classes"\n'
            'values = "values"\n'
        )
        parts += [
            table("original.latent", name, ends, COUNTS.get(name, 1))
            for name, ends in LATENTS.items()
        ]
    path = folder / "sprites.toml"
    path.write_text("\n".join(parts) + f"\n[splits.all]\ncount = {SIZE}\n")
    return path


def content(side: int = 16) -> dict[str, np.ndarray]:
    """The arrays that the original holds: rendered, all combinations in their order."""
    places = np.stack(np.unravel_index(np.arange(SIZE), [*COUNTS.values()]), -1)
    ends = np.array([*DRAWN.values()], np.float64)
    drawn = torch.from_numpy(_values(ends, [*COUNTS.values()], places))
    classes = np.concatenate([np.zeros((SIZE, 1), np.int64), places], 1)
    ends = np.array([*LATENTS.values()], np.float64)
    return {
        "imgs": dsprites(*drawn.T, size=(side, side)).numpy().astype(np.uint8),
        "classes": classes,
        "values": _values(ends, [1, *COUNTS.values()], classes),
    }


def _values(ends: np.ndarray, counts: list[int], places: np.ndarray) -> np.ndarray:
    return ends[:, 0] + (ends[:, 1] - ends[:, 0]) / np.maximum(1, np.array(counts) - 1) * places


def saved(arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, version=(1, 0))
            archive.writestr(f"{name}.npy", member.getvalue())
    return stream.getvalue()


def at_hand(root: Path, file: bytes, side: int = 16) -> Manifest:
    """The manifest of a set whose original lies in the project."""
    (root / "datasets" / "sprites").mkdir(parents=True, exist_ok=True)
    (root / "datasets" / "sprites" / FILE).write_bytes(file)
    return read_manifest(described(root / "datasets", hashlib.sha256(file).hexdigest(), side))
