"""An optimiser, as torch spells it, and how its numbers move over a stage."""

from itertools import pairwise
from typing import Literal

from pydantic import Field

from ae.spec.words import Count, Fraction, NotNegative, Positive, Table, Text, rule

OptimizerName = Literal["SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "RMSprop", "Adamax", "LBFGS"]
ARGUMENTS: dict[OptimizerName, tuple[str, ...]] = {
    "SGD": ("lr", "momentum", "nesterov", "weight_decay"),
    "Adam": ("lr", "betas", "eps", "weight_decay"),
    "AdamW": ("lr", "betas", "eps", "weight_decay"),
    "Adagrad": ("lr", "lr_decay", "eps", "weight_decay", "initial_accumulator_value"),
    "Adadelta": ("lr", "rho", "eps", "weight_decay"),
    "RMSprop": ("lr", "alpha", "eps", "momentum", "centered", "weight_decay"),
    "Adamax": ("lr", "betas", "eps", "weight_decay"),
    "LBFGS": ("lr", "history_size", "tolerance_grad", "tolerance_change"),
}
FIXED = ("nesterov", "betas", "centered", "history_size", "tolerance_grad", "tolerance_change")


class Group(Table):
    """Parameters whose name contains `match` take these values instead of the optimiser's."""

    match: Text
    lr: Positive | None = None
    momentum: Fraction | None = None
    betas: tuple[Fraction, Fraction] | None = None
    weight_decay: NotNegative | None = None


class Optimizer(Table):
    """A `torch.optim` class and its arguments, spelt as torch spells them."""

    name: OptimizerName = Field(alias="class")
    lr: Positive
    momentum: Fraction | None = None
    nesterov: bool | None = None
    betas: tuple[Fraction, Fraction] | None = None
    eps: NotNegative | None = None
    weight_decay: NotNegative | None = None
    alpha: Fraction | None = None
    centered: bool | None = None
    rho: Fraction | None = None
    lr_decay: NotNegative | None = None
    initial_accumulator_value: NotNegative | None = None
    history_size: Count | None = None
    tolerance_grad: NotNegative | None = None
    tolerance_change: NotNegative | None = None
    groups: tuple[Group, ...] = ()

    @rule
    def _takes(self) -> None:
        takes = ARGUMENTS[self.name]
        tables: tuple[Table, ...] = (self, *self.groups)
        for table in tables:
            given = table.model_dump(exclude={"name", "groups", "match"}, exclude_none=True)
            if foreign := [key for key in given if key not in takes]:
                raise ValueError(
                    f"{self.name} takes no {foreign[0]!r}; it takes {', '.join(takes)}"
                )
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov = true needs a momentum above 0")
        if self.name == "LBFGS" and self.groups:
            raise ValueError("LBFGS takes no groups: it has one step for all parameters")


class Schedule(Table):
    """How one number moves over a stage.

    `key` is `lr` or another of the optimiser's arguments (`lr` is a factor on every group's
    own rate; others are values), or `buffer:NAME` for a buffer of the model (a value).
    `step`: `values[i]` from the epoch `at[i]` on. `linear`, `cosine`, `exponential`: from
    `values[0]` at the epoch `at[0]` to `values[1]` at the epoch `at[1]`, constant outside.
    Epochs may be fractions.
    """

    key: Text
    kind: Literal["step", "linear", "cosine", "exponential"]
    at: tuple[NotNegative, ...]
    values: tuple[float, ...]

    @rule
    def _fits(self) -> None:
        found = f"found {len(self.at)} and {len(self.values)}"
        if self.kind == "step" and not 1 <= len(self.at) == len(self.values):
            raise ValueError(f"kind 'step' needs as many numbers in at as in values; {found}")
        if self.kind != "step" and not len(self.at) == len(self.values) == 2:
            raise ValueError(f"kind {self.kind!r} needs 2 numbers in at and 2 in values; {found}")
        if any(later <= earlier for earlier, later in pairwise(self.at)):
            raise ValueError(f"at: found {list(self.at)}; expected epochs that rise")
        if self.kind == "exponential" and min(self.values) <= 0:
            raise ValueError(f"values: found {list(self.values)}; 'exponential' needs them above 0")
        if self.key == "lr" and min(self.values) < 0:
            raise ValueError(f"values: found {list(self.values)}; a factor on lr is at least 0")
