"""What stands above each metric: read without importing it, and true of every spec."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import get_args

import pytest

from ae.figures.layout.drawing import Drawing
from ae.spec.concise.measures import FIGURE_KEYS, MEASURE_KEYS
from ae.spec.facts import PACKAGE, Facts, facts_of, measure
from ae.spec.read import find_specs, read_spec
from ae.spec.syntax import NotFound
from ae.spec.words import Direction
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]
SPECS = find_specs(ROOT / "benchmarks")


def functions(folder, first):
    """`file.function` of a folder, for those whose first parameter is of that kind."""
    for path in sorted((PACKAGE / folder).glob("*.py")):
        module = importlib.import_module(f"ae.{folder}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            kinds = [p.annotation for p in inspect.signature(function).parameters.values()][:1]
            if own and kinds == [first]:
                yield f"{path.stem}.{name}", function


METRICS = {
    name: function
    for name, function in functions("metrics", Trained)
    if inspect.signature(function).return_annotation == list[float]
    and all(
        p.kind is p.KEYWORD_ONLY for p in [*inspect.signature(function).parameters.values()][1:]
    )
}


def test_there_are_metrics():
    assert len(METRICS) > 70


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_measures(name):
    facts = facts_of(name)
    assert facts is not None
    assert facts.better is None or facts.better in get_args(Direction)
    parameters = {p: 1 for p in inspect.signature(METRICS[name]).parameters if p != "trained"}
    words = {p: ["a", "b"] if p in ("ks", "first") else 0.5 for p in parameters}
    if "{ks:,}" in facts.label:
        words["ks"] = [1, 2]
    assert "{" not in facts.label_of(words), "it names an argument that the function does not take"


def test_no_metric_and_no_figure_takes_an_argument_that_a_spec_has_another_use_for():
    for name, function in METRICS.items():
        assert not {*inspect.signature(function).parameters} & {*MEASURE_KEYS}, name
    figures = dict(functions("figures", list[Trained]))
    assert len(figures) > 20
    for name, function in figures.items():
        if inspect.signature(function).return_annotation is Drawing:
            assert not {*inspect.signature(function).parameters} & {*FIGURE_KEYS} - {"runs"}, name


def test_the_decorator_leaves_the_function_as_it_is():
    def metric(trained: Trained) -> list[float]:
        return [1.0]

    assert measure(label="x", unit=None, better=None)(metric) is metric


def test_a_label_has_the_arguments_in_it():
    facts = Facts(
        "{part:words} of {split} images, {ks:,} of {samples:,}, {rate}", "", None, {"rate": 0.5}
    )
    arguments = {"part": "total_correlation", "split": "train", "ks": [1, 5000], "samples": 10000}
    expected = "Total correlation of training images, 1 to 5,000 of 10,000, 0.5"
    assert facts.label_of(arguments) == expected
    assert facts.label_of({"part": "x"}) == facts.label  # and what is wrong is said elsewhere
    assert facts.label_of(arguments | {"samples": "many"}) == facts.label


METRIC = """
import torch  # which is never imported
from ae.spec.facts import measure

@measure(label="Error, {split} images, {steps} steps", unit="%", better="lower")
def error(trained, *, split: str, steps: int = 10): ...

@measure(label="Term", unit=None, better=None)
def term(trained, *, part: str): ...

def silent(trained): ...

@measure(label=f"{1}", unit="", better="sideways")
def odd(trained): ...
"""


def test_facts_are_read_from_the_syntax_tree(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "probe.py").write_text(METRIC)
    error = facts_of("probe.error", tmp_path)
    assert error == Facts("Error, {split} images, {steps} steps", "%", "lower", {"steps": 10})
    assert error.label_of({"split": "test"}) == "Error, test images, 10 steps"
    assert facts_of("probe.term", tmp_path) == Facts("Term", None, None, {})
    assert facts_of("probe.silent", tmp_path) is None
    assert facts_of("probe.odd", tmp_path) is None
    for name in ("probe.eror", "prob.error", "probe", "../x.error", "probe.error.x", ""):
        with pytest.raises(NotFound):
            facts_of(name, tmp_path)


def test_a_changed_file_is_read_again(tmp_path):
    (tmp_path / "metrics").mkdir()
    path = tmp_path / "metrics" / "probe.py"
    path.write_text(METRIC)
    assert facts_of("probe.term", tmp_path).label == "Term"
    path.write_text(METRIC.replace('"Term"', '"Another term"'))
    assert facts_of("probe.term", tmp_path).label == "Another term"


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_the_specs_measures_have_the_units_that_the_functions_say(path):
    for found in read_spec(path).measure:
        facts = facts_of(found.function)
        assert facts is not None
        assert found.unit == facts.unit if facts.unit is not None else found.unit is not None
        assert found.direction == (facts.better or found.direction)
        assert "{" not in found.label


def test_the_trees_of_the_package_are_python():
    for path in (PACKAGE / "metrics").glob("*.py"):
        ast.parse(path.read_text())
