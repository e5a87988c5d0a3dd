"""A lab in a folder: its own images, decoder, model, measure and figure, and a spec of seconds."""

import hashlib
from pathlib import Path

import numpy as np

NAME = "doe2026-dae"
LAYERS = '''"""What the lab's nets share."""


def scale(x):
    return 1.0 * x
'''
NETS = '''"""A denoising autoencoder of the lab. https://example.org/doe"""

import torch
from torch import nn

from ae.maths.probability import log_bernoulli
from ae.models.base import Autoencoder, Draw, Objective

from .layers import scale


class DAE(Autoencoder):
    """Linear in, linear out."""

    sweeps = frozenset({"corruption"})

    def __init__(self, features: int, *, hidden: int, corruption: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(hidden, features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("corruption", torch.tensor(float(corruption)))
        self.draws = {"mask": Draw("uniform", (features,))}

    def encode(self, x):
        return scale(x @ self.weight.T)

    def reconstruct(self, x):
        return (self.encode(x) @ self.weight + self.bias).sigmoid()

    def filters(self):
        return self.weight

    def objective(self, batch, noise):
        kept = batch.x * (noise["mask"] >= self.corruption)
        logits = self.encode(kept) @ self.weight + self.bias
        loss = -log_bernoulli(batch.x.clamp(0, 1), logits)
        return Objective(loss, {"cross_entropy": loss})
'''
DATA = '''"""The lab's images: how they are read and seen."""

import numpy as np


def faces(files, images, labels):
    with np.load(files["faces"], allow_pickle=False) as found:
        x = found["images"]
    return x, np.zeros(len(x), np.uint8)


def same(x, split, seed):
    return x


def flicker(x, normal):
    return (x + 0.01 * normal).clamp(0, 1)
'''
MEASURES = '''"""What the lab measures."""

from ae.spec.facts import measure


@measure(label="Largest weight", unit="", better="lower")
def largest(trained, *, power: float):
    return [float(w.abs().max() ** power) for w in trained.stack.parameters["weight"]]
'''
PICTURES = '''"""What the lab draws."""

from ae.figures.filters import grid


def weights(runs, *, rows: int):
    return grid(runs, rows=rows, columns=2, seed_index=0)
'''
MANIFEST = """title = "Faces of the lab"
url = "https://example.org/faces"
licence = "CC0"
citation = "J. Doe"
note = ""
shape = [6, 5]
classes = 1
"""
FILED = """decode = "doelab.data:faces"

[[file]]
name = "faces"
path = "faces.npz"
bytes = {bytes}
sha256 = "{sha256}"
mirrors = []

[splits.train]
images = "faces"
first = 0
count = 96

[splits.test]
images = "faces"
first = 96
count = 32
"""
DERIVED = """decode = "doelab.data:same"
derives = "faces"
seed = 3

[access]
function = "doelab.data:flicker"
law = "normal"
train = "fresh"
test = "fixed"

[splits.train]
pieces = [{ split = "train", first = 0, count = 96 }]

[splits.test]
pieces = [{ split = "test", first = 0, count = 32 }]
"""


def images() -> np.ndarray:
    """128 pictures of 6 by 5 pixels."""
    return np.random.default_rng(7).integers(0, 256, (128, 6, 5), dtype=np.uint8)


def lay(folder: Path, spec: str) -> Path:
    """Lay the lab out; `spec` is the small project's, which it is made from."""
    for name in ("benchmarks", "datasets/faces", "doelab"):
        (folder / name).mkdir(parents=True)
    texts = {"layers": LAYERS, "nets": NETS, "data": DATA, "measures": MEASURES}
    for name, text in {**texts, "pictures": PICTURES}.items():
        (folder / "doelab" / f"{name}.py").write_text(text)
    np.savez_compressed(path := folder / "datasets" / "faces" / "faces.npz", images=images())
    content = path.read_bytes()
    filed = FILED.format(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    (folder / "datasets" / "faces.toml").write_text(MANIFEST + filed)
    (folder / "datasets" / "flickering.toml").write_text(MANIFEST + DERIVED)
    (folder / "benchmarks" / f"{NAME}.toml").write_text(own(spec))
    return folder


def own(spec: str) -> str:
    """The small project's spec with the lab's code and images in the place of ours."""
    changes = {
        'name = "mnist"': 'name = "flickering"',
        "limit = 320": 'limit = "all"',
        "test_limit = 100": 'test_limit = "all"',
        'class = "denoising.DAE"': 'class = "doelab.nets:DAE"',
        "hidden = 12": "hidden = 4",
        'function = "filters.grid"': 'function = "doelab.pictures:weights"',
        "columns = 4\nseed_index = 0\n": "",
        "[measure]": '[measure]\nlargest = { function = "doelab.measures:largest", power = 2.0 }',
        "rows = 3": "rows = 2",
    }
    for old, new in changes.items():
        assert old in spec, old
        spec = spec.replace(old, new)
    return spec
