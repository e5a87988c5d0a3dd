"""A small source tree with a data set and a spec, for the tests of what is checked against them."""

from pathlib import Path

import pytest
from author2014 import TEXT

from ae.check import check_spec
from ae.errors import UserError
from ae.library import Library

NAME = "benchmarks/author2014-model.toml"

BASE = """
class Autoencoder(nn.Module, ABC):
    draws: dict
    @abstractmethod
    def objective(self, batch, noise): ...
    def draws_for(self, objective: str, layer): ...
"""
SPARSE = '''
from typing import Literal
from ae.models.base import Autoencoder

class Sparse(Autoencoder):
    rate: "Float[Tensor, '']"

    def __init__(
        self, features: int, *, hidden: list[int], k: int, rate: float, tied: bool = True,
        activation: Literal["relu", "tanh"] = "relu", clip: float | None = None,
    ) -> None:
        super().__init__()
        self.encoder = mlp(hidden)
        self.decoder, self._cache = mlp(hidden), None
        self.register_buffer("rate", torch.tensor(rate))

    def objective(self, batch, noise): ...
    def reconstruct(self, batch, noise, *, layer: int): ...
    def denoise(self, batch, noise): ...
    def reset(self): ...
    def encode(self, x): ...
    @property
    def width(self): ...

class Wide(Sparse):
    """No constructor of its own."""

def helper(): ...
class Plain: ...
'''
LINEAR = """
from ae.models import base

class PCA(base.Autoencoder):
    def __init__(self, features: int, *, latent: int) -> None: ...
    def fit(self, x): ...
    def reset(self): ...
    def objective(self, batch, noise): ...
"""
PROBE = """
def error(trained: Trained, *, split: str, steps: int = 10) -> Tensor: ...
def sparsity(trained: Trained) -> Tensor: ...
def _private(trained): ...
"""
FILTERS = """
def grid(runs: list[Trained], *, rows: int) -> Drawing: ...
"""
IDX = """
def digits(files: dict[str, Path], images: str, labels: str) -> tuple: ...
def turned(x, split: str, seed: int): ...
def noisy(x, normal): ...
"""
DIGITS = """
title = "Digits"
url = "https://example.org/"
licence = "none"
citation = "nobody"
note = ""
shape = [8, 8]
classes = 10
decode = "idx.digits"

[[file]]
name = "x"
path = "digits/x.gz"
bytes = 10
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
mirrors = []

[[file]]
name = "y"
path = "digits/y.gz"
bytes = 10
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
mirrors = []

[splits]
train = { images = "x", labels = "y" }
test = { images = "x", labels = "y" }
"""
TURNED = (
    DIGITS[: DIGITS.index("decode")]
    + """
decode = "idx.turned"
derives = "digits"
seed = 1

[splits.train]
pieces = [{ split = "train", first = 0, count = 5 }]

[access]
function = "idx.noisy"
law = "normal"
train = "fresh"
test = "fixed"
"""
)


def small_tree(tmp_path: Path) -> Path:
    """A root with a package of a few files, a data set and a spec."""
    files = {
        "ae/models/__init__.py": "",
        "ae/models/base.py": BASE,
        "ae/models/sparse.py": SPARSE,
        "ae/models/linear.py": LINEAR,
        "ae/metrics/probe.py": PROBE,
        "ae/figures/filters.py": FILTERS,
        "ae/data/idx.py": IDX,
        "datasets/digits.toml": DIGITS,
        NAME: TEXT,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def message(root: Path, text: str) -> str:
    (root / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        check_spec(root / NAME, Library.at(root))
    return str(caught.value)
