"""A benchmark specification: what a paper claims, on which data, by which protocol.

One TOML file per paper. The classes below are the format, key by key; `benchmarks/README.md`
explains them for authors. Nothing here imports torch.
"""

from collections import Counter
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

# A constraint's description is what an error says was expected.
Text = Annotated[str, Field(pattern=r"\S", description="a string that is not empty")]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+=-]*$",
        max_length=100,  # with an ending it is the name of a file
        description="a name of at most 100 letters, digits and . _ + = -",
    ),
]
Index = Annotated[int, Field(ge=0, description="a whole number of at least 0")]
Count = Annotated[int, Field(ge=1, description="a whole number of at least 1")]
Several = Annotated[int, Field(ge=2, description="a whole number of at least 2")]
Amount = Count | Literal["all"]
Positive = Annotated[float, Field(gt=0, description="a number above 0")]
NotNegative = Annotated[float, Field(ge=0, description="a number of at least 0")]
Fraction = Annotated[float, Field(ge=0, lt=1, description="a number of at least 0, below 1")]
Direction = Literal["lower", "higher"]
Precision = Literal["float32", "tf32"]
Status = Literal["read", "recalled", "calculated"]
TierName = Literal["paper", "quick", "smoke"]
Tiers = Annotated[
    tuple[TierName, ...],
    Field(min_length=1, description="a list of one or more of 'paper', 'quick', 'smoke'"),
]
Runs = Annotated[
    tuple[str, ...], Field(min_length=1, description="a list of the names of one or more runs")
]
Groups = Annotated[
    tuple[Runs, ...],
    Field(min_length=1, description="a list of one or more lists of names of runs"),
]
Modules = Annotated[
    tuple[Text, ...], Field(min_length=1, description="a list of the names of one or more modules")
]
Labels = Annotated[
    tuple[Index, ...], Field(min_length=1, description="a list of one or more classes, from 0")
]
OptimizerName = Literal["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adamax"]

ARGUMENTS: dict[OptimizerName, tuple[str, ...]] = {
    "SGD": ("lr", "momentum", "nesterov", "weight_decay"),
    "Adam": ("lr", "betas", "eps", "weight_decay"),
    "AdamW": ("lr", "betas", "eps", "weight_decay"),
    "Adagrad": ("lr", "lr_decay", "eps", "weight_decay", "initial_accumulator_value"),
    "RMSprop": ("lr", "alpha", "eps", "momentum", "weight_decay"),
    "Adamax": ("lr", "betas", "eps", "weight_decay"),
}


class Table(BaseModel):
    """A TOML table: typed strictly, without unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, serialize_by_alias=True)


def _named(model: dict[str, Any]) -> dict[str, Any]:
    expected = "expected a string 'file.Class' of ae/models"
    match model:
        case {"class": str()}:
            return model
        case {"class": other}:
            raise ValueError(f"class: found {other!r}; {expected}")
    raise ValueError(f"missing key 'class'; {expected}")


ModelTable = Annotated[dict[str, Any], AfterValidator(_named)]


def _unique(values: tuple[Any, ...], what: str) -> None:
    twice = [value for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is given more than once")


class Paper(Table):
    """Who claims it, and what is minimised or maximised, in LaTeX and the paper's symbols.

    Records of before `formula` was asked for have none.
    """

    title: Text
    authors: Text
    venue: str
    year: Annotated[int, Field(ge=1900, le=2100, description="a year such as 2014")]
    url: Text
    family: Text
    idea: Text
    formula: Text | None = None


class DataTable(Table):
    """The data set (a manifest's name), its two splits, and how many of each are used.

    `only` names the classes whose examples are trained on; the test split is whole. `labelled` is
    how many of the training examples show their label, as evenly over the classes as can be.
    """

    name: Text
    train: Text
    test: Text
    limit: Amount
    test_limit: Amount
    only: Labels | Literal["all"] = "all"
    labelled: Amount = "all"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if self.only != "all":
            _unique(self.only, "only: the class")
        return self


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
        _unique(tuple(s.key for s in self.schedules), "schedules: the key")
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
Seeds = Annotated[
    tuple[Index, ...],
    Field(min_length=1, description="a list of one or more whole numbers of at least 0"),
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
        _unique(self.seeds, "seeds: the seed")
        _unique(self.use, "use: the stage")
        if strange := [name for name in self.use if name not in self.stages]:
            raise ValueError(
                f"use: no stage {strange[0]!r}; there are {', '.join(self.stages) or 'none'}"
            )
        return self


class Measure(Table):
    """A number per seed: a function `file.function` of `ae/metrics` and its arguments."""

    name: Name
    function: Text
    label: Text
    unit: str
    direction: Direction
    runs: Runs | Literal["all"] = "all"
    tiers: Tiers = ("paper", "quick", "smoke")
    arguments: dict[str, Any] = {}


class Figure(Table):
    """A picture: a function `file.function` of `ae/figures`, its runs and its arguments."""

    name: Name
    function: Text
    title: Text
    caption: str
    paper: str
    runs: Runs
    arguments: dict[str, Any] = {}


class Run(Table):
    """One cell of the paper's table: replaces keys of `data`, `model` and `train`.

    A `model` that names a class replaces the whole table, else only the keys that it gives.
    """

    name: Name
    label: Text
    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}


class Spread(Table):
    """What the paper's plus-minus is. `examples` is a standard error over test examples."""

    kind: Literal["none", "sd", "se", "ci95", "examples", "folds", "binomial"]
    value: Positive | None = None
    n: Count | None = None

    @model_validator(mode="after")
    def _valued(self) -> Self:
        if self.kind != "none" and self.value is None:
            raise ValueError(f"kind {self.kind!r} needs a value")
        if self.kind == "none" and (self.value, self.n) != (None, None):
            raise ValueError("kind 'none' takes no value and no n")
        return self


class ClaimTable(Table):
    """What every claim has. `control` marks a test of the measurement, not of the paper."""

    id: Name
    statement: Text
    metric: str
    source: Text
    status: Status
    primary: bool
    tiers: Tiers
    control: bool = False
    sigma_pin: Positive | None = None


class ValueClaim(ClaimTable):
    """The paper prints a number (rules a and b)."""

    kind: Literal["value"]
    run: str
    value: float
    digits: Index
    unit: str
    spread: Spread
    sense: Literal["two_sided", "at_least"] = "two_sided"
    best_of: Several | None = None
    margin: Positive
    margin_reason: Text


class OrderClaim(ClaimTable):
    """One run is better than another (rule c); `gap` is what the paper prints, if it does."""

    kind: Literal["order"]
    better: str
    worse: str
    gap: float | None = None
    margin: Positive
    margin_reason: Text


class EqualClaim(ClaimTable):
    """Two runs do not differ by more than the margin (rule c, claim of no difference)."""

    kind: Literal["equal"]
    runs: tuple[str, str]
    margin: Positive
    margin_reason: Text


class TrendClaim(ClaimTable):
    """The metric moves one way over the runs, in the order given (rule d)."""

    kind: Literal["trend"]
    runs: Runs
    moves: Literal["up", "down"]
    margin: Positive
    margin_reason: Text


class ExactClaim(ClaimTable):
    """Every seed's value lies within `tolerance` of `value`."""

    kind: Literal["exact"]
    run: str
    value: float
    unit: str
    tolerance: NotNegative
    tolerance_reason: Text


class FigureClaim(ClaimTable):
    """A number read off a figure, twice (rule e)."""

    kind: Literal["figure"]
    run: str
    readings: tuple[float, float]
    half_width: Positive
    log_axis: bool = False
    unit: str
    figure: Text
    margin: Positive
    margin_reason: Text

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.log_axis and min(self.readings) <= 0:
            raise ValueError("readings: a logarithmic axis has numbers above 0 only")
        return self


class PooledClaim(ClaimTable):
    """A statistic of all values of these runs lies on one side of a bound that the claim states.

    `groups` are lists of runs. `mean`: of the metric, over all. `explained`: percent of its
    variance that the groups explain. `dominance`: the best group's least chance, in percent, to
    beat another. `correlation`: the mean of its rank correlations with the metrics `others`.
    """

    kind: Literal["pooled"]
    statistic: Literal["mean", "explained", "dominance", "correlation"]
    groups: Groups
    others: tuple[str, ...] = ()
    sense: Literal["above", "below"]
    bound: float
    bound_reason: Text


Claim = Annotated[
    ValueClaim | OrderClaim | EqualClaim | TrendClaim | ExactClaim | FigureClaim | PooledClaim,
    Field(discriminator="kind"),
]


def runs_of(claim: Claim) -> tuple[str, ...]:
    """The runs that a claim speaks of, in its order."""
    match claim:
        case OrderClaim():
            return claim.better, claim.worse
        case EqualClaim() | TrendClaim():
            return claim.runs
        case PooledClaim():
            return tuple(run for group in claim.groups for run in group)
        case _:
            return (claim.run,)


def metrics_of(claim: Claim) -> tuple[str, ...]:
    """The metrics that a claim speaks of, its own first."""
    return (claim.metric, *(claim.others if isinstance(claim, PooledClaim) else ()))


class Deviation(Table):
    """Where the protocol here differs from the paper's, or the paper is silent."""

    paper: Text
    here: Text
    why: Text
    tiers: Tiers = ("paper", "quick", "smoke")


class Omitted(Table):
    """What the paper says and no claim of the spec tests, with the reason."""

    statement: Text
    source: Text
    status: Status
    why: Text


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


class Spec(Table):
    """One paper's benchmark."""

    paper: Paper
    data: DataTable
    model: ModelTable
    train: Train
    measure: tuple[Measure, ...]
    figure: tuple[Figure, ...] = ()
    run: Annotated[tuple[Run, ...], Field(min_length=1, description="a list of one or more tables")]
    claim: tuple[Claim, ...]
    deviation: tuple[Deviation, ...]
    omitted: tuple[Omitted, ...] = ()
    tier: dict[TierName, Tier]


class Cell(Table):
    """A run in a tier, every override applied: what is trained, on what, how.

    `model` holds `class` (`file.Class` of `ae/models`) and the constructor's arguments.
    """

    name: str
    label: str
    data: DataTable
    model: ModelTable
    train: Train
