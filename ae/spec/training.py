"""How a run is trained: its seeds, its stages, the optimiser and the schedules of each."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from ae.spec.table import (
    Count,
    Fraction,
    Index,
    Modules,
    Name,
    NotNegative,
    Positive,
    Precision,
    Seeds,
    Table,
    Text,
    unique,
)

OptimizerName = Literal["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adamax"]
ARGUMENTS: dict[OptimizerName, tuple[str, ...]] = {
    "SGD": ("lr", "momentum", "nesterov", "weight_decay"),
    "Adam": ("lr", "betas", "eps", "weight_decay"),
    "AdamW": ("lr", "betas", "eps", "weight_decay"),
    "Adagrad": ("lr", "lr_decay", "eps", "weight_decay", "initial_accumulator_value"),
    "RMSprop": ("lr", "alpha", "eps", "momentum", "weight_decay"),
    "Adamax": ("lr", "betas", "eps", "weight_decay"),
}


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
    lr_decay: NotNegative | None = None
    initial_accumulator_value: NotNegative | None = None
    groups: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _takes(self) -> Self:
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
        return self


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

    @model_validator(mode="after")
    def _fits(self) -> Self:
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
        return self


class Descent(Table):
    """A stage of gradient descent: who is trained, by which objective, how long."""

    objective: Text
    layer: Index | None = None
    modules: Modules | Literal["all"]
    start: Text | None = None
    batch: Count
    epochs: Positive
    optimizer: Optimizer
    schedules: tuple[Schedule, ...] = ()
    clip: Positive | None = None
    update: Literal["simultaneous", "alternating"] = "simultaneous"

    def trains(self, parameter: str) -> bool:
        """Whether the stage trains the parameter of this name: all, or one of its modules' own."""
        return self.modules == "all" or any(
            parameter == m or parameter.startswith(f"{m}.") for m in self.modules
        )

    @model_validator(mode="after")
    def _schedulable(self) -> Self:
        unique(tuple(s.key for s in self.schedules), "schedules: the key")
        takes = [a for a in ARGUMENTS[self.optimizer.name] if a not in ("nesterov", "betas")]
        for key in (s.key for s in self.schedules):
            if key not in takes and not (key.startswith("buffer:") and key != "buffer:"):
                raise ValueError(
                    f"schedules: {self.optimizer.name} has no {key!r} to schedule; "
                    f"it has {', '.join(takes)}, and a model has buffer:NAME"
                )
        return self


class Fit(Table):
    """A stage without descent: the model's method `fit` sees the training set once."""

    fit: Text


def _stage(value: Any) -> str:
    fits = isinstance(value, Fit) or (isinstance(value, dict) and "fit" in value)
    return "Fit" if fits else "Descent"


Stage = Annotated[
    Annotated[Descent, Tag("Descent")] | Annotated[Fit, Tag("Fit")], Discriminator(_stage)
]


class Train(Table):
    """Which seeds, which stages in which order; `use` names the stages that a run takes.

    `precision` is that of matrix products and convolutions in training on CUDA: `tf32` rounds their
    factors to 10 bits after the point, and is several times faster. Elsewhere it changes nothing.
    """

    seeds: Seeds
    use: tuple[str, ...]
    precision: Precision = "float32"
    stages: dict[Name, Stage]

    @model_validator(mode="after")
    def _known(self) -> Self:
        unique(self.seeds, "seeds: the seed")
        unique(self.use, "use: the stage")
        if strange := [name for name in self.use if name not in self.stages]:
            raise ValueError(
                f"use: no stage {strange[0]!r}; there are {', '.join(self.stages) or 'none'}"
            )
        return self
