"""A benchmark specification: what a paper claims, on which data, by which protocol.

One TOML file per paper. The classes below are the format, key by key; `benchmarks/README.md`
explains them for authors. Nothing here imports torch.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[int, Field(ge=1)] | Literal["all"]
Positive = Annotated[float, Field(gt=0)]
Direction = Literal["lower", "higher"]
Status = Literal["read", "recalled", "calculated"]
TierName = Literal["paper", "quick", "smoke"]


class Table(BaseModel):
    """A TOML table: typed strictly, without unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Paper(Table):
    """Who claims it."""

    title: str
    authors: str
    venue: str
    year: int
    url: str
    family: str
    idea: str


class DataTable(Table):
    """The data set (a manifest's name), its two splits, and how many of each are used."""

    name: str
    train: str
    test: str
    limit: Amount
    test_limit: Amount


class Group(Table):
    """Parameters whose name contains `match` take these values instead of the optimiser's."""

    match: str
    lr: Positive | None = None
    momentum: float | None = None
    weight_decay: float | None = None


class Optimizer(Table):
    """A `torch.optim` class and its arguments, spelt as torch spells them."""

    name: Literal["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adamax"] = Field(alias="class")
    lr: Positive
    momentum: float | None = None
    nesterov: bool | None = None
    betas: tuple[float, float] | None = None
    eps: float | None = None
    weight_decay: float | None = None
    alpha: float | None = None
    lr_decay: float | None = None
    initial_accumulator_value: float | None = None
    groups: tuple[Group, ...] = ()


class Schedule(Table):
    """How one number moves over a stage.

    `key` is `lr` or another of the optimiser's arguments (`lr` is a factor on every group's
    own rate; others are values), or `buffer:NAME` for a buffer of the model (a value).
    `step`: `values[i]` from the epoch `at[i]` on. `linear`, `cosine`, `exponential`: from
    `values[0]` at the epoch `at[0]` to `values[1]` at the epoch `at[1]`, constant outside.
    Epochs may be fractions.
    """

    key: str
    kind: Literal["step", "linear", "cosine", "exponential"]
    at: tuple[float, ...]
    values: tuple[float, ...]


class Descent(Table):
    """A stage of gradient descent: who is trained, by which objective, how long."""

    objective: str
    layer: int | None = None
    modules: tuple[str, ...] | Literal["all"]
    start: str | None = None
    batch: Count
    epochs: Positive
    optimizer: Optimizer
    schedules: tuple[Schedule, ...] = ()
    clip: Positive | None = None
    update: Literal["simultaneous", "alternating"] = "simultaneous"


class Fit(Table):
    """A stage without descent: the model's method `fit` sees the training set once."""

    fit: str


class Train(Table):
    """Which seeds, which stages in which order; `use` names the stages that a run takes."""

    seeds: tuple[int, ...]
    use: tuple[str, ...]
    stages: dict[str, Descent | Fit]


class Measure(Table):
    """A number per seed: a function `file.function` of `ae/metrics` and its arguments."""

    name: str
    function: str
    label: str
    unit: str
    direction: Direction
    runs: tuple[str, ...] | Literal["all"] = "all"
    tiers: tuple[TierName, ...] = ("paper", "quick", "smoke")
    arguments: dict[str, Any] = {}


class Figure(Table):
    """A picture: a function `file.function` of `ae/figures`, its runs and its arguments."""

    name: str
    function: str
    title: str
    caption: str
    paper: str
    runs: tuple[str, ...]
    arguments: dict[str, Any] = {}


class Run(Table):
    """One cell of the paper's table: replaces keys of `data`, `model` and `train`.

    A `model` that names a class replaces the whole table, else only the keys that it gives.
    """

    name: str
    label: str
    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}


class Spread(Table):
    """What the paper's plus-minus is. `examples` is a standard error over test examples."""

    kind: Literal["none", "sd", "se", "ci95", "examples", "folds", "binomial"]
    value: float | None = None
    n: int | None = None


class ClaimTable(Table):
    """What every claim has. `control` marks a test of the measurement, not of the paper."""

    id: str
    statement: str
    metric: str
    source: str
    status: Status
    primary: bool
    tiers: tuple[TierName, ...]
    control: bool = False
    sigma_pin: Positive | None = None


class ValueClaim(ClaimTable):
    """The paper prints a number (rules a and b)."""

    kind: Literal["value"]
    run: str
    value: float
    digits: Annotated[int, Field(ge=0)]
    unit: str
    spread: Spread
    sense: Literal["two_sided", "at_least"] = "two_sided"
    best_of: int | None = None
    margin: Positive
    margin_reason: str


class OrderClaim(ClaimTable):
    """One run is better than another (rule c); `gap` is what the paper prints, if it does."""

    kind: Literal["order"]
    better: str
    worse: str
    gap: float | None = None
    margin: Positive
    margin_reason: str


class EqualClaim(ClaimTable):
    """Two runs do not differ by more than the margin (rule c, claim of no difference)."""

    kind: Literal["equal"]
    runs: tuple[str, str]
    margin: Positive
    margin_reason: str


class TrendClaim(ClaimTable):
    """The metric moves one way over the runs, in the order given (rule d)."""

    kind: Literal["trend"]
    runs: tuple[str, ...]
    moves: Literal["up", "down"]
    margin: Positive
    margin_reason: str


class ExactClaim(ClaimTable):
    """Every seed's value lies within `tolerance` of `value`."""

    kind: Literal["exact"]
    run: str
    value: float
    unit: str
    tolerance: Annotated[float, Field(ge=0)]
    tolerance_reason: str


class FigureClaim(ClaimTable):
    """A number read off a figure, twice (rule e)."""

    kind: Literal["figure"]
    run: str
    readings: tuple[float, float]
    half_width: Positive
    log_axis: bool = False
    unit: str
    figure: str
    margin: Positive
    margin_reason: str


Claim = Annotated[
    ValueClaim | OrderClaim | EqualClaim | TrendClaim | ExactClaim | FigureClaim,
    Field(discriminator="kind"),
]


class Deviation(Table):
    """Where the protocol here differs from the paper's, or the paper is silent."""

    paper: str
    here: str
    why: str
    tiers: tuple[TierName, ...] = ("paper", "quick", "smoke")


class Tier(Table):
    """What a tier changes, for every run and then run by run; the same keys, none added."""

    data: dict[str, Any] = {}
    model: dict[str, Any] = {}
    train: dict[str, Any] = {}
    runs: tuple[str, ...] | Literal["all"] = "all"
    run: dict[str, dict[str, Any]] = {}


class Spec(Table):
    """One paper's benchmark."""

    paper: Paper
    data: DataTable
    model: dict[str, Any]
    train: Train
    measure: tuple[Measure, ...]
    figure: tuple[Figure, ...] = ()
    run: tuple[Run, ...]
    claim: tuple[Claim, ...]
    deviation: tuple[Deviation, ...]
    tier: dict[TierName, Tier]


class Cell(Table):
    """A run in a tier, every override applied: what is trained, on what, how.

    `model` holds `class` (`file.Class` of `ae/models`) and the constructor's arguments.
    """

    name: str
    label: str
    data: DataTable
    model: dict[str, Any]
    train: Train
