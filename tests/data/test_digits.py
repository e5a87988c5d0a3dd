"""scikit-learn's digits: against the file itself, levels without loss, and digits that are others."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
import sklearn
import torch

from ae.data import digits
from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import OutsideError
from ae.library import Library

ROOT = Path(__file__).parents[2]
SIZES = {"train": 1000, "valid": 350, "test": 447}


def split(name):
    manifest = find_manifest("digits", Library.at(ROOT))
    return load(manifest, name, limit="all", library=Library.at(ROOT), device="cpu")


def test_splits_are_the_rows_of_scikit_learns_file_in_its_order():
    path = Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = np.array([[int(v) for v in row] for row in csv.reader(file)])
    parts = [split(name) for name in SIZES]
    assert [len(part.x) for part in parts] == [*SIZES.values()] == [1000, 350, len(rows) - 1350]
    levels = torch.cat([(16 * p.clean(torch.arange(len(p.x)))).round() for p in parts])
    np.testing.assert_array_equal(levels.numpy(), rows[:, :64])
    np.testing.assert_array_equal(torch.cat([p.y for p in parts]).numpy(), rows[:, 64])


def test_every_level_comes_back_from_its_byte():
    x = torch.arange(17) * 255 / 16
    assert (16 * x.round() / 255).round().tolist() == [*range(17)]


def test_other_digits_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(digits, "SHA256", "0" * 64)
    with pytest.raises(
        OutsideError, match=r"scikit-learn's digits: expected sha256 0+ .*found"
    ) as e:
        digits.optical("train", 10, 0)
    assert "\n" not in str(e.value)
