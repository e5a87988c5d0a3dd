"""Damaged TOML files, the project's own: specs, manifests, reviews; and sizes that are absurd."""

from pathlib import Path

import pytest
from fuzz import chances, damaged, refusal

from ae.data.manifest import read_manifest
from ae.errors import UserError
from ae.records import reviews as review
from ae.spec.read import inspect_spec

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "benchmarks").glob("*.toml"))
MANIFESTS = sorted((ROOT / "datasets").glob("*.toml"))
REVIEW = f"""[[review]]
figure = "filters"
tier = "quick"
digest = "{"0123456789abcdef" * 4}"
reviewer = "A. Reader"
date = "2026-11-21"
agrees = "yes"
note = "as the paper's"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def write(place: Path, content: bytes) -> Path:
    path = place / "x.toml"
    path.write_bytes(content)
    return path


@chances(60)
def test_a_damaged_spec_is_read_or_refused_a_line_a_fault(place, chance):
    path = write(place, damaged(chance.choice(SPECS).read_bytes(), chance, 6))
    spec, problems = inspect_spec(path, "x.toml")
    assert spec is not None or problems
    for line in problems:
        assert line.startswith("x.toml: ")
        assert line.isprintable()
        assert len(line) < 2000


@chances(150)
def test_a_damaged_manifest_is_read_or_refused_in_one_line(place, chance):
    path = write(place, damaged(chance.choice(MANIFESTS).read_bytes(), chance, 6))
    said = refusal(lambda: read_manifest(path))
    assert said is None or said.startswith(f"{path}: ")


@chances(150)
def test_a_damaged_review_is_read_or_refused_in_one_line(place, chance):
    path = write(place, damaged(REVIEW.encode(), chance, 4))
    said = refusal(lambda: review.read(path))
    assert said is None or said.startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("name", "right", "wrong", "said"),
    [
        ("dsprites", "count = 32", "count = 256", "[[factor]]: the values have 47185920 comb"),
        ("convex", "shape = [28, 28]", "shape = [28, 9000000]", "shape: an example has 252000000"),
        ("rectangles", "count = 1000", "count = 9000000000", "count: found 9000000000; expected"),
    ],
)
def test_a_set_of_an_absurd_size_is_refused_before_it_is_made(place, name, right, wrong, said):
    text = (ROOT / "datasets" / f"{name}.toml").read_text()
    assert right in text
    with pytest.raises(UserError) as caught:
        read_manifest(write(place, text.replace(right, wrong).encode()))
    assert said in str(caught.value)
