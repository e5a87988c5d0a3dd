"""Every name on the page of Weng's survey exists: files, claims of specs, classes, methods, tests."""

import ast
import re
from pathlib import Path

import pytest
from project import ROOT

from ae.spec.read import read_spec

PAGE = ROOT / "docs" / "weng-survey.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)\)((?::|,|\s|and|`[^`]+`)*)")


def links() -> dict[Path, set[str]]:
    """The files that the page links, and the names in backquotes after each."""
    found: dict[Path, set[str]] = {}
    for target, after in LINK.findall(PAGE.read_text(encoding="utf-8")):
        names = re.findall("`([^`]+)`", after)
        found.setdefault((PAGE.parent / target).resolve(), set()).update(names)
    return found


def names(path: Path) -> set[str]:
    """Claims of a spec; functions, classes and, as `Class.method`, what is defined in them."""
    if path.suffix == ".toml":
        return {claim.id for claim in read_spec(path).claim}
    defined = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            defined.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (n for n in node.body if isinstance(n, ast.FunctionDef))
            defined |= {f"{node.name}.{n.name}" for n in inner}
    return defined


@pytest.mark.parametrize("path", links(), ids=lambda path: path.name)
def test_what_a_link_names_is_in_its_file(path):
    assert path.is_relative_to(ROOT)
    assert path.is_file()
    assert links()[path] <= names(path)


def test_every_name_stands_after_a_link():
    text = PAGE.read_text(encoding="utf-8")
    assert len(links()) > 30
    assert set(re.findall("`([^`]+)`", text)) == set().union(*links().values())


def test_every_formula_has_a_spec_code_and_a_test_or_says_none():
    rows = [r for r in PAGE.read_text(encoding="utf-8").splitlines() if r.startswith("| ")][1:]
    assert len(rows) == 14
    for row in rows:
        _, *cells = row.strip("| ").split(" | ")
        assert len(cells) == 3
        for cell, folder in zip(cells, ("benchmarks/", "ae/", "tests/"), strict=True):
            assert f"](../{folder}" in cell or cell == "none"
