"""The classes of the format alone: what each refuses, and that dumps read back."""

import json
import subprocess
import sys
from typing import Any

import pytest
from author2014 import VALID
from pydantic import ValidationError

from ae.spec import (
    ARGUMENTS,
    Cell,
    Descent,
    Fit,
    Measure,
    Optimizer,
    Schedule,
    Spec,
    Spread,
    Train,
)
from ae.spec.read import read_spec

DESCENT = {
    "objective": "objective",
    "modules": "all",
    "batch": 10,
    "epochs": 1,
    "optimizer": {"class": "SGD", "lr": 0.1},
}
GIVEN: dict[str, Any] = {
    "lr": 0.1,
    "momentum": 0.5,
    "nesterov": False,
    "betas": [0.1, 0.2],
    "eps": 1e-8,
    "weight_decay": 0.1,
    "alpha": 0.9,
    "lr_decay": 0.1,
    "initial_accumulator_value": 0.1,
}


def read(kind: type[Any], table: dict[str, Any]) -> Any:
    return kind.model_validate_json(json.dumps(table))


def refusal(kind: type[Any], table: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, table)
    return str(caught.value.errors()[0]["msg"]).removeprefix("Value error, ")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_optimizer_takes_the_arguments_that_torch_takes_and_no_other(name):
    for key, value in GIVEN.items():
        table = {"class": name, "lr": 0.1, key: value}
        if key in ARGUMENTS[name]:
            assert read(Optimizer, table).model_dump(mode="json")[key] == value
        else:
            line = f"{name} takes no {key!r}; it takes {', '.join(ARGUMENTS[name])}"
            assert refusal(Optimizer, table) == line


def test_the_table_of_arguments_is_torchs():
    import inspect

    import torch

    for name, keys in ARGUMENTS.items():
        assert set(keys) <= set(inspect.signature(getattr(torch.optim, name)).parameters)


@pytest.mark.parametrize(
    ("at", "values", "kind", "expected"),
    [
        ([], [], "step", "kind 'step' needs as many numbers in at as in values; found 0 and 0"),
        ([0], [1], "cosine", "kind 'cosine' needs 2 numbers in at and 2 in values; found 1 and 1"),
        ([1, 1], [1, 2], "linear", "at: found [1.0, 1.0]; expected epochs that rise"),
    ],
)
def test_a_schedule_needs_as_many_numbers_as_its_kind(at, values, kind, expected):
    table = {"key": "momentum", "kind": kind, "at": at, "values": values}
    assert refusal(Schedule, table) == expected


def test_a_schedule_of_a_value_may_be_negative_and_a_factor_on_lr_may_not():
    table = {"key": "buffer:shift", "kind": "linear", "at": [0, 1], "values": [-1, 1]}
    assert read(Schedule, table).values == (-1.0, 1.0)
    expected = "values: found [-1.0, 1.0]; a factor on lr is at least 0"
    assert refusal(Schedule, table | {"key": "lr"}) == expected


@pytest.mark.parametrize("key", ["nesterov", "eps", "betas", "lr_decay", "buffer:"])
def test_a_stage_schedules_only_numbers_that_its_optimizer_has(key):
    schedule = {"key": key, "kind": "step", "at": [0], "values": [1]}
    line = f"schedules: SGD has no {key!r} to schedule; it has lr, momentum, weight_decay, "
    expected = f"{line}and a model has buffer:NAME"
    assert refusal(Descent, DESCENT | {"schedules": [schedule]}) == expected


def test_a_stage_with_the_key_fit_is_a_fit():
    train = {"seeds": [0], "use": ["a", "b"], "stages": {"a": DESCENT, "b": {"fit": "fit"}}}
    stages = read(Train, train).stages
    assert (type(stages["a"]), type(stages["b"])) == (Descent, Fit)
    built = Train(seeds=(0,), use=("b", "a"), stages=stages)
    assert built.stages == stages


def test_a_run_may_use_no_stage_at_all():
    assert read(Train, {"seeds": [0], "use": [], "stages": {}}).use == ()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"kind": "se"}, "kind 'se' needs a value"),
        ({"kind": "none", "n": 3}, "kind 'none' takes no value and no n"),
    ],
)
def test_a_spread_has_a_value_unless_there_is_none(table, expected):
    assert refusal(Spread, table) == expected


def test_whole_numbers_are_read_where_numbers_are_meant_and_not_the_reverse():
    assert read(Descent, DESCENT | {"epochs": 3}).epochs == 3.0
    assert refusal(Descent, DESCENT | {"batch": 3.0}) == "Input should be a valid integer"


def test_a_cell_names_its_class():
    spec = read_spec(VALID)
    table = {"name": "a", "label": "a", "data": spec.data.model_dump(), "model": {"k": 1}}
    table["train"] = spec.train.model_dump(mode="json")
    expected = "missing key 'class'; expected a string 'file.Class' of ae/models"
    assert refusal(Cell, table) == expected
    assert read(Cell, table | {"model": {"class": "a.B"}}).train == spec.train


def test_a_spec_reads_back_from_its_dump():
    spec = read_spec(VALID)
    for options in ({}, {"exclude_none": True}, {"exclude_defaults": True}):
        dumped = spec.model_dump(mode="json", **options)
        assert Spec.model_validate_json(json.dumps(dumped)) == spec


def test_reading_imports_nothing_slow():
    slow = ("torch", "numpy", "scipy", "mlflow", "pandas")
    code = f"import sys, ae.check; print([m for m in {slow} if m in sys.modules])"
    root = VALID.parents[1]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_the_sign_of_a_measure_is_its_direction():
    keys = {"name": "m", "function": "f.g", "label": "M", "unit": ""}
    assert Measure(**keys, direction="higher").sign == 1
    assert Measure(**keys, direction="lower").sign == -1
