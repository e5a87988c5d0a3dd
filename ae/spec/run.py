"""A run, what it replaces, what a tier changes, and what comes of it: who is trained on what."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from ae.spec.training import Train
from ae.spec.words import Amount, Labels, Name, Runs, Table, Text, rule, unique


def _named(model: dict[str, Any]) -> dict[str, Any]:
    expected = "expected a string 'file.Class' of ae/models"
    match model:
        case {"class": str()}:
            return model
        case {"class": other}:
            raise ValueError(f"class: found {other!r}; {expected}")
    raise ValueError(f"missing key 'class'; {expected}")


ModelTable = Annotated[dict[str, Any], AfterValidator(_named)]


class DataTable(Table):
    """The data set (a manifest's name), its two splits, and how many of each are used.

    `only` names the classes whose examples are trained on; the test split is whole. `labelled` is
    how many of the training examples show their label, as evenly over the classes as can be:
    by `labelled_by`, the first of each class in the split's order, or others for each seed.
    """

    name: Text
    train: Text
    test: Text
    limit: Amount
    test_limit: Amount
    only: Labels | Literal["all"] = "all"
    labelled: Amount = "all"
    labelled_by: Literal["order", "seed"] = "order"

    @rule
    def _distinct(self) -> None:
        if self.only != "all":
            unique(self.only, "only: the class")
        if self.labelled_by == "seed" and self.labelled == "all":
            raise ValueError("labelled_by: found 'seed', but labelled is 'all'; expected a number")


class Run(Table):
    """One cell of the paper's table: replaces keys of `data`, `model` and `train`.

    A `model` that names a class replaces the whole table, else only the keys that it gives.
    """

    name: Name
    label: Text
    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}


class Tier(Table):
    """What a tier changes, for every run and then run by run; the same keys, none added.

    `measure` holds, by a measure's name, arguments that it takes in this tier instead of its own.
    """

    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}
    runs: Runs | Literal["all"] = "all"
    run: dict[str, dict[str, Any]] = {}
    measure: dict[str, dict[str, Any]] = {}


class Cell(Table):
    """A run in a tier, every override applied: what is trained, on what, how.

    `model` holds `class` (`file.Class` of `ae/models`) and the constructor's arguments.
    """

    name: str
    label: str
    data: DataTable
    model: ModelTable
    train: Train
