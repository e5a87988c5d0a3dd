"""That a result is not taken for that of other code: what is in the keys."""

import ast
from collections.abc import Iterable

import pytest

from ae.execute import MEASURER
from ae.plan import PACKAGE, TRAINER

CHANGE_NO_NUMBER = {
    "consistency/__init__.py": "judges a spec",
    "consistency/claims.py": "judges a spec",
    "consistency/measures.py": "judges a spec",
    "consistency/names.py": "judges a spec",
    "consistency/tables.py": "judges a spec",
    "data/__init__.py": "says what the folder is",
    "data/arrays.py": "the tensors' digest is in the key",
    "data/files.py": "the tensors' digest is in the key",
    "data/functions.py": "the tensors' digest is in the key",
    "data/idx.py": "the tensors' digest is in the key",
    "data/npz.py": "the tensors' digest is in the key",
    "data/original.py": "the tensors' digest is in the key",
    "errors.py": "words",
    "manifest.py": "the tensors' digest is in the key",
    "manifest_parts.py": "the tensors' digest is in the key",
    "memory.py": "a member trains alike in a stack and in half of it",
    "parts.py": "holds what was found",
    "record.py": "holds what was found",
    "spec/__init__.py": "the spec's values are in the key",
    "spec/benchmark.py": "the spec's values are in the key",
    "spec/cell.py": "the spec's values are in the key",
    "spec/claim.py": "judged afterwards",
    "spec/observation.py": "the spec's values are in the key",
    "spec/paper.py": "words",
    "spec/table.py": "the spec's values are in the key",
    "store.py": "gives back the bytes that it took",
    "tables.py": "judges a spec",
    "toml.py": "judges a spec",
}


def imported(file: str) -> set[str]:
    """The files of ae that one of them imports, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse((PACKAGE / file).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    places = [name.removeprefix("ae.").replace(".", "/") for name in names if name[:3] == "ae."]
    candidates = [f"{place}{end}" for place in places for end in (".py", "/__init__.py")]
    return {file for file in candidates if (PACKAGE / file).is_file()}


def reached(files: Iterable[str]) -> set[str]:
    """These files, what they import, what that imports, to the end."""
    found: set[str] = set()
    todo = [*files]
    while todo:
        file = todo.pop()
        if file not in found:
            found.add(file)
            todo += imported(file)
    return found


def files_of(folder: str) -> list[str]:
    return sorted(str(p.relative_to(PACKAGE)) for p in (PACKAGE / folder).glob("*.py"))


def test_the_key_of_a_stack_holds_all_code_of_the_trainer():
    assert "train.py" in reached(["fitting.py"])
    assert reached(["fitting.py"]) - {*TRAINER} <= CHANGE_NO_NUMBER.keys()


@pytest.mark.parametrize("model", files_of("models"))
def test_the_key_of_a_stack_holds_all_code_of_its_model(model):
    """It lacked `spectrum.py`: the principal axes of before were taken for those of a change."""
    assert reached([model]) - {model, *TRAINER} == set()


def test_the_key_of_a_record_holds_all_code_that_measures():
    own = {*files_of("metrics"), *files_of("figures"), *MEASURER, *TRAINER}
    found = reached([*files_of("metrics"), *files_of("figures"), "trained.py"])
    assert "probability.py" in found
    assert found - own <= CHANGE_NO_NUMBER.keys()


def test_every_file_that_is_left_out_is_there_and_in_no_key():
    assert [file for file in CHANGE_NO_NUMBER if not (PACKAGE / file).is_file()] == []
    assert {*TRAINER} & CHANGE_NO_NUMBER.keys() == set()
